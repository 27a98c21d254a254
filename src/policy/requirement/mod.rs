//! What a route may ask of a verified token.

mod any_scope;
mod claim;
mod claim_value;
mod text_pattern;

pub use any_scope::AnyScope;
pub use claim::{ClaimRequirement, ClaimRule};
pub use claim_value::ClaimValue;
pub use text_pattern::{TextPattern, TextPatternError};

use std::fmt;

use super::ScopeRequirement;
use crate::domain::{ClaimPath, Denial, Scopes};
use crate::jose::Claims;

/// One thing that a route asks of a verified token.
#[derive(Debug, Clone)]
pub enum Requirement {
    /// All of these scopes.
    Scopes(ScopeRequirement),
    /// Any of these scopes.
    AnyScope(AnyScope),
    /// A claim that follows a rule.
    Claim(ClaimRequirement),
}

impl Requirement {
    /// Judges what a token grants and claims.
    pub fn judge(&self, granted: &Scopes, claims: &Claims) -> Result<(), Denial> {
        match self {
            Self::Scopes(scopes) => scopes.judge(granted),
            Self::AnyScope(scopes) => scopes.judge(granted),
            Self::Claim(claim) => claim.judge(claims),
        }
    }

    /// The claim that is asked for, if it is no scope.
    pub const fn claim(&self) -> Option<&ClaimPath> {
        match self {
            Self::Scopes(_) | Self::AnyScope(_) => None,
            Self::Claim(requirement) => Some(&requirement.claim),
        }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scopes(scopes) => write!(f, "{scopes}"),
            Self::AnyScope(scopes) => write!(f, "{scopes}"),
            Self::Claim(claim) => write!(f, "{claim}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;
    use crate::domain::BearerToken;
    use crate::jose::{Algorithm, CompactJws, KeySet, SigningKey, VerificationKey};

    const SECRET: &[u8] = &[7; 32];

    pub(super) fn claims(claims: &serde_json::Value) -> Claims {
        let token = SigningKey::secret(Algorithm::HS256, SECRET).sign(&Map::new(), claims).unwrap();
        let parsed = CompactJws::parse(BearerToken::parse(token.as_bytes(), usize::MAX).unwrap()).unwrap();
        let keys = KeySet::of_any_id(vec![VerificationKey::secret(Algorithm::HS256, SECRET).unwrap()]);
        parsed.into_signed(&keys.candidates(None, Algorithm::HS256).unwrap()).unwrap().into_claims()
    }

    #[test]
    fn each_requirement_has_its_reason() {
        let claims = claims(&json!({"realm": {"roles": ["admin"]}, "nothing": null}));
        let granted = Scopes::parse("read");
        let contains = |path, value| {
            let claim = ClaimPath::parse(path).unwrap();
            Requirement::Claim(ClaimRequirement { claim, rule: ClaimRule::Contains(ClaimValue::text(value)) })
        };
        let exists = |path| {
            Requirement::Claim(ClaimRequirement { claim: ClaimPath::parse(path).unwrap(), rule: ClaimRule::Exists })
        };
        for (requirement, expected) in [
            (Requirement::Scopes(ScopeRequirement::all_of(Scopes::parse("read"))), Ok(())),
            (Requirement::Scopes(ScopeRequirement::all_of(Scopes::parse("read write"))), Err("scope_insufficient")),
            (Requirement::AnyScope(AnyScope::of(Scopes::parse("read write"))), Ok(())),
            (Requirement::AnyScope(AnyScope::of(Scopes::parse("write"))), Err("scope_insufficient")),
            (contains("realm.roles", "admin"), Ok(())),
            (contains("realm.roles", "root"), Err("policy_denied")),
            (contains("realm.groups", "admin"), Err("policy_denied")),
            (exists("realm"), Ok(())),
            (exists("nothing"), Err("policy_denied")),
        ] {
            let verdict = requirement.judge(&granted, &claims).map_err(|denial| denial.code());
            assert_eq!(verdict, expected, "{requirement:?}");
        }
    }
}
