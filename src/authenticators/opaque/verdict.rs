//! The answer of an issuer about a token, in the form in which it is kept.

use std::sync::Arc;

use crate::domain::{Moment, Timestamp};
use crate::outbound::dependency::HeapBytes;
use crate::verify::{ActiveToken, IntrospectionAnswer};

/// A longer answer about an active token is kept in the token cache only.
const MAX_KEPT_BYTES: usize = 8 * 1024;

/// The answer of an issuer about a token.
///
/// It has no `Debug` on purpose: it may hold claims.
#[derive(Clone)]
pub enum Verdict {
    /// The token is active.
    Active(KeptAnswer),
    /// It is not.
    Inactive,
}

/// The answer about an active token. Each request that waited for it reads it with the rules of its
/// own configuration.
#[derive(Clone)]
pub struct KeptAnswer {
    /// The answer: a strict JSON object whose `active` is `true`.
    pub text: Arc<str>,
    /// The time at which the issuer was asked.
    pub asked_at: Moment,
    /// The end of the token by the answer (`exp`). After it the answer says nothing any more.
    pub ends: Option<Timestamp>,
}

impl KeptAnswer {
    /// Makes an answer that was asked for at this time.
    pub(super) fn new(active: &ActiveToken, asked_at: Moment) -> Self {
        Self {
            text: active.claims().all().as_written().into(),
            ends: active.ends(),
            asked_at,
        }
    }

    /// Returns the claims. Requests share the text of the answer, and each parses it again: claims
    /// are not shared between configurations.
    pub(super) fn active(&self) -> Option<ActiveToken> {
        match IntrospectionAnswer::parse(self.text.as_ref().to_owned()) {
            Ok(IntrospectionAnswer::Active(active)) => Some(active),
            _ => None,
        }
    }

    /// Returns the moment until which the answer may be kept, at the latest this one.
    pub(super) fn kept_until(&self, mut latest: Moment) -> Moment {
        if self.text.len() > MAX_KEPT_BYTES {
            return Moment::PAST;
        }
        if let Some(end) = self.ends {
            latest.date = latest.date.min(end);
        }
        latest
    }
}

impl HeapBytes for Verdict {
    fn heap_bytes(&self) -> usize {
        match self {
            Self::Active(answer) => 2 * size_of::<usize>() + answer.text.len(),
            Self::Inactive => 0,
        }
    }
}
