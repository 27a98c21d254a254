use std::time::Duration;

use serde_json::{Map, Value, json};

use super::*;
use crate::domain::{BearerToken, ClaimPath};
use crate::jose::{Algorithm, CompactJws, KeySet, SigningKey, VerificationKey};
use crate::verify::{AcceptedAudience, AudienceMatch};

const SECRET: &[u8; 32] = b"0123456789abcdef0123456789abcdef";

fn expectations() -> Expectations {
    Expectations {
        audience: AudienceRule {
            accepted: listed(&["api"], AudienceMatch::Any),
            fallback: Vec::new(),
        },
        token_type: TokenTypeRule::Any {
            accepted: Vec::new(),
        },
        time: TimeRules {
            leeway: Duration::ZERO,
            require_exp: true,
            max_token_age: None,
        },
        provider: None,
        roles: None,
        required_claims: Vec::new(),
    }
}

fn listed(names: &[&str], quantity: AudienceMatch) -> AcceptedAudience {
    AcceptedAudience::Listed {
        names: names.iter().map(ToString::to_string).collect(),
        quantity,
    }
}

fn signed(header: &Value, claims: &Value) -> SignedJws {
    let token = SigningKey::secret(Algorithm::HS256, SECRET)
        .sign(header.as_object().unwrap(), claims)
        .unwrap();
    let parsed =
        CompactJws::parse(BearerToken::parse(token.as_bytes(), usize::MAX).unwrap()).unwrap();
    let keys = KeySet::of_any_id(vec![
        VerificationKey::secret(Algorithm::HS256, SECRET).unwrap(),
    ]);
    parsed
        .into_signed(&keys.candidates(None, Algorithm::HS256).unwrap())
        .unwrap()
}

/// Validates a token with this header and a good token's claims after these changes; `null` removes
/// a claim.
fn validate(
    expectations: &Expectations,
    header: &Value,
    changes: Value,
) -> Result<VerifiedToken, Reason> {
    let mut claims = json!({"aud": "api", "sub": "alice", "exp": 2000, "iss": "i", "client_id": "c", "iat": 900, "jti": "j"});
    let members = claims.as_object_mut().unwrap();
    for (name, value) in serde_json::from_value::<Map<_, _>>(changes).unwrap() {
        if value.is_null() {
            members.remove(&name)
        } else {
            members.insert(name, value)
        };
    }
    let verified =
        expectations.validate(signed(header, &claims), Timestamp::from_secs(1000), &mut ());
    let verified = verified.map_err(|denial| denial.reason())?;
    verified.validate_audience(&expectations.audience, None, &mut ())?;
    Ok(verified)
}

fn verdict(expectations: &Expectations, changes: Value) -> Result<(), Reason> {
    validate(expectations, &json!({}), changes).map(drop)
}

#[test]
fn audiences() {
    let with = |accepted, fallback: &[&str]| Expectations {
        audience: AudienceRule {
            accepted,
            fallback: fallback.iter().map(ToString::to_string).collect(),
        },
        ..expectations()
    };
    let one = with(listed(&["api", "other"], AudienceMatch::Any), &[]);
    let all = with(listed(&["api", "other"], AudienceMatch::All), &[]);
    let everyone = with(AcceptedAudience::Everyone, &[]);
    let fallback = with(listed(&["c"], AudienceMatch::Any), &["azp", "client_id"]);
    let mismatch = Err(Reason::AudienceMismatch);
    for (rule, aud, expected) in [
        (&one, json!("api"), Ok(())),
        (&one, json!(["x", "other"]), Ok(())),
        (&one, json!("x"), mismatch),
        (&one, json!([]), mismatch),
        (&one, json!(["api", 1]), mismatch),
        (&one, json!({"api": "api"}), mismatch),
        (&one, Value::Null, mismatch),
        (&all, json!(["other", "api", "x"]), Ok(())),
        (&all, json!("api"), mismatch),
        (&all, json!(["api", "x"]), mismatch),
        (&everyone, json!("x"), Ok(())),
        (&everyone, Value::Null, Ok(())),
        (&everyone, json!(1), mismatch),
        (&fallback, Value::Null, Ok(())),
        (&fallback, json!("api"), mismatch),
    ] {
        assert_eq!(
            verdict(rule, json!({ "aud": aud.clone() })),
            expected,
            "{rule:?} {aud}"
        );
    }
}

#[test]
fn types_of_token() {
    let any = Expectations {
        token_type: TokenTypeRule::Any {
            accepted: vec!["application/x+jwt".into(), "image/x".into()],
        },
        ..expectations()
    };
    let strict = Expectations {
        token_type: TokenTypeRule::AccessToken,
        ..expectations()
    };
    for (typ, in_any, in_strict) in [
        (json!({}), true, false),
        (json!({"typ": "JWT"}), true, false),
        (json!({"typ": "jwt"}), true, false),
        (json!({"typ": "at+jwt"}), true, true),
        (json!({"typ": "Application/AT+JWT"}), true, true),
        (json!({"typ": "x+jwt"}), true, false),
        (json!({"typ": "application/X+jwt"}), true, false),
        (
            json!({"typ": "application/application/at+jwt"}),
            false,
            false,
        ),
        (json!({"typ": "imagination/at+jwt"}), false, false),
        (json!({"typ": "image/x"}), true, false),
        (json!({"typ": "application/image/x"}), false, false),
        (json!({"typ": "logout+jwt"}), false, false),
        (json!({"typ": ""}), false, false),
    ] {
        for (rule, passes) in [(&any, in_any), (&strict, in_strict)] {
            let expected = if passes {
                Ok(())
            } else {
                Err(Reason::TokenTypeMismatch)
            };
            assert_eq!(validate(rule, &typ, json!({})).map(drop), expected, "{typ}");
        }
    }
    for name in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"] {
        let without = validate(&strict, &json!({"typ": "at+jwt"}), json!({ name: null }));
        assert_eq!(without.map(drop), Err(Reason::ClaimMissing), "{name}");
        let empty = validate(&strict, &json!({"typ": "at+jwt"}), json!({ name: "" }));
        assert_eq!(empty.map(drop), Err(Reason::ClaimMissing), "{name}");
    }
    for name in ["iss", "sub", "client_id", "jti"] {
        let number = validate(&strict, &json!({"typ": "at+jwt"}), json!({ name: 1 }));
        assert_eq!(number.map(drop), Err(Reason::ClaimInvalid), "{name}");
    }
}

#[test]
fn times_subject_and_binding() {
    for (changes, expected) in [
        (json!({}), Ok(())),
        (json!({"exp": 1000}), Err(Reason::TokenExpired)),
        (json!({"exp": 1000.9}), Ok(())),
        (json!({"exp": "2000"}), Err(Reason::ClaimInvalid)),
        (json!({"exp": null}), Err(Reason::ClaimMissing)),
        (json!({"nbf": 1001}), Err(Reason::TokenNotYetValid)),
        (json!({"nbf": 1000.1}), Err(Reason::TokenNotYetValid)),
        (json!({"nbf": 1000}), Ok(())),
        (json!({"iat": 1001}), Err(Reason::TokenIssuedInFuture)),
        (json!({"iat": [1]}), Err(Reason::ClaimInvalid)),
        (json!({"sub": 1}), Err(Reason::ClaimInvalid)),
        (json!({"sub": null}), Ok(())),
        (json!({"cnf": {"jkt": "x"}}), Err(Reason::ProofMissing)),
        (json!({"cnf": false}), Err(Reason::ProofMissing)),
        (json!({"scope": 1}), Err(Reason::ClaimInvalid)),
    ] {
        assert_eq!(
            verdict(&expectations(), changes.clone()),
            expected,
            "{changes}"
        );
    }
    let claims = json!({"aud": "api", "exp": null});
    let verdict = expectations().validate(
        signed(&json!({}), &claims),
        Timestamp::from_secs(1000),
        &mut (),
    );
    assert_eq!(
        verdict.map(drop),
        Err(Reason::ClaimInvalid.into()),
        "null is no end"
    );
}

#[test]
fn required_claims() {
    let required = |path: &str, value: Option<&str>, claims: Value| {
        let required = RequiredClaim {
            path: ClaimPath::parse(path).unwrap(),
            value: value.map(str::to_owned),
        };
        verdict(
            &Expectations {
                required_claims: vec![required],
                ..expectations()
            },
            claims,
        )
    };
    let missing = Err(Reason::ClaimMissing);
    assert_eq!(required("x", None, json!({})), missing);
    assert_eq!(required("x", None, json!({"x": ""})), missing);
    assert_eq!(required("x.y", None, json!({"x": {"y": 0}})), Ok(()));
    for (claim, passes) in [
        (json!("v"), true),
        (json!(["u", "v"]), true),
        (json!(["u"]), false),
        (json!("V"), false),
        (json!(["u", ["v"]]), false),
        (json!({"v": "v"}), false),
    ] {
        let expected = if passes {
            Ok(())
        } else {
            Err(Reason::PolicyDenied)
        };
        assert_eq!(
            required("x", Some("v"), json!({ "x": claim.clone() })),
            expected,
            "{claim}"
        );
    }
    for (claim, value) in [
        (json!(1.5), "1.5"),
        (json!(-0.0), "-0.0"),
        (json!(true), "true"),
        (json!(false), "false"),
        (json!([7]), "7"),
    ] {
        assert_eq!(
            required("x", Some(value), json!({ "x": claim.clone() })),
            Ok(()),
            "{claim}"
        );
        let other = required("x", Some("other"), json!({ "x": claim.clone() }));
        assert_eq!(other, Err(Reason::PolicyDenied), "{claim}");
    }
    for (claim, value) in [
        (json!([null]), "null"),
        (json!([[]]), "[]"),
        (json!(100), "1e2"),
        (json!(1.0), "1"),
    ] {
        assert_eq!(
            required("x", Some(value), json!({ "x": claim.clone() })),
            Err(Reason::PolicyDenied),
            "{claim}"
        );
    }
}

#[test]
fn scopes_from_either_claim() {
    let scopes = |changes: Value| {
        let token = validate(&expectations(), &json!({}), changes).unwrap();
        token.scopes().iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(scopes(json!({})), Vec::<String>::new());
    assert_eq!(scopes(json!({"scope": "a  b"})), ["a", "b"]);
    assert_eq!(scopes(json!({"scp": ["a", "b"]})), ["a", "b"]);
    assert_eq!(scopes(json!({"scope": ["", "a", ""]})), ["a"]);
    assert_eq!(scopes(json!({"scope": "a", "scp": "b"})), ["a"]);
}

#[test]
fn a_verified_token_keeps_its_expiry() {
    let token = validate(&expectations(), &json!({}), json!({})).unwrap();
    assert_eq!(
        token.validity().expires_at(),
        Some(Timestamp::from_secs(2000))
    );
    assert_eq!(
        token.claims().member("sub").unwrap().as_written(),
        "\"alice\""
    );
}

/// Back-channel logout tokens are signed by the issuer, and name a user.
#[test]
fn a_logout_token_is_no_access_token() {
    let with = |events: Value| validate(&expectations(), &json!({}), json!({ "events": events }));
    let logout = json!({"http://schemas.openid.net/event/backchannel-logout": {}});
    assert_eq!(with(logout).err(), Some(Reason::TokenTypeMismatch));
    for other in [json!({}), json!({"https://other.example": {}}), json!("x")] {
        assert!(with(other.clone()).is_ok(), "{other}");
    }
}
