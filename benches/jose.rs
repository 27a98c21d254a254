//! What parsing a token costs, and the cryptography alone.

use std::hint::black_box;

use crate::support::{key, token};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256K1_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519,
    ML_DSA_44, ML_DSA_65, ML_DSA_87, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
    RsaParameters, RsaPublicKeyComponents,
};
use criterion::Criterion;
use doorward::domain::BearerToken;
use doorward::jose::{Algorithm, CompactJws, SigningKey, decode_base64url};
use serde_json::Value;

fn bearer(token: &str) -> BearerToken<'_> {
    BearerToken::parse(token.as_bytes(), 16_384).unwrap()
}

pub fn parse(criterion: &mut Criterion) {
    let token = token(&key(Algorithm::RS256));
    assert!((880..920).contains(&token.len()), "{} bytes", token.len());
    criterion.bench_function("parse", |bencher| {
        bencher.iter(|| CompactJws::parse(bearer(black_box(&token))).unwrap());
    });
}

/// The public half, for aws-lc-rs alone.
pub fn bare_key(key: &SigningKey) -> ParsedPublicKey {
    let jwk = key.to_public_jwk(None).unwrap();
    let member = |name: &str| decode_base64url(jwk.get(name).and_then(Value::as_str).unwrap()).unwrap();
    let rsa = |parameters: &'static RsaParameters| {
        RsaPublicKeyComponents { n: member("n"), e: member("e") }.to_parsed_public_key(parameters)
    };
    let point = || [vec![4], member("x"), member("y")].concat();
    match key.algorithm() {
        Algorithm::RS256 => rsa(&RSA_PKCS1_2048_8192_SHA256).unwrap(),
        Algorithm::RS384 => rsa(&RSA_PKCS1_2048_8192_SHA384).unwrap(),
        Algorithm::RS512 => rsa(&RSA_PKCS1_2048_8192_SHA512).unwrap(),
        Algorithm::PS256 => rsa(&RSA_PSS_2048_8192_SHA256).unwrap(),
        Algorithm::PS384 => rsa(&RSA_PSS_2048_8192_SHA384).unwrap(),
        Algorithm::PS512 => rsa(&RSA_PSS_2048_8192_SHA512).unwrap(),
        Algorithm::ES256 => ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point()).unwrap(),
        Algorithm::ES384 => ParsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point()).unwrap(),
        Algorithm::ES512 => ParsedPublicKey::new(&ECDSA_P521_SHA512_FIXED, point()).unwrap(),
        Algorithm::ES256K => ParsedPublicKey::new(&ECDSA_P256K1_SHA256_FIXED, point()).unwrap(),
        Algorithm::ML_DSA_44 => ParsedPublicKey::new(&ML_DSA_44, member("pub")).unwrap(),
        Algorithm::ML_DSA_65 => ParsedPublicKey::new(&ML_DSA_65, member("pub")).unwrap(),
        Algorithm::ML_DSA_87 => ParsedPublicKey::new(&ML_DSA_87, member("pub")).unwrap(),
        Algorithm::EdDSA => ParsedPublicKey::new(&ED25519, member("x")).unwrap(),
        other => unreachable!("{other} has no public key"),
    }
}
