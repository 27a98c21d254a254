//! The requirements for the claims of an issuer's tokens.

#[cfg(test)]
mod tests;

use std::time::Duration;

use super::role_claims::Roles;
use super::scope_claim::scopes;
use super::{
    AcceptedAudience, ActiveToken, AudienceRule, ProviderRule, RequiredClaim, RoleClaims,
    TimeRules, TokenTypeRule, Validity, VerifiedToken,
};
use crate::domain::{Denial, Explain, ExplainStep, Reason, Timestamp};
use crate::jose::{Claims, SignedJws, VerificationKey};

/// The requirements for the claims of an issuer's tokens. `iss` is not among them, because it has
/// selected the issuer.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use doorward::domain::{BearerToken, Denial, Timestamp};
/// use doorward::jose::{Algorithm, CompactJws, KeySet, SigningKey, VerificationKey};
/// use doorward::verify::{
///     AcceptedAudience, AudienceMatch, AudienceRule, Expectations, TimeRules, TokenTypeRule,
/// };
/// use serde_json::{Map, json};
///
/// let expectations = Expectations {
///     audience: AudienceRule {
///         accepted: AcceptedAudience::Listed {
///             names: vec!["my-api".to_owned()],
///             quantity: AudienceMatch::Any,
///         },
///         fallback: Vec::new(),
///     },
///     token_type: TokenTypeRule::Any { accepted: Vec::new() },
///     time: TimeRules {
///         leeway: Duration::from_secs(30),
///         require_exp: true,
///         max_token_age: None,
///     },
///     provider: None,
///     roles: None,
///     required_claims: Vec::new(),
/// };
///
/// # let secret = b"0123456789abcdef0123456789abcdef";
/// # let claims = json!({"aud": "my-api", "sub": "alice", "exp": 2000, "scope": "read write"});
/// # let token = SigningKey::secret(Algorithm::HS256, secret).sign(&Map::new(), &claims).unwrap();
/// # let key = VerificationKey::secret(Algorithm::HS256, secret).unwrap();
/// # let keys = KeySet::of_any_id(vec![key]);
/// // Only a token whose signature is valid becomes a `SignedJws`.
/// let parsed = CompactJws::parse(BearerToken::parse(token.as_bytes(), 8192)?)?;
/// let candidates = keys.candidates(None, Algorithm::HS256).unwrap();
/// let signed = parsed.into_signed(&candidates)?;
///
/// let verified = expectations.validate(signed, Timestamp::from_secs(1000), &mut ())?;
/// verified.validate_audience(&expectations.audience, None, &mut ())?;
/// assert!(verified.scopes().contains("read"));
/// # Ok::<(), Denial>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectations {
    /// The rule for `aud`.
    pub audience: AudienceRule,
    /// The rule for `typ`, and for the claims that go with it.
    pub token_type: TokenTypeRule,
    /// The rules for `exp`, `nbf` and `iat`.
    pub time: TimeRules,
    /// The rule for what the provider's tokens state besides these.
    pub provider: Option<ProviderRule>,
    /// The claims that contain the roles; without this, `roles` is a claim like any other.
    pub roles: Option<RoleClaims>,
    /// The other claims that a token must have.
    pub required_claims: Vec<RequiredClaim>,
}

impl Expectations {
    /// Returns expectations that the claims of every token satisfy. For lists that the operator
    /// keeps: there is no issuer whose mistakes they would guard against.
    pub fn none() -> Self {
        Self {
            audience: AudienceRule {
                accepted: AcceptedAudience::Everyone,
                fallback: Vec::new(),
            },
            token_type: TokenTypeRule::Any {
                accepted: Vec::new(),
            },
            time: TimeRules {
                leeway: Duration::ZERO,
                require_exp: false,
                max_token_age: None,
            },
            provider: None,
            roles: None,
            required_claims: Vec::new(),
        }
    }

    /// Validates the claims of a signed token at this time, except for its audience.
    ///
    /// The audience is checked with each request, by [`VerifiedToken::validate_audience`], because
    /// a route may require another one.
    ///
    /// Fails with the reason of the first check that fails. The token must be signed, so that the
    /// sender of a forged one learns nothing about the checks of its claims.
    pub fn validate(
        &self,
        token: SignedJws,
        now: Timestamp,
        explain: &mut impl Explain,
    ) -> Result<VerifiedToken, Denial> {
        let validity = self.validate_type_and_time(&token, now, explain)?;
        let (claims, key) = token.into_claims_and_key();
        self.validate_claims(claims, Some(&key), validity, now, explain)
    }

    /// Validates a signed token whose issuer says that it is active, and completes its claims with
    /// the claims of the answer. Type and time of the token itself are validated before the issuer
    /// is asked, by [`validate_type_and_time`](Self::validate_type_and_time).
    ///
    /// Fails with [`Reason::DependencyUnavailable`] if the answer contradicts the token: then it is
    /// about another one.
    pub fn validate_completed(
        &self,
        token: SignedJws,
        active: &ActiveToken,
        now: Timestamp,
        explain: &mut impl Explain,
    ) -> Result<VerifiedToken, Denial> {
        let (claims, key) = token.into_claims_and_key();
        let merged = active.merged_into(&claims);
        explain.step(|| match &merged {
            Ok(_) => ExplainStep::passed("claims", "those of the token", "completed by the answer"),
            Err(contradiction) => {
                ExplainStep::failed("claims", "those of the token", contradiction)
            }
        });
        let merged = merged.map_err(|_| Reason::DependencyUnavailable)?;
        let validity = Validity::from_claims(&merged, explain)?;
        self.time.validate(&validity, now, explain)?;
        self.validate_claims(merged, Some(&key), validity, now, explain)
    }

    /// Validates the claims that an issuer states about an active token. Its kind is validated
    /// before, by [`TokenKindRule`](super::TokenKindRule).
    pub fn validate_active(
        &self,
        active: ActiveToken,
        now: Timestamp,
        explain: &mut impl Explain,
    ) -> Result<VerifiedToken, Denial> {
        let claims = active.into_claims();
        let validity = Validity::from_claims(&claims, explain)?.that_may_lack_end();
        self.time.validate(&validity, now, explain)?;
        self.validate_claims(claims, None, validity, now, explain)
    }

    /// Validates the type and the time of a signed token. Neither depends on the answer of an
    /// issuer.
    pub fn validate_type_and_time(
        &self,
        token: &SignedJws,
        now: Timestamp,
        explain: &mut impl Explain,
    ) -> Result<Validity, Denial> {
        let claims = token.claims();
        self.token_type.validate(token.header(), claims, explain)?;
        let validity = Validity::from_claims(claims, explain)?;
        self.time.validate(&validity, now, explain)?;
        Ok(validity)
    }

    /// Validates the claims that are validated after the type and the time: `events`, `sub`, `cnf`,
    /// those of the provider, roles, and required claims.
    fn validate_claims(
        &self,
        claims: Claims,
        key: Option<&VerificationKey>,
        validity: Validity,
        now: Timestamp,
        explain: &mut impl Explain,
    ) -> Result<VerifiedToken, Denial> {
        if claims.has("events") {
            explain.outcome("events", refuse_logout_token(&claims), || {
                ("no log-out", claims.describe("events"))
            })?;
        }
        explain.outcome("sub", validate_subject(&claims), || {
            ("absent, or a text", claims.describe("sub"))
        })?;
        explain.outcome("cnf", validate_confirmation(&claims), || {
            ("absent", claims.describe("cnf"))
        })?;
        if let Some(provider) = &self.provider {
            provider.validate(&claims, key, now.plus(self.time.leeway), explain)?;
        }
        let roles = self.roles.map_or(Ok(Roles::AsWritten), |roles| {
            roles.read(&claims, &self.audience, explain)
        })?;
        self.required_claims
            .iter()
            .try_for_each(|own| own.validate(&claims, &roles, explain))?;
        let scopes = scopes(&claims, explain)?;
        Ok(VerifiedToken::new(
            scopes,
            roles,
            validity,
            claims,
            &self.audience,
        ))
    }
}

/// The event of a logout token (`OpenID` Connect Back-Channel Logout 1.0 section 2.4).
const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// Refuses a logout token. The issuer has signed it, and it names a user: without this check, a
/// logout token that leaks could be used as an access token.
fn refuse_logout_token(claims: &Claims) -> Result<(), Reason> {
    let events = claims.member("events");
    if events.is_some_and(|events| events.member(LOGOUT_EVENT).is_some()) {
        Err(Reason::TokenTypeMismatch)
    } else {
        Ok(())
    }
}

/// Validates that `sub` is a string (RFC 7519 section 4.1.2). The number 1 could be confused with
/// the subject "1" in the database of an application.
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

/// Refuses a token that is bound to a key (`cnf`, RFC 7800 section 3): its sender has not proved
/// possession of the key.
fn validate_confirmation(claims: &Claims) -> Result<(), Reason> {
    if claims.has("cnf") {
        Err(Reason::ProofMissing)
    } else {
        Ok(())
    }
}
