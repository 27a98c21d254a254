//! RFC 9068: the JWT profile for access tokens.

use std::sync::Arc;

use doorward::jose::{Algorithm, SigningKey};
use serde_json::{Map, Value, json};

use super::{gate, key_set, verdict_at};
use crate::support::{TestGate, key};

const ISSUED_AT: i64 = 1_618_354_090;
const END: i64 = 1_639_528_912;

/// Section 3. The RFC publishes neither a key nor a signature, so the key is one of ours under its
/// name.
#[test]
fn section_3_access_token() {
    let (key, gate) = fixture();
    let token = sign(&key, "at+JWT", &claims());
    assert_eq!(verdict_at(&gate, ISSUED_AT, &token), "200");
    let answer = gate.get("/verify").bearer(&token).send();
    assert_eq!(answer.get("x-auth-subject"), Some("5ba552d67"));
    assert_eq!(answer.get("x-auth-client-id"), Some("s6BhdRkqt3"));
    assert_eq!(
        answer.get("x-auth-scopes"),
        Some("openid profile reademail")
    );
    assert_eq!(
        verdict_at(&gate, ISSUED_AT - 1, &token),
        "401 token_issued_in_future"
    );
    assert_eq!(verdict_at(&gate, END - 1, &token), "200");
    assert_eq!(verdict_at(&gate, END, &token), "401 token_expired");
}

/// Section 4: what a resource server must not take for an access token.
#[test]
fn section_4_validation() {
    let (key, gate) = fixture();
    let verdict = |token_type: &str, name: &str, value: Option<Value>| {
        let mut claims = claims();
        match value {
            Some(value) => claims[name] = value,
            None => drop(claims.as_object_mut().unwrap().remove(name)),
        }
        verdict_at(&gate, ISSUED_AT, &sign(&key, token_type, &claims))
    };
    assert_eq!(
        verdict("application/at+jwt", "jti", Some("another".into())),
        "200"
    );
    assert_eq!(
        verdict("JWT", "jti", Some("another".into())),
        "401 token_type_mismatch"
    );
    assert_eq!(
        verdict("at+JWT", "aud", Some("https://other.example.com/".into())),
        "401 audience_mismatch"
    );
    assert_eq!(
        verdict(
            "at+JWT",
            "iss",
            Some("https://authorization-server.example.com".into())
        ),
        "401 issuer_unknown"
    );
    for name in ["exp", "aud", "sub", "client_id", "iat", "jti"] {
        assert_eq!(verdict("at+JWT", name, None), "401 claim_missing", "{name}");
    }
}

fn fixture() -> (Arc<SigningKey>, TestGate) {
    let key = key(Algorithm::RS256);
    let jwks = key_set(&key.to_public_jwk(Some("RjEwOwOA")).unwrap());
    let gate = gate(&[
        ("ISSUER", "https://authorization-server.example.com/"),
        ("AUDIENCE", "https://rs.example.com/"),
        ("TOKEN_TYPE", "at+jwt"),
        ("JWKS", &jwks),
    ]);
    (key, gate)
}

fn sign(key: &SigningKey, token_type: &str, claims: &Value) -> String {
    let header = json!({"typ": token_type, "alg": "RS256", "kid": "RjEwOwOA"});
    let header: Map<String, Value> = serde_json::from_value(header).unwrap();
    key.sign(&header, claims).unwrap()
}

fn claims() -> Value {
    json!({
        "iss": "https://authorization-server.example.com/",
        "sub": "5ba552d67",
        "aud": "https://rs.example.com/",
        "exp": END,
        "iat": ISSUED_AT,
        "jti": "dbe39bf3a3ba4238a513f51d6e1691c4",
        "client_id": "s6BhdRkqt3",
        "scope": "openid profile reademail",
    })
}
