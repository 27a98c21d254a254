//! JSON Web Keys (RFC 7517, RFC 7518 section 6, RFC 8037 section 2).
//!
//! A key is vetted when it is loaded, so that a bad one shows in `/status` and not as an endless row of bad signatures.

use serde_json::{Map, Value};

use super::key::curve_algorithm;
use super::{Algorithm, Algorithms, Family, VerificationKey, decode_base64url};

/// Why an entry of a key set is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwkRefusal {
    /// The entry is not an object.
    #[error("not a JSON object")]
    NotAnObject,
    /// A member is missing or of the wrong type or encoding.
    #[error("member `{0}` is missing or malformed")]
    Member(&'static str),
    /// The key is not for signatures (`use`).
    #[error("meant for another use than signatures")]
    Use,
    /// The key is not for verifying (`key_ops`).
    #[error("not meant for verifying")]
    Operations,
    /// A shared secret in a public place is no secret (`kty` `oct`).
    #[error("a shared secret in a key set")]
    Secret,
    /// We know no such key type or curve.
    #[error("unsupported key type or curve")]
    Unsupported,
    /// `alg` is unknown to us, or not one for this type of key.
    #[error("unsupported algorithm, or not one for this type of key")]
    Algorithm,
    /// The issuer's `algorithms` leave this key out.
    #[error("its algorithm is not in the issuer's list")]
    NotAllowed,
    /// RSA keys have 2048 to 8192 bits here (RFC 7518 section 3.3).
    #[error("{0} bits, but RSA keys need 2048 to 8192")]
    RsaBits(usize),
    /// The RSA exponent is even, below 3 or above 33 bits.
    #[error("a bad RSA exponent")]
    RsaExponent,
    /// The point is not on the curve, or has the wrong length.
    #[error("not a point of its curve")]
    Point,
    /// The library refused the key.
    #[error("not a usable key")]
    Unusable,
    /// Another entry has the same `kid` and `alg` and other material: nobody knows which one is meant.
    #[error("another key has the same id and algorithm")]
    Duplicate,
}

impl VerificationKey {
    /// Reads one entry of a key set.
    ///
    /// Private members are ignored; certificates (`x5c`) are not looked at.
    pub(super) fn from_jwk(entry: &Value, allowed: &Algorithms) -> Result<Self, JwkRefusal> {
        let jwk = entry.as_object().ok_or(JwkRefusal::NotAnObject)?;
        refuse_other_uses(jwk)?;
        let id = optional_text(jwk, "kid")?.map(str::to_owned);
        let key = match text(jwk, "kty")? {
            "RSA" => rsa(jwk, allowed)?,
            "EC" => elliptic_curve(jwk)?,
            "OKP" => edwards(jwk)?,
            "oct" => return Err(JwkRefusal::Secret),
            _ => return Err(JwkRefusal::Unsupported),
        };
        if !allowed.contains(key.algorithm()) {
            return Err(JwkRefusal::NotAllowed);
        }
        Ok(key.with_id(id))
    }
}

fn refuse_other_uses(jwk: &Map<String, Value>) -> Result<(), JwkRefusal> {
    if optional_text(jwk, "use")?.is_some_and(|purpose| purpose != "sig") {
        return Err(JwkRefusal::Use);
    }
    match jwk.get("key_ops") {
        None => Ok(()),
        Some(Value::Array(operations)) if operations.iter().any(|operation| operation == "verify") => Ok(()),
        Some(Value::Array(_)) => Err(JwkRefusal::Operations),
        Some(_) => Err(JwkRefusal::Member("key_ops")),
    }
}

fn rsa(jwk: &Map<String, Value>, allowed: &Algorithms) -> Result<VerificationKey, JwkRefusal> {
    let usual = allowed.first_of(Family::Rsa).or(Family::Rsa.usual_algorithm());
    let algorithm = algorithm(jwk, Family::Rsa, usual)?;
    rsa_key(algorithm, &bytes(jwk, "n")?, &bytes(jwk, "e")?)
}

/// Vets an RSA key. Leading zeros, which some Java issuers send, are cut off.
pub(super) fn rsa_key(algorithm: Algorithm, modulus: &[u8], exponent: &[u8]) -> Result<VerificationKey, JwkRefusal> {
    let (modulus, exponent) = (without_leading_zeros(modulus), without_leading_zeros(exponent));
    let bits = bit_length(modulus);
    if !(2048..=8192).contains(&bits) {
        return Err(JwkRefusal::RsaBits(bits));
    }
    let odd = exponent.last().is_some_and(|last| last % 2 == 1);
    if !odd || !(2..=33).contains(&bit_length(exponent)) {
        return Err(JwkRefusal::RsaExponent);
    }
    // The product of two large primes is odd.
    if modulus.last().is_none_or(|last| last % 2 == 0) {
        return Err(JwkRefusal::Unusable);
    }
    VerificationKey::rsa(algorithm, modulus, exponent).ok_or(JwkRefusal::Unusable)
}

fn elliptic_curve(jwk: &Map<String, Value>) -> Result<VerificationKey, JwkRefusal> {
    let (curve_algorithm, coordinate_length) = match text(jwk, "crv")? {
        "P-256" => (Algorithm::ES256, 32),
        "P-384" => (Algorithm::ES384, 48),
        _ => return Err(JwkRefusal::Unsupported),
    };
    let algorithm = algorithm(jwk, Family::EllipticCurve, Some(curve_algorithm))?;
    if algorithm != curve_algorithm {
        return Err(JwkRefusal::Algorithm);
    }
    let (x, y) = (bytes(jwk, "x")?, bytes(jwk, "y")?);
    if x.len() != coordinate_length || y.len() != coordinate_length {
        return Err(JwkRefusal::Point);
    }
    let point = [&[UNCOMPRESSED_POINT], x.as_slice(), y.as_slice()].concat();
    VerificationKey::curve(algorithm, &point).ok_or(JwkRefusal::Point)
}

/// The first byte of a point that is written out in full (SEC 1 section 2.3.3).
const UNCOMPRESSED_POINT: u8 = 4;

fn edwards(jwk: &Map<String, Value>) -> Result<VerificationKey, JwkRefusal> {
    let algorithm_of_curve =
        curve_algorithm(text(jwk, "crv")?).filter(|algorithm| algorithm.family() == Family::Edwards);
    let algorithm_of_curve = algorithm_of_curve.ok_or(JwkRefusal::Unsupported)?;
    let algorithm = algorithm(jwk, Family::Edwards, Some(algorithm_of_curve))?;
    let point = bytes(jwk, "x")?;
    if point.len() != 32 {
        return Err(JwkRefusal::Point);
    }
    VerificationKey::curve(algorithm, &point).ok_or(JwkRefusal::Point)
}

fn algorithm(jwk: &Map<String, Value>, family: Family, usual: Option<Algorithm>) -> Result<Algorithm, JwkRefusal> {
    let algorithm = match optional_text(jwk, "alg")? {
        Some(name) => name.parse().map_err(|_| JwkRefusal::Algorithm)?,
        None => usual.ok_or(JwkRefusal::Algorithm)?,
    };
    if algorithm.family() == family { Ok(algorithm) } else { Err(JwkRefusal::Algorithm) }
}

fn optional_text<'a>(jwk: &'a Map<String, Value>, name: &'static str) -> Result<Option<&'a str>, JwkRefusal> {
    jwk.get(name).map(|value| value.as_str().ok_or(JwkRefusal::Member(name))).transpose()
}

fn text<'a>(jwk: &'a Map<String, Value>, name: &'static str) -> Result<&'a str, JwkRefusal> {
    optional_text(jwk, name)?.ok_or(JwkRefusal::Member(name))
}

fn bytes(jwk: &Map<String, Value>, name: &'static str) -> Result<Vec<u8>, JwkRefusal> {
    decode_base64url(text(jwk, name)?).ok_or(JwkRefusal::Member(name))
}

fn without_leading_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

fn bit_length(bytes: &[u8]) -> usize {
    bytes.first().map_or(0, |first| bytes.len() * 8 - first.leading_zeros() as usize)
}
