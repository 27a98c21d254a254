//! A token that passed, as far as that does not depend on what it is presented for.

use super::{AudienceRule, Validity};
use crate::domain::Scopes;
use crate::jose::Claims;

/// A token whose signature and claims were found good; made only by [`Expectations::judge`](super::Expectations::judge).
#[derive(Debug)]
pub struct VerifiedToken {
    scopes: Scopes,
    validity: Validity,
    claims: Claims,
    names_audience_of_issuer: bool,
}

impl VerifiedToken {
    pub(super) fn new(scopes: Scopes, validity: Validity, claims: Claims, audience: &AudienceRule) -> Self {
        let names_audience_of_issuer = audience.is_satisfied_by(&claims);
        Self { scopes, validity, claims, names_audience_of_issuer }
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

    /// Whether it names the audiences that its issuer's tokens usually must name: known from the beginning, because it is
    /// asked again with every request.
    pub(super) const fn names_audience_of_issuer(&self) -> bool {
        self.names_audience_of_issuer
    }

    /// About how many bytes this takes in memory, beside itself.
    pub fn size(&self) -> usize {
        let scopes: usize = self.scopes.iter().map(|scope| scope.len() + size_of::<Box<str>>()).sum();
        scopes + self.claims.size()
    }
}
