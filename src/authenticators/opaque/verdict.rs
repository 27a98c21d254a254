//! The answer of an issuer about a token, in the form in which it is kept.

use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::{Moment, Timestamp};
use crate::verify::{ActiveToken, IntrospectionAnswer};

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
    text: Arc<str>,
    /// The claims in it, for the first who takes them: most often one request waits for an answer.
    parsed: Arc<Mutex<Option<ActiveToken>>>,
    /// When the issuer was asked.
    pub asked_at: Moment,
    /// The end of the token by the answer (`exp`). After it the answer says nothing any more.
    pub ends: Option<Timestamp>,
}

impl KeptAnswer {
    /// Makes an answer that was asked for at this time.
    pub(super) fn new(active: ActiveToken, asked_at: Moment) -> Self {
        Self {
            text: active.claims().all().as_written().into(),
            ends: active.ends(),
            parsed: Arc::new(Mutex::new(Some(active))),
            asked_at,
        }
    }

    /// Returns the length of the answer in bytes.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// Returns the claims. Nobody shares them: each configuration judges its own copy.
    pub(super) fn active(&self) -> Option<ActiveToken> {
        let parsed = self.parsed.lock();
        let first = parsed.unwrap_or_else(PoisonError::into_inner).take();
        first.or_else(
            || match IntrospectionAnswer::parse(self.text.as_ref().to_owned()) {
                Ok(IntrospectionAnswer::Active(active)) => Some(active),
                _ => None,
            },
        )
    }
}
