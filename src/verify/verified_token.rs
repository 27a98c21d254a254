//! A token that passed, as far as that does not depend on what it is presented for.

use std::borrow::Cow;

use super::Validity;
use super::audience::{AcceptedAudience, AudienceRule};
use super::role_claims::Roles;
use crate::domain::{ClaimPath, Explain, Reason, Scopes};
use crate::jose::{Claims, Json};

/// What glibc's heap gives to the smallest text, and what it takes beside each; others take less. A
/// token may have hundreds of scopes of one letter.
const LEAST_PIECE: usize = 24;
const PIECE_OVERHEAD: usize = 8;

/// A token whose signature and claims were found good; made only by
/// [`Expectations::judge`](super::Expectations::judge).
#[derive(Debug)]
pub struct VerifiedToken {
    scopes: Scopes,
    roles: Roles,
    validity: Validity,
    claims: Claims,
    /// Known from the beginning, because it is asked again with every request.
    names_audience_of_issuer: bool,
}

impl VerifiedToken {
    pub(super) fn new(
        scopes: Scopes,
        roles: Roles,
        validity: Validity,
        claims: Claims,
        audience: &AudienceRule,
    ) -> Self {
        let names_audience_of_issuer = audience.is_satisfied_by(&claims);
        Self {
            scopes,
            roles,
            validity,
            claims,
            names_audience_of_issuer,
        }
    }

    /// What it grants.
    pub const fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// When it is valid; to be judged again whenever the token is seen.
    pub const fn validity(&self) -> &Validity {
        &self.validity
    }

    /// Its claims, as the issuer wrote them.
    pub const fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The claim at the end of a path; `null` counts as absent. Where the provider's roles are
    /// known, `roles` is them.
    pub fn find(&self, path: &ClaimPath) -> Option<Json<'_>> {
        self.roles.find(&self.claims, path)
    }

    /// The claim at the end of a path as the issuer wrote it, for people.
    pub fn describe_at(&self, path: &ClaimPath) -> &str {
        self.roles.describe_at(&self.claims, path)
    }

    /// All claims by name. Where the provider's roles are known, `roles` is them.
    pub fn members(&self) -> Option<Vec<(Cow<'_, str>, Json<'_>)>> {
        self.roles.members(&self.claims)
    }

    /// Fails with [`Reason::AudienceMismatch`] if it is not for the audiences of this rule, which is
    /// its issuer's, or for others that a route asks for in their place.
    pub fn validate_audience(
        &self,
        rule: &AudienceRule,
        in_their_place: Option<&AcceptedAudience>,
        explain: &mut impl Explain,
    ) -> Result<(), Reason> {
        let satisfied = match in_their_place {
            None => self.names_audience_of_issuer,
            Some(accepted) => rule
                .stated(&self.claims)
                .is_some_and(|stated| accepted.accepts(&stated)),
        };
        let outcome = if satisfied {
            Ok(())
        } else {
            Err(Reason::AudienceMismatch)
        };
        explain.outcome("aud", outcome, || {
            (
                in_their_place.unwrap_or(&rule.accepted),
                rule.found(&self.claims),
            )
        })
    }

    /// About how many bytes this takes in memory, beside itself.
    pub fn size(&self) -> usize {
        let scope_size =
            |scope: &str| size_of::<Box<str>>() + scope.len().max(LEAST_PIECE) + PIECE_OVERHEAD;
        let scopes: usize = self.scopes.iter().map(scope_size).sum();
        scopes + self.roles.size() + self.claims.size()
    }
}
