//! Requirements that a route may have of a verified token and its user.

mod claim;
mod claim_value;

use std::fmt;

pub use claim::{ClaimRequirement, ClaimRule};
pub use claim_value::ClaimValue;

use super::ScopeRequirement;
use super::condition::{Condition, Facts};
use crate::domain::{Denial, Explain, ExplainStep};

/// One requirement of a route.
#[derive(Debug, Clone)]
pub enum Requirement {
    /// All of some scopes, or one of them.
    Scopes(ScopeRequirement),
    /// A claim that follows a rule.
    Claim(ClaimRequirement),
    /// A column of the user's row that follows a rule.
    User(ClaimRequirement),
    /// An expression that is true.
    Condition(Condition),
}

impl Requirement {
    /// Checks what a token grants and claims.
    pub fn check(&self, facts: &Facts<'_>, explain: &mut impl Explain) -> Result<(), Denial> {
        let token = facts.principal.token();
        let outcome = match self {
            Self::Scopes(scopes) => scopes.check(token.scopes()),
            Self::Claim(own) => own.check(token.find(&own.claim)),
            Self::User(own) => own.check(facts.user.and_then(|row| row.find(&own.claim))),
            Self::Condition(condition) => condition.check(facts),
        };
        explain.step(|| {
            let step = ExplainStep::of("requirement", &outcome, self, self.found(facts));
            if self.reads_user() {
                step.about_person()
            } else {
                step
            }
        });
        outcome
    }

    /// Describes the value that is checked.
    fn found(&self, facts: &Facts<'_>) -> String {
        let token = facts.principal.token();
        match self {
            Self::Scopes(_) => token.scopes().to_string(),
            Self::Claim(own) => token.describe_at(&own.claim).to_owned(),
            Self::User(own) => facts
                .user
                .map_or("absent", |row| row.describe_at(&own.claim))
                .to_owned(),
            Self::Condition(condition) => condition
                .evaluate(facts)
                .map_or_else(|failure| failure.to_string(), |verdict| verdict.to_string()),
        }
    }

    /// Returns whether it needs what the proxy says about the original request.
    pub fn needs_request(&self) -> bool {
        matches!(self, Self::Condition(condition) if condition.reads_request())
    }

    /// Returns whether it reads the user's row in the directory.
    pub const fn reads_user(&self) -> bool {
        match self {
            Self::Scopes(_) | Self::Claim(_) => false,
            Self::User(_) => true,
            Self::Condition(condition) => condition.reads_user(),
        }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scopes(scopes) => write!(f, "{scopes}"),
            Self::Claim(claim) => write!(f, "{claim}"),
            Self::User(column) => write!(f, "user {column}"),
            Self::Condition(condition) => write!(f, "when {condition}"),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use serde_json::{Map, Value, json};

    use super::*;
    use crate::domain::{
        BearerToken, ClaimPath, ClientSource, Field, ForwardedRequest, HeaderFields, IssuerIndex,
        Moment, OriginalRequest, Scopes, Timestamp,
    };
    use crate::jose::{Algorithm, CompactJws, KeySet, SigningKey, VerificationKey};
    use crate::policy::{ClaimHeaders, Evidence, IssuerProfile, KeyTrust, Principal, TrustedKey};
    use crate::verify::Expectations;

    const SECRET: &[u8] = &[7; 32];

    /// Returns a principal with these claims.
    pub(crate) fn principal(claims: &Value) -> Principal {
        let token = SigningKey::secret(Algorithm::HS256, SECRET)
            .sign(&Map::new(), claims)
            .unwrap();
        let parsed =
            CompactJws::parse(BearerToken::parse(token.as_bytes(), usize::MAX).unwrap()).unwrap();
        let keys = KeySet::of_any_id(vec![
            VerificationKey::secret(Algorithm::HS256, SECRET).unwrap(),
        ]);
        let candidates = keys.candidates(None, Algorithm::HS256).unwrap();
        let signed = parsed.into_signed(&candidates).unwrap();
        let evidence = Evidence::Key {
            store: Arc::new(AlwaysTrusted),
            key: TrustedKey::of(&signed, 0),
        };
        let profile = profile();
        let verified = profile.expectations.validate(signed, NOW, &mut ()).unwrap();
        let claim_headers = ClaimHeaders::new(Vec::new(), 0);
        Principal::new(verified, profile.into(), evidence, &claim_headers)
    }

    /// An issuer that expects nothing of its tokens.
    pub(crate) fn profile() -> IssuerProfile {
        let expectations = Expectations::none();
        IssuerProfile::new(
            IssuerIndex::new(0),
            "issuer".into(),
            expectations,
            ScopeRequirement::all_of(Scopes::default()),
        )
    }

    struct AlwaysTrusted;

    impl KeyTrust for AlwaysTrusted {
        fn still_trusts(&self, _: &TrustedKey, _: Moment) -> bool {
            true
        }
    }

    pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_767_225_600);

    struct NoFields;

    impl HeaderFields for NoFields {
        fn field(&self, _: &str) -> Field<'_> {
            Field::Absent
        }
    }

    /// A request of which the proxy says this.
    pub(crate) const fn request(original: OriginalRequest<'_>) -> ForwardedRequest<'_> {
        ForwardedRequest {
            fields: &NoFields,
            original,
            peer_trusted: true,
            route_name: None,
            client: ClientSource::Unknown,
        }
    }

    pub(crate) const UNDESCRIBED: OriginalRequest<'static> = OriginalRequest {
        method: Field::Absent,
        host: Field::Absent,
        uri: Field::Absent,
    };

    #[test]
    fn each_requirement_has_its_reason() {
        let principal = principal(
            &json!({"scope": "read", "realm": {"roles": ["admin"]}, "nothing": null, "tenant": "a"}),
        );
        let contains = |path, value| {
            let claim = ClaimPath::parse(path).unwrap();
            Requirement::Claim(ClaimRequirement {
                claim,
                rule: ClaimRule::Contains(ClaimValue::text(value)),
            })
        };
        let exists = |path| {
            Requirement::Claim(ClaimRequirement {
                claim: ClaimPath::parse(path).unwrap(),
                rule: ClaimRule::Exists,
            })
        };
        let when = |source| Requirement::Condition(Condition::parse(source, false).unwrap());
        for (requirement, expected) in [
            (
                Requirement::Scopes(ScopeRequirement::all_of(Scopes::parse("read"))),
                Ok(()),
            ),
            (
                Requirement::Scopes(ScopeRequirement::all_of(Scopes::parse("read write"))),
                Err("scope_insufficient"),
            ),
            (
                Requirement::Scopes(ScopeRequirement::one_of(Scopes::parse("read write"))),
                Ok(()),
            ),
            (
                Requirement::Scopes(ScopeRequirement::one_of(Scopes::parse("write"))),
                Err("scope_insufficient"),
            ),
            (contains("realm.roles", "admin"), Ok(())),
            (contains("realm.roles", "root"), Err("policy_denied")),
            (contains("realm.groups", "admin"), Err("policy_denied")),
            (exists("realm"), Ok(())),
            (exists("nothing"), Err("policy_denied")),
            (when("claims.tenant == 'a'"), Ok(())),
            (when("claims.tenant == 'b'"), Err("policy_denied")),
            (when("claims.absent == 'b'"), Err("policy_denied")),
            (when("claims.tenant"), Err("policy_denied")),
            (
                when("request.host == claims.tenant"),
                Err("forwarded_headers_missing"),
            ),
        ] {
            let request = request(UNDESCRIBED);
            let facts = Facts {
                principal: &principal,
                user: None,
                request: &request,
                now: NOW,
            };
            let verdict = requirement
                .check(&facts, &mut ())
                .map_err(|denial| denial.code());
            assert_eq!(verdict, expected, "{requirement:?}");
        }
    }
}
