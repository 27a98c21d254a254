//! RFC 8037: Ed25519 in JOSE.

use doorward::jose::{Algorithm, SigningKey, decode_base64url, encode_base64url};
use serde_json::{Map, Value, json};

use super::{assert_signed_by, gate_with_key, input_and_signature, sha256};

const TOKEN: &str = concat!(
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.",
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
);

fn public_key() -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
}

fn private_key() -> SigningKey {
    let mut jwk = public_key();
    jwk["d"] = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A".into();
    SigningKey::parse(&jwk.to_string(), None).unwrap()
}

#[test]
fn a1_a2_key_pair() {
    let gate = gate_with_key("joe", &public_key());
    let claims = json!({"iss": "joe", "exp": gate.clock.secs() + 60});
    assert_eq!(
        gate.verdict(&private_key().sign(&Map::new(), &claims).unwrap()),
        "200"
    );
}

#[test]
fn a3_thumbprint_as_key_name() {
    let thumbprint = sha256(
        r#"{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
    );
    assert_eq!(thumbprint, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    let mut jwk = public_key();
    jwk["kid"] = thumbprint.as_str().into();
    let gate = gate_with_key("joe", &jwk);
    let claims = json!({"iss": "joe", "exp": gate.clock.secs() + 60});
    assert_eq!(
        gate.verdict(
            &private_key()
                .with_id(thumbprint)
                .sign(&Map::new(), &claims)
                .unwrap()
        ),
        "200"
    );
}

#[test]
fn a4_signing() {
    let (input, signature) = input_and_signature(TOKEN);
    let own = private_key().signature(input.as_bytes()).unwrap();
    assert_eq!(
        encode_base64url(own),
        signature,
        "Ed25519 signs alike each time"
    );
    assert_eq!(
        decode_base64url(input.split('.').nth(1).unwrap()).unwrap(),
        b"Example of Ed25519 signing"
    );
}

#[test]
fn a5_validation() {
    let (input, signature) = input_and_signature(TOKEN);
    assert_signed_by(&public_key(), Algorithm::EdDSA, input, signature);
    assert_eq!(
        gate_with_key("joe", &public_key()).verdict(TOKEN),
        "401 claim_invalid"
    );
}
