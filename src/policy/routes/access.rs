//! The access that a route gives.

use std::fmt;

/// The access that a route gives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Access {
    /// Every request passes, and no token is read.
    Anonymous,
    /// A request without a token passes, and so does one with a valid token.
    Optional,
    /// Only a request with a valid token passes.
    #[default]
    Authenticated,
    /// No request passes.
    Denied,
}

impl Access {
    /// Returns whether a token makes a difference.
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
