//! The authentication schemes that the rules of a route take.

use super::Rules;
use crate::domain::{CredentialScheme, IssuerIndex};

/// The authentication schemes that the rules of a route take, for the challenges.
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

    /// Returns the schemes that these rules take. `passwords` is the position of the list of users,
    /// if there is one. Rules that take nothing else have `Bearer`.
    pub fn of(rules: &Rules, passwords: Option<IssuerIndex>, has_other_issuers: bool) -> Self {
        let Some(passwords) = passwords else {
            return Self::BEARER;
        };
        let basic = rules.sources.read_passwords() && rules.issuers.contain(passwords);
        let has_others = has_other_issuers && rules.issuers.contain_other_than(passwords);
        Self {
            bearer: !basic || has_others && rules.sources.read_tokens(),
            basic,
        }
    }

    /// Returns whether this scheme is among them.
    pub const fn contain(self, scheme: CredentialScheme) -> bool {
        match scheme {
            CredentialScheme::Bearer => self.bearer,
            CredentialScheme::Basic => self.basic,
        }
    }
}
