//! What the claims of an issuer's tokens must satisfy.

use super::scope_claim::scopes;
use super::{AudienceRule, RequiredClaim, TimeRules, TokenTypeRule, Validity, VerifiedToken};
use crate::domain::{Reason, Timestamp};
use crate::jose::SignedJws;

/// What the claims of an issuer's tokens must satisfy. `iss` is not among it: it is how the issuer was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectations {
    /// `aud`.
    pub audience: AudienceRule,
    /// `typ`, and the claims that go with it.
    pub token_type: TokenTypeRule,
    /// `exp`, `nbf` and `iat`.
    pub time: TimeRules,
    /// Anything else.
    pub required_claims: Vec<RequiredClaim>,
}

impl Expectations {
    /// Judges what a signed token claims, at this time.
    ///
    /// It takes a signed token, so that a forgery learns nothing about its claims.
    pub fn judge(&self, token: SignedJws, now: Timestamp) -> Result<VerifiedToken, Reason> {
        let claims = token.claims();
        self.token_type.judge(token.header(), claims)?;
        let validity = Validity::from_claims(claims)?;
        self.time.judge(&validity, now)?;
        self.audience.judge(claims)?;
        // RFC 7519 section 4.1.2: the subject is a string. A number would meet another "1" in somebody's database.
        if claims.member("sub").is_some_and(|subject| subject.string().is_none()) {
            return Err(Reason::ClaimInvalid);
        }
        // The token is bound to a key (RFC 7800 section 3); whoever presents it has not shown that he has it.
        if claims.has("cnf") {
            return Err(Reason::ProofMissing);
        }
        self.required_claims.iter().try_for_each(|required| required.judge(claims))?;
        Ok(VerifiedToken::new(scopes(claims)?, validity, token.into_claims()))
    }
}
