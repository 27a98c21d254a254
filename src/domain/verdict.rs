use std::fmt;

use serde::{Serialize, Serializer};

/// The verdict of a decision, as logs, metrics, spans and `explain` name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The request may pass.
    Allow,
    /// The request may not pass.
    Deny,
    /// The request may pass, but only because its route reports denials and does not enforce them.
    WouldDeny,
    /// The request may not pass, because the service or one that it needs is at fault.
    Error,
    /// Not known before another service is asked or a password compared. Only `explain` says so.
    Unknown,
}

impl Verdict {
    /// Returns the word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::WouldDeny => "would_deny",
            Self::Error => "error",
            Self::Unknown => "unknown",
        }
    }

    /// Returns whether the request passes.
    pub const fn lets_pass(self) -> bool {
        matches!(self, Self::Allow | Self::WouldDeny)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

impl Serialize for Verdict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}
