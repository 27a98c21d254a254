//! RFC 7517: JSON Web Key.

use doorward::jose::SigningKey;
use serde_json::{Map, Value, json};

use super::{SECRET, gate};
use crate::support::TestGate;

/// The modulus of the RSA key in all of its examples.
const N: &str = concat!(
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjB",
    "ZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8",
    "KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_",
    "xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
);

fn private_elliptic_curve_key() -> Value {
    with(
        public_elliptic_curve_key(),
        json!({"d": "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE"}),
    )
}

fn public_elliptic_curve_key() -> Value {
    json!({
        "kty": "EC", "crv": "P-256", "use": "enc", "kid": "1",
        "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
    })
}

/// Also the key of RFC 7638 section 3.1.
pub(super) fn public_rsa_key() -> Value {
    json!({"kty": "RSA", "n": N, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"})
}

pub(super) fn private_rsa_key() -> Value {
    let d = concat!(
        "X4cTteJY_gn4FYPsXB8rdXix5vwsg1FLN5E3EaG6RJoVH-HLLKD9M7dx5oo7GURknchnrRweUkC7hT5fJLM0WbFAKNLWY2vv7B6N",
        "qXSzUvxT0_YSfqijwp3RTzlBaCxWp4doFk5N2o8Gy_nHNKroADIkJ46pRUohsXywbReAdYaMwFs9tv8d_cPVY3i07a3t8MN6TNwm",
        "0dSawm9v47UiCl3Sk5ZiG7xojPLu4sbg1U2jx4IBTNBznbJSzFHK66jT8bgkuqsk0GjskDJk19Z4qwjwbsnn4j2WBii3RL-Us2lG",
        "VkY8fkFzme1z0HbIkfz0Y6mqnOYtqc0X4jfcKoAC8Q",
    );
    let p = concat!(
        "83i-7IvMGXoMXCskv73TKr8637FiO7Z27zv8oj6pbWUQyLPQBQxtPVnwD20R-60eTDmD2ujnMt5PoqMrm8RfmNhVWDtjjMmCMjOp",
        "SXicFHj7XOuVIYQyqVWlWEh6dN36GVZYk93N8Bc9vY41xy8B9RzzOGVQzXvNEvn7O0nVbfs",
    );
    let q = concat!(
        "3dfOR9cuYq-0S-mkFLzgItgMEfFzB2q3hWehMuG0oCuqnb3vobLyumqjVZQO1dIrdwgTnCdpYzBcOfW5r370AFXjiWft_NGEiovo",
        "nizhKpo9VVS78TzFgxkIdrecRezsZ-1kYd_s1qDbxtkDEgfAITAG9LUnADun4vIcb6yelxk",
    );
    let dp = concat!(
        "G4sPXkc6Ya9y8oJW9_ILj4xuppu0lzi_H7VTkS8xj5SdX3coE0oimYwxIi2emTAue0UOa5dpgFGyBJ4c8tQ2VF402XRugKDTP8ak",
        "YhFo5tAA77Qe_NmtuYZc3C3m3I24G2GvR5sSDxUyAN2zq8Lfn9EUms6rY3Ob8YeiKkTiBj0",
    );
    let dq = concat!(
        "s9lAH9fggBsoFR8Oac2R_E2gw282rT2kGOAhvIllETE1efrA6huUUvMfBcMpn8lqeW6vzznYY5SSQF7pMdC_agI3nG8Ibp1BUb0J",
        "UiraRNqUfLhcQb_d9GF4Dh7e74WbRsobRonujTYN1xCaP6TO61jvWrX-L18txXw494Q_cgk",
    );
    let qi = concat!(
        "GyM_p6JrXySiz1toFgKbWV-JdI3jQ4ypu9rbMWx3rQJBfmt0FoYzgUIZEVFEcOqwemRN81zoDAaa-Bk0KWNGDjJHZDdDmFhW3AN7",
        "lI-puxk_mHZGJ11rxyR8O55XLSe3SPmRfKwZI6yU24ZxvQKFYItdldUKGzO6Ia6zTKhAVRU",
    );
    with(
        public_rsa_key(),
        json!({"d": d, "p": p, "q": q, "dp": dp, "dq": dq, "qi": qi}),
    )
}

#[test]
fn a1_public_keys() {
    let gate = gate_with_keys(&[public_elliptic_curve_key(), public_rsa_key()]);
    let status = issuer_status(&gate);
    assert_eq!(status["keys"][0]["private_part_published"], false);
    assert_usable(&gate, &status);
}

#[test]
fn a2_private_keys() {
    let gate = gate_with_keys(&[private_elliptic_curve_key(), private_rsa_key()]);
    let status = issuer_status(&gate);
    assert_eq!(status["keys"][0]["private_part_published"], true);
    assert_usable(&gate, &status);
}

#[test]
fn a3_symmetric_keys() {
    let keys = json!([
        {"kty": "oct", "alg": "A128KW", "k": "GawgguFyGrWKav7AX4VKUg"},
        {"kty": "oct", "k": SECRET, "kid": "HMAC key used in JWS A.1 example"},
    ]);
    let settings = TestGate::new().set("ISSUER", "joe").set("AUDIENCE", "*");
    let refused = settings
        .set("JWKS", json!({ "keys": keys }).to_string())
        .configuration()
        .unwrap_err();
    assert_eq!(
        refused.matches("a shared secret in a key set").count(),
        2,
        "{refused}"
    );
}

/// The RSA key makes tokens that pass; the other one is for encryption, and what it signs has no
/// key here.
fn assert_usable(gate: &TestGate, status: &Value) {
    let ids = |list: &str| {
        status[list]
            .as_array()
            .unwrap()
            .iter()
            .map(|key| key["id"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids("keys"), [json!("2011-04-29")]);
    assert_eq!(
        (&status["refused_keys"], &status["encryption_keys"]),
        (&json!([]), &json!(["1"]))
    );
    assert_eq!(gate.verdict(&signed_by(&private_rsa_key(), gate)), "200");
    assert_eq!(
        gate.verdict(&signed_by(&private_elliptic_curve_key(), gate)),
        "401 key_unknown"
    );
}

fn signed_by(private: &Value, gate: &TestGate) -> String {
    let claims = json!({"iss": "joe", "exp": gate.clock.secs() + 60});
    SigningKey::parse(&private.to_string(), None)
        .unwrap()
        .sign(&Map::new(), &claims)
        .unwrap()
}

fn gate_with_keys(keys: &[Value]) -> TestGate {
    gate(&[
        ("ISSUER", "joe"),
        ("JWKS", &json!({ "keys": keys }).to_string()),
    ])
}

fn issuer_status(gate: &TestGate) -> Value {
    gate.admin("/status").send().json()["issuers"][0].clone()
}

fn with(mut jwk: Value, members: Value) -> Value {
    let Value::Object(members) = members else {
        panic!("no members")
    };
    jwk.as_object_mut().unwrap().extend(members);
    jwk
}
