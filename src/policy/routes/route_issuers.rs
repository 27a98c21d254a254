//! The issuers whose tokens a route accepts.

use crate::domain::IssuerIndex;

/// The issuers whose tokens a route accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteIssuers {
    /// Every issuer.
    All,
    /// These issuers only.
    These(Box<[IssuerIndex]>),
}

impl RouteIssuers {
    /// Returns whether this issuer is among them.
    pub(crate) fn contain(&self, issuer: IssuerIndex) -> bool {
        match self {
            Self::All => true,
            Self::These(issuers) => issuers.contains(&issuer),
        }
    }

    /// Returns whether another issuer than this one is among them.
    pub(crate) fn contain_other_than(&self, issuer: IssuerIndex) -> bool {
        match self {
            Self::All => true,
            Self::These(issuers) => issuers.iter().any(|other| *other != issuer),
        }
    }
}
