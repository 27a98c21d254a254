//! What came of a request.

use crate::domain::{DenialClass, Reason};

/// What came of a request, for the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It may pass.
    Allowed,
    /// It may not.
    Denied(Reason),
    /// It may, because its route only reports that it should not.
    Reported(Reason),
}

impl Outcome {
    /// How many different ones there are.
    pub(super) const COUNT: usize = 1 + 2 * Reason::ALL.len();

    /// `ok`, or the code of the reason.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Allowed => "ok",
            Self::Denied(reason) | Self::Reported(reason) => reason.code(),
        }
    }

    /// `allow`, `deny`, or `error` where the fault is ours.
    pub const fn verdict(self) -> &'static str {
        match self {
            Self::Allowed | Self::Reported(_) => "allow",
            Self::Denied(reason) => match reason.class() {
                DenialClass::Unavailable => "error",
                DenialClass::Unauthenticated | DenialClass::Forbidden => "deny",
            },
        }
    }

    /// The same for the log, which also tells what only would have been denied.
    pub const fn logged_verdict(self) -> &'static str {
        match self {
            Self::Reported(_) => "would_deny",
            counted => counted.verdict(),
        }
    }

    pub(super) const fn position(self) -> usize {
        match self {
            Self::Allowed => 0,
            Self::Denied(reason) => 1 + reason as usize,
            Self::Reported(reason) => 1 + Reason::ALL.len() + reason as usize,
        }
    }
}
