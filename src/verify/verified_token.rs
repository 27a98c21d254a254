//! A token that passed.

use super::Validity;
use crate::domain::Scopes;
use crate::jose::Claims;

/// A token whose signature and claims were found good; made only by [`Expectations::judge`](super::Expectations::judge).
#[derive(Debug)]
pub struct VerifiedToken {
    scopes: Scopes,
    validity: Validity,
    claims: Claims,
}

impl VerifiedToken {
    pub(super) const fn new(scopes: Scopes, validity: Validity, claims: Claims) -> Self {
        Self { scopes, validity, claims }
    }

    /// What it grants.
    pub const fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// When it is valid; to be judged again whenever the token is seen.
    pub const fn validity(&self) -> &Validity {
        &self.validity
    }

    /// Its claims.
    pub const fn claims(&self) -> &Claims {
        &self.claims
    }
}
