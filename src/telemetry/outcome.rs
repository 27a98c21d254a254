//! The outcome of a request, for metrics and logs.

use crate::domain::{DenialClass, Reason, Verdict};

/// The outcome of a request, for metrics and logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The request may pass.
    Allowed,
    /// The request is denied.
    Denied(Reason),
    /// The request may pass, but only because its route reports denials and does not enforce them.
    Reported(Reason),
}

impl Outcome {
    /// The number of different outcomes.
    pub(super) const COUNT: usize = 1 + 2 * Reason::ALL.len();

    /// Returns `ok`, or the code of the reason.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Allowed => "ok",
            Self::Denied(reason) | Self::Reported(reason) => reason.code(),
        }
    }

    /// Returns the verdict for metrics: a denial that is only reported counts as allowed.
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::Allowed | Self::Reported(_) => Verdict::Allow,
            Self::Denied(reason) => match reason.class() {
                DenialClass::Unavailable => Verdict::Error,
                DenialClass::Unauthenticated | DenialClass::Forbidden | DenialClass::Limited => {
                    Verdict::Deny
                }
            },
        }
    }

    /// Returns the verdict for logs, spans and `explain`.
    pub const fn logged_verdict(self) -> Verdict {
        match self {
            Self::Reported(_) => Verdict::WouldDeny,
            counted => counted.verdict(),
        }
    }

    /// Returns the position of this outcome, below [`Self::COUNT`].
    pub(super) const fn position(self) -> usize {
        match self {
            Self::Allowed => 0,
            Self::Denied(reason) => 1 + reason as usize,
            Self::Reported(reason) => 1 + Reason::ALL.len() + reason as usize,
        }
    }
}
