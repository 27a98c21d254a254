//! JSON Web Keys (RFC 7517, RFC 7518 section 6, RFC 8037 section 2, RFC 8812 section 3.1, RFC 9964
//! section 4).
//!
//! Keys are checked when they are loaded. A bad key then shows up in `/status`, and not as an
//! endless series of bad signatures.

use std::borrow::Cow;

use curve25519_dalek::edwards::CompressedEdwardsY;

use super::base64url::decode_padded_base64url;
use super::json::{Json, Object};
use super::key::curve_algorithm;
use super::{Algorithm, Algorithms, Family, VerificationKey, roca};

/// The reason why an entry of a key set is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwkRefusal {
    /// The entry is not an object, or not a strict one.
    #[error("not a JSON object, or a member is repeated")]
    NotAnObject,
    /// A member is missing or of the wrong type or encoding.
    #[error("member `{0}` is missing or malformed")]
    Member(&'static str),
    /// The key is for encryption, as `use`, `key_ops` or `alg` say. This is not an error.
    #[error("meant for encryption")]
    Encryption,
    /// The key is for another use than signatures (`use`).
    #[error("meant for another use than signatures")]
    Use,
    /// The key is not for verifying (`key_ops`).
    #[error("not meant for verifying")]
    Operations,
    /// The key is a shared secret (`kty` `oct`), which is no secret in a key set.
    #[error("a shared secret in a key set")]
    Secret,
    /// The key type or the curve is not supported.
    #[error("unsupported key type or curve")]
    Unsupported,
    /// `alg` is not supported, or is not one for this type of key.
    #[error("unsupported algorithm, or not one for this type of key")]
    Algorithm,
    /// The issuer's `algorithms` do not include any for this key.
    #[error("its algorithm is not in the issuer's list")]
    NotAllowed,
    /// The RSA modulus does not have 2048 to 8192 bits (RFC 7518 section 3.3).
    #[error("{0} bits, but RSA keys need 2048 to 8192")]
    RsaBits(usize),
    /// The RSA exponent is even, below 3 or above 33 bits.
    #[error("a bad RSA exponent")]
    RsaExponent,
    /// The RSA modulus has the fingerprint of a library whose keys can be factored.
    #[error("made by a library whose keys can be factored (ROCA, CVE-2017-15361)")]
    Roca,
    /// The point is not on the curve, or has the wrong length.
    #[error("not a point of its curve")]
    Point,
    /// The key is a point of small order, or a lattice key of zeros: anyone can sign for it without
    /// a private key.
    #[error("a degenerate key, for which anyone can sign")]
    Degenerate,
    /// The length of a lattice key is not the one of its algorithm.
    #[error("{0} bytes, but {1} keys have another length")]
    Length(usize, Algorithm),
    /// The key is invalid in another way, or the cryptographic library refused it.
    #[error("not a usable key")]
    Unusable,
    /// Another entry has the same `kid` and `alg` but other material or another issuer, so that it
    /// is unclear which of them is meant.
    #[error("another key has the same id and algorithm")]
    Duplicate,
}

impl VerificationKey {
    /// Reads one entry of a key set. Returns a key for each algorithm that it may be used with: at
    /// least one.
    ///
    /// Private members are ignored, but their presence is recorded. Certificates (`x5c`) are
    /// ignored.
    pub(super) fn from_jwk(
        jwk: &Object<'_>,
        allowed: &Algorithms,
    ) -> Result<Vec<Self>, JwkRefusal> {
        refuse_other_uses(jwk)?;
        let id = optional_text(jwk, "kid")?.map(Cow::into_owned);
        let mut keys = match &*text(jwk, "kty")? {
            "RSA" => rsa(jwk, allowed)?,
            "EC" => vec![elliptic_curve(jwk)?],
            "OKP" => vec![edwards(jwk)?],
            "AKP" => vec![lattice(jwk)?],
            "oct" => return Err(JwkRefusal::Secret),
            _ => return Err(JwkRefusal::Unsupported),
        };
        keys.retain(|key| allowed.contains(key.algorithm()));
        if keys.is_empty() {
            return Err(JwkRefusal::NotAllowed);
        }
        let private_part_published = PRIVATE_MEMBERS
            .iter()
            .any(|name| non_empty_member(jwk, name).is_some());
        // An `issuer` that is not a string still limits the key to some issuer. If it counted as
        // absent, the key would be valid for all of them.
        let issuer = jwk
            .get("issuer")
            .map(|issuer| issuer.string().ok_or(JwkRefusal::Member("issuer")))
            .transpose()?;
        let issuer = issuer.map(Cow::into_owned);
        let named = |key: Self| key.with_id(id.clone()).with_issuer(issuer.clone());
        let keys = keys.into_iter().map(named);
        Ok(keys
            .map(|key| key.with_private_part_published(private_part_published))
            .collect())
    }
}

/// The members of a private key (RFC 7518 sections 6.2.2 and 6.3.2, RFC 8037 section 2, RFC 9964
/// section 4).
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "priv"];

/// The operations (`key_ops`) of a key for encryption (RFC 7517 section 4.3).
const ENCRYPTION: [&str; 6] = [
    "encrypt",
    "decrypt",
    "wrapKey",
    "unwrapKey",
    "deriveKey",
    "deriveBits",
];

/// Refuses a key that is not for verifying signatures, by its `use`, `key_ops` and `alg`.
fn refuse_other_uses(jwk: &Object<'_>) -> Result<(), JwkRefusal> {
    let purpose = optional_text(jwk, "use")?;
    match purpose.as_deref() {
        Some("enc") => return Err(JwkRefusal::Encryption),
        // Without `use`, the algorithm decides.
        None if optional_text(jwk, "alg")?.is_some_and(|name| encrypts(&name)) => {
            return Err(JwkRefusal::Encryption);
        }
        Some("sig") | None => {}
        Some(_) => return Err(JwkRefusal::Use),
    }
    let Some(operations) = non_empty_member(jwk, "key_ops") else {
        return Ok(());
    };
    let operations = operations.elements().ok_or(JwkRefusal::Member("key_ops"))?;
    let operations: Vec<_> = operations
        .iter()
        .filter_map(|operation| operation.string())
        .collect();
    if operations.iter().any(|operation| operation == "verify") {
        return Ok(());
    }
    let is_for_encryption = |operation: &Cow<'_, str>| ENCRYPTION.contains(&&**operation);
    let encrypts_only =
        purpose.is_none() && !operations.is_empty() && operations.iter().all(is_for_encryption);
    Err(if encrypts_only {
        JwkRefusal::Encryption
    } else {
        JwkRefusal::Operations
    })
}

/// Returns `true` for an algorithm with which a public key encrypts (RFC 7518 section 4.1).
fn encrypts(algorithm: &str) -> bool {
    ["RSA1_5", "RSA-OAEP", "ECDH-ES"]
        .iter()
        .any(|name| algorithm.starts_with(name))
}

/// Reads an RSA key. A key without `alg` gets every RSA algorithm on the issuer's list, which then
/// decides which of them sign tokens (RFC 8725 section 3.1).
fn rsa(jwk: &Object<'_>, allowed: &Algorithms) -> Result<Vec<VerificationKey>, JwkRefusal> {
    let algorithms = match stated_algorithm(jwk, Family::Rsa)? {
        Some(only) => vec![only],
        None => allowed.of_family(Family::Rsa),
    };
    rsa_keys(&algorithms, &bytes(jwk, "n")?, &bytes(jwk, "e")?)
}

/// Checks an RSA key, and returns a key for each of these algorithms. Leading zeros, which some
/// Java issuers send, are removed.
pub(super) fn rsa_keys(
    algorithms: &[Algorithm],
    modulus: &[u8],
    exponent: &[u8],
) -> Result<Vec<VerificationKey>, JwkRefusal> {
    let (modulus, exponent) = (
        without_leading_zeros(modulus),
        without_leading_zeros(exponent),
    );
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
    if roca::has_fingerprint(modulus) {
        return Err(JwkRefusal::Roca);
    }
    let key = |algorithm: &Algorithm| {
        VerificationKey::rsa(*algorithm, modulus, exponent).ok_or(JwkRefusal::Unusable)
    };
    algorithms.iter().map(key).collect()
}

/// Reads a key on one of the NIST curves or on secp256k1.
fn elliptic_curve(jwk: &Object<'_>) -> Result<VerificationKey, JwkRefusal> {
    let algorithm_of_curve = curve_algorithm(&text(jwk, "crv")?).ok_or(JwkRefusal::Unsupported)?;
    let coordinate_length = match algorithm_of_curve {
        Algorithm::ES256 | Algorithm::ES256K => 32,
        Algorithm::ES384 => 48,
        Algorithm::ES512 => 66,
        _ => return Err(JwkRefusal::Unsupported),
    };
    let algorithm = stated_algorithm(jwk, Family::EllipticCurve)?.unwrap_or(algorithm_of_curve);
    if algorithm != algorithm_of_curve {
        return Err(JwkRefusal::Algorithm);
    }
    let coordinate =
        |name| coordinate(&bytes(jwk, name)?, coordinate_length).ok_or(JwkRefusal::Point);
    let (x, y) = (coordinate("x")?, coordinate("y")?);
    let point = [&[UNCOMPRESSED_POINT], x.as_slice(), y.as_slice()].concat();
    VerificationKey::encoded(algorithm, &point).ok_or(JwkRefusal::Point)
}

/// Returns a coordinate in the length of its field (RFC 7518 section 6.2.1.2), or `None` if it is
/// empty or too long. Some libraries remove leading zeros, and some add one as for a signed number.
/// The number stays the same, and only a point on the curve becomes a key.
fn coordinate(bytes: &[u8], length: usize) -> Option<Vec<u8>> {
    let number = without_leading_zeros(bytes);
    let zeros = length
        .checked_sub(number.len())
        .filter(|_| !bytes.is_empty())?;
    Some([vec![0; zeros].as_slice(), number].concat())
}

/// The first byte of an uncompressed point (SEC 1 section 2.3.3).
const UNCOMPRESSED_POINT: u8 = 4;

/// Reads an Ed25519 key.
fn edwards(jwk: &Object<'_>) -> Result<VerificationKey, JwkRefusal> {
    let algorithm_of_curve = curve_algorithm(&text(jwk, "crv")?)
        .filter(|algorithm| algorithm.family() == Family::Edwards);
    let algorithm_of_curve = algorithm_of_curve.ok_or(JwkRefusal::Unsupported)?;
    let algorithm = stated_algorithm(jwk, Family::Edwards)?.unwrap_or(algorithm_of_curve);
    edwards_key(algorithm, &bytes(jwk, "x")?)
}

/// Checks an Ed25519 key. aws-lc does not check the point before it verifies a signature.
pub(super) fn edwards_key(
    algorithm: Algorithm,
    encoded: &[u8],
) -> Result<VerificationKey, JwkRefusal> {
    let compressed = CompressedEdwardsY::from_slice(encoded).map_err(|_| JwkRefusal::Point)?;
    let point = compressed.decompress().ok_or(JwkRefusal::Point)?;
    // Several encodings of one point (RFC 8032 section 5.1.3, step 1) would make two keys of one.
    if point.compress() != compressed {
        return Err(JwkRefusal::Point);
    }
    if point.is_small_order() {
        return Err(JwkRefusal::Degenerate);
    }
    VerificationKey::encoded(algorithm, encoded).ok_or(JwkRefusal::Unusable)
}

/// Reads an ML-DSA key. Only `alg` names its parameter set, so that it is required (RFC 9964
/// section 4).
fn lattice(jwk: &Object<'_>) -> Result<VerificationKey, JwkRefusal> {
    let algorithm = stated_algorithm(jwk, Family::Lattice)?.ok_or(JwkRefusal::Algorithm)?;
    lattice_key(algorithm, &bytes(jwk, "pub")?)
}

/// Checks an ML-DSA key.
pub(super) fn lattice_key(
    algorithm: Algorithm,
    encoded: &[u8],
) -> Result<VerificationKey, JwkRefusal> {
    // Lengths in bytes (FIPS 204 table 2).
    let length = match algorithm {
        Algorithm::ML_DSA_44 => 1312,
        Algorithm::ML_DSA_65 => 1952,
        Algorithm::ML_DSA_87 => 2592,
        _ => return Err(JwkRefusal::Algorithm),
    };
    if encoded.len() != length {
        return Err(JwkRefusal::Length(encoded.len(), algorithm));
    }
    // The first 32 bytes are a seed; t1, the key itself, follows (FIPS 204 algorithm 22).
    if encoded.iter().skip(32).all(|byte| *byte == 0) {
        return Err(JwkRefusal::Degenerate);
    }
    VerificationKey::encoded(algorithm, encoded).ok_or(JwkRefusal::Unusable)
}

/// Returns `alg`, if the key has one. Fails if it is not for this type of key.
fn stated_algorithm(jwk: &Object<'_>, family: Family) -> Result<Option<Algorithm>, JwkRefusal> {
    let Some(name) = optional_text(jwk, "alg")? else {
        return Ok(None);
    };
    let algorithm: Algorithm = name.parse().map_err(|_| JwkRefusal::Algorithm)?;
    if algorithm.family() == family {
        Ok(Some(algorithm))
    } else {
        Err(JwkRefusal::Algorithm)
    }
}

/// Returns a member that is not empty. Some serialisers write an absent member as `null`, an empty
/// text or an empty list.
pub(super) fn non_empty_member<'a>(jwk: &Object<'a>, name: &str) -> Option<Json<'a>> {
    let is_empty = |value: Json<'_>| {
        value.is_null()
            || value.string().is_some_and(|text| text.is_empty())
            || value.elements().is_some_and(|elements| elements.is_empty())
    };
    jwk.get(name).filter(|value| !is_empty(*value))
}

/// Returns a member that must be a string if it is not empty.
fn optional_text<'a>(
    jwk: &Object<'a>,
    name: &'static str,
) -> Result<Option<Cow<'a, str>>, JwkRefusal> {
    non_empty_member(jwk, name)
        .map(|value| value.string().ok_or(JwkRefusal::Member(name)))
        .transpose()
}

/// Returns a member that must be a string.
fn text<'a>(jwk: &Object<'a>, name: &'static str) -> Result<Cow<'a, str>, JwkRefusal> {
    jwk.get(name)
        .and_then(Json::string)
        .ok_or(JwkRefusal::Member(name))
}

/// Decodes a member that must be base64url, with or without padding.
fn bytes(jwk: &Object<'_>, name: &'static str) -> Result<Vec<u8>, JwkRefusal> {
    decode_padded_base64url(&text(jwk, name)?).ok_or(JwkRefusal::Member(name))
}

fn without_leading_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

fn bit_length(bytes: &[u8]) -> usize {
    bytes
        .first()
        .map_or(0, |first| bytes.len() * 8 - first.leading_zeros() as usize)
}
