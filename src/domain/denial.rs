//! A refused request.

use std::sync::Arc;

use super::{DenialClass, Reason};

/// A refused request and why; the answer, the log and the metric are made of it.
///
/// It carries nothing of the request or the token, so it can be shown to anyone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", reason.code())]
pub struct Denial {
    reason: Reason,
    required_scopes: Option<Arc<str>>,
    clock_skew_suspected: bool,
}

impl Denial {
    /// The token lacks one of these scopes; they are configuration, and go into the challenge
    /// (RFC 6750 section 3, `scope`).
    pub fn scope_insufficient(required: Arc<str>) -> Self {
        Self {
            required_scopes: Some(required),
            ..Reason::ScopeInsufficient.into()
        }
    }

    /// The token is outside its time for this reason, and by so little that clocks which differ
    /// would explain it.
    pub fn by_suspected_clock_skew(reason: Reason) -> Self {
        Self {
            clock_skew_suspected: true,
            ..reason.into()
        }
    }

    /// Why.
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// The stable code of the reason.
    pub const fn code(&self) -> &'static str {
        self.reason.code()
    }

    /// Whose move is next.
    pub const fn class(&self) -> DenialClass {
        self.reason.class()
    }

    /// The scopes that would have been needed, separated by spaces.
    pub fn required_scopes(&self) -> Option<&str> {
        self.required_scopes.as_deref()
    }

    /// Whether clocks that differ would explain it.
    pub const fn clock_skew_suspected(&self) -> bool {
        self.clock_skew_suspected
    }
}

impl From<Reason> for Denial {
    fn from(reason: Reason) -> Self {
        Self {
            reason,
            required_scopes: None,
            clock_skew_suspected: false,
        }
    }
}
