//! A verified token, as far as that does not depend on the request that presents it.

use std::borrow::Cow;
use std::fmt;

use super::Validity;
use super::audience::{AcceptedAudience, AudienceRule};
use super::role_claims::Roles;
use super::scope_claim::scopes;
use crate::domain::{ClaimPath, Explain, Reason, Scopes};
use crate::jose::{Claims, Json};

/// The smallest piece of memory that glibc's allocator gives to a string, and its overhead for
/// each, in bytes. Other allocators take less. A token may have hundreds of scopes of one letter.
const MIN_ALLOCATION: usize = 24;
const ALLOCATION_OVERHEAD: usize = 8;

/// A token whose signature and claims are valid, or the claims of a line in a file of the operator.
/// [`Expectations::validate`](super::Expectations::validate) makes the first,
/// [`VerifiedToken::of_line`] the second.
pub struct VerifiedToken {
    scopes: Scopes,
    roles: Roles,
    validity: Validity,
    claims: Claims,
    /// `true` if the token satisfies the audience rule of its issuer. It is computed once, because
    /// every request needs it.
    names_audience_of_issuer: bool,
}

/// Shows the times only: scopes, roles and claims are data of the user.
impl fmt::Debug for VerifiedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedToken")
            .field("validity", &self.validity)
            .finish_non_exhaustive()
    }
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

    /// Makes the token of a line that is in a file of the operator. The caller must know that the
    /// sender has what the line asks for.
    ///
    /// Fails with [`Reason::ClaimInvalid`] if a claim has a form that it must not have.
    pub fn of_line(claims: Claims, audience: &AudienceRule) -> Result<Self, Reason> {
        let validity = Validity::from_claims(&claims, &mut ())?;
        let scopes = scopes(&claims, &mut ())?;
        if audience.stated(&claims).is_none() {
            return Err(Reason::ClaimInvalid);
        }
        Ok(Self::new(
            scopes,
            Roles::AsWritten,
            validity,
            claims,
            audience,
        ))
    }

    /// Returns the scopes that it grants.
    pub const fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// Returns its validity period, which has to be checked each time that the token is presented.
    pub const fn validity(&self) -> &Validity {
        &self.validity
    }

    /// Returns its claims, as the issuer wrote them.
    pub const fn claims(&self) -> &Claims {
        &self.claims
    }

    /// Returns the claim at the end of a path; `null` counts as absent. If the provider's role
    /// claims are known, `roles` is the roles from them.
    pub fn find(&self, path: &ClaimPath) -> Option<Json<'_>> {
        self.roles.find(&self.claims, path)
    }

    /// Describes the claim at the end of a path for people, as the issuer wrote it. If the
    /// provider's role claims are known, `roles` is the roles from them.
    pub fn describe_at(&self, path: &ClaimPath) -> &str {
        self.roles.describe_at(&self.claims, path)
    }

    /// Returns all claims by name. If the provider's role claims are known, `roles` is the roles
    /// from them.
    pub fn members(&self) -> Option<Vec<(Cow<'_, str>, Json<'_>)>> {
        self.roles.members(&self.claims)
    }

    /// Validates `aud` (RFC 7519 section 4.1.3).
    ///
    /// Fails with [`Reason::AudienceMismatch`] if the token is not for the audiences of `rule`,
    /// which is its issuer's, or of `replacement`, which a route may require in their place.
    pub fn validate_audience(
        &self,
        rule: &AudienceRule,
        replacement: Option<&AcceptedAudience>,
        explain: &mut impl Explain,
    ) -> Result<(), Reason> {
        let satisfied = match replacement {
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
                replacement.unwrap_or(&rule.accepted),
                rule.found(&self.claims),
            )
        })
    }

    /// Returns the approximate size on the heap, in bytes.
    pub fn size(&self) -> usize {
        let scope_size = |scope: &str| {
            size_of::<Box<str>>() + scope.len().max(MIN_ALLOCATION) + ALLOCATION_OVERHEAD
        };
        let scopes: usize = self.scopes.iter().map(scope_size).sum();
        scopes + self.roles.size() + self.claims.size()
    }
}
