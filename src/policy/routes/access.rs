//! Who may pass.

use std::fmt;

/// Who may pass where a route leads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Access {
    /// Everyone; tokens are not looked at.
    Anonymous,
    /// Everyone without a token, and whoever has a good one.
    Optional,
    /// Whoever has a good token.
    #[default]
    Authenticated,
    /// Nobody.
    Denied,
}

impl Access {
    /// Whether a token makes a difference.
    pub const fn reads_credentials(self) -> bool {
        matches!(self, Self::Optional | Self::Authenticated)
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Anonymous => "anonymous",
            Self::Optional => "optional",
            Self::Authenticated => "authenticated",
            Self::Denied => "denied",
        })
    }
}
