//! What the claims of an issuer's tokens must satisfy.

#[cfg(test)]
mod tests;

use super::role_claims::Roles;
use super::scope_claim::scopes;
use super::{
    AudienceRule, ProviderRule, RequiredClaim, RoleClaims, TimeRules, TokenTypeRule, Validity,
    VerifiedToken,
};
use crate::domain::{Denial, Explain, Reason, Timestamp};
use crate::jose::{Claims, SignedJws};

/// What the claims of an issuer's tokens must satisfy. `iss` is not among it: it is how the issuer
/// was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectations {
    /// `aud`.
    pub audience: AudienceRule,
    /// `typ`, and the claims that go with it.
    pub token_type: TokenTypeRule,
    /// `exp`, `nbf` and `iat`.
    pub time: TimeRules,
    /// What the provider's tokens say beside these.
    pub provider: Option<ProviderRule>,
    /// Where the provider writes roles; without one, `roles` is a claim like any other.
    pub roles: Option<RoleClaims>,
    /// Anything else.
    pub required_claims: Vec<RequiredClaim>,
}

impl Expectations {
    /// Judges what a signed token claims, at this time; whom it is for is judged with each request,
    /// because routes may ask for other audiences.
    ///
    /// It takes a signed token, so that a forgery learns nothing about its claims.
    pub fn validate(
        &self,
        token: SignedJws,
        now: Timestamp,
        explain: &mut impl Explain,
    ) -> Result<VerifiedToken, Denial> {
        let claims = token.claims();
        self.token_type.validate(token.header(), claims, explain)?;
        let validity = Validity::from_claims(claims, explain)?;
        self.time.validate(&validity, now, explain)?;
        explain.outcome("sub", validate_subject(claims), || {
            ("absent, or a text", claims.describe("sub"))
        })?;
        explain.outcome("cnf", validate_confirmation(claims), || {
            ("absent", claims.describe("cnf"))
        })?;
        if let Some(provider) = &self.provider {
            provider.validate(&token, now.plus(self.time.leeway), explain)?;
        }
        let roles = self.roles.map_or(Ok(Roles::AsWritten), |roles| {
            roles.read(claims, &self.audience, explain)
        })?;
        self.required_claims
            .iter()
            .try_for_each(|own| own.validate(claims, &roles, explain))?;
        Ok(VerifiedToken::new(
            scopes(claims, explain)?,
            roles,
            validity,
            token.into_claims(),
            &self.audience,
        ))
    }
}

/// RFC 7519 section 4.1.2: the subject is a string. A number would meet another "1" in somebody's
/// database.
fn validate_subject(claims: &Claims) -> Result<(), Reason> {
    let is_text = claims
        .member("sub")
        .is_none_or(|subject| subject.string().is_some());
    if is_text {
        Ok(())
    } else {
        Err(Reason::ClaimInvalid)
    }
}

/// A token may be bound to a key (RFC 7800 section 3); whoever presents it has not shown that he
/// has it.
fn validate_confirmation(claims: &Claims) -> Result<(), Reason> {
    if claims.has("cnf") {
        Err(Reason::ProofMissing)
    } else {
        Ok(())
    }
}
