//! The authentication schemes that a route or an issuer takes.

use crate::domain::CredentialScheme;

/// The authentication schemes that the rules of a route take, for the challenges, or that the
/// credentials of an issuer may be presented with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AcceptedSchemes {
    bearer: bool,
    basic: bool,
}

impl AcceptedSchemes {
    /// Tokens only.
    pub const BEARER: Self = Self {
        bearer: true,
        basic: false,
    };

    /// Returns this scheme alone.
    pub const fn only(scheme: CredentialScheme) -> Self {
        Self {
            bearer: matches!(scheme, CredentialScheme::Bearer),
            basic: matches!(scheme, CredentialScheme::Basic),
        }
    }

    /// Returns these schemes.
    pub(super) const fn new(bearer: bool, basic: bool) -> Self {
        Self { bearer, basic }
    }

    /// Returns whether this scheme is among them.
    pub const fn contain(self, scheme: CredentialScheme) -> bool {
        match scheme {
            CredentialScheme::Bearer => self.bearer,
            CredentialScheme::Basic => self.basic,
        }
    }
}
