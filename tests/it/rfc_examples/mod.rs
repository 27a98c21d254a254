//! The examples that the RFCs publish, each with the answer that is right for it.
//!
//! Their signatures were made by others: that they verify shows both that the texts are the
//! published ones and that we read the RFCs as their authors do. `docs/correctness.md` has the
//! table.

mod index;
mod rfc7515;
mod rfc7517;
mod rfc7519;
mod rfc7520;
mod rfc7638;
mod rfc7797;
mod rfc8037;
mod rfc9068;

use std::time::Duration;

use doorward::jose::{
    Algorithm, Algorithms, KeySet, VerificationKey, decode_base64url, encode_base64url,
};
use serde_json::{Value, json};

use crate::support::{TestGate, TestIssuer};

/// The end of the claims that most examples have (RFC 7519 section 3.1).
const END_OF_JOES_CLAIMS: i64 = 1_300_819_380;

/// The secret of most examples with HMAC (RFC 7515 appendix A.1.1).
const SECRET: &str =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";

/// A service that asks for nothing an example may lack: any audience, and clocks that agree.
fn gate(settings: &[(&str, &str)]) -> TestGate {
    let plain = TestGate::new().set("AUDIENCE", "*").set("LEEWAY", "0s");
    settings
        .iter()
        .fold(plain, |gate, (name, value)| gate.set(name, *value))
        .spawn()
}

/// A service that knows this one key, for tokens of this issuer.
fn gate_with_key(issuer: &str, jwk: &Value) -> TestGate {
    gate(&[("ISSUER", issuer), ("JWKS", &key_set(jwk))])
}

/// A service that knows this one secret, in base64url, for tokens of this issuer.
fn gate_with_secret(issuer: &str, secret: &str) -> TestGate {
    gate(&[
        ("ISSUER", issuer),
        ("HMAC_SECRET", secret),
        ("HMAC_SECRET_ENCODING", "base64"),
    ])
}

/// A service that knows some key; for examples that are refused before any key counts.
fn any_gate() -> TestGate {
    gate(&[("ISSUER", "joe"), ("JWKS", &TestIssuer::new().jwks())])
}

/// The verdict about this token at this second.
fn verdict_at(gate: &TestGate, second: i64, token: &str) -> String {
    let ahead = second - gate.clock.secs();
    match u64::try_from(ahead) {
        Ok(ahead) => gate.clock.set_ahead(Duration::from_secs(ahead)),
        Err(_) => gate
            .clock
            .set_back(Duration::from_secs(ahead.unsigned_abs())),
    }
    gate.verdict(token)
}

fn key_set(jwk: &Value) -> String {
    json!({ "keys": [jwk] }).to_string()
}

/// Asserts that this JWK made the signature, and did not make one that differs by a bit.
fn assert_signed_by(jwk: &Value, algorithm: Algorithm, input: &str, signature: &str) {
    let keys =
        KeySet::from_jwks(key_set(jwk).as_bytes(), &Algorithms::new(vec![algorithm])).unwrap();
    assert_signed(keys.iter().next().unwrap(), input, signature);
}

/// The same for a secret in base64url.
fn assert_signed_with(secret: &str, input: &str, signature: &str) {
    let secret = decode_base64url(secret).unwrap();
    assert_signed(
        &VerificationKey::secret(Algorithm::HS256, &secret).unwrap(),
        input,
        signature,
    );
}

fn assert_signed(key: &VerificationKey, input: &str, signature: &str) {
    let mut signature = decode_base64url(signature).unwrap();
    assert!(
        key.verify(input.as_bytes(), &signature),
        "the signature of {input}"
    );
    signature[0] ^= 1;
    assert!(
        !key.verify(input.as_bytes(), &signature),
        "another signature of {input}"
    );
}

/// What is signed, and the signature.
fn input_and_signature(token: &str) -> (&str, &str) {
    token.rsplit_once('.').unwrap()
}

/// The SHA-256 of these bytes in base64url, which is how a thumbprint is written (RFC 7638 section
/// 3).
fn sha256(bytes: &str) -> String {
    encode_base64url(aws_lc_rs::digest::digest(
        &aws_lc_rs::digest::SHA256,
        bytes.as_bytes(),
    ))
}
