//! Keys that verify signatures.

use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384,
    RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents, VerificationAlgorithm,
};
use aws_lc_rs::{digest, hmac};

use super::{Algorithm, Family};

/// A key with the one algorithm it may be used with (RFC 8725 section 3.1), parsed once.
pub struct VerificationKey {
    id: Option<String>,
    algorithm: Algorithm,
    material: Material,
    fingerprint: KeyFingerprint,
}

enum Material {
    Public(ParsedPublicKey),
    Secret(Box<hmac::Key>),
}

/// A digest of algorithm and key material. Two keys are the same key if and only if theirs are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyFingerprint([u8; 32]);

/// A secret shorter than the hash it is used with (RFC 7518 section 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{actual} bytes, but {algorithm} needs at least {required}")]
pub struct WeakSecret {
    /// The algorithm the secret was meant for.
    pub algorithm: Algorithm,
    /// The length of the secret, in bytes.
    pub actual: usize,
    /// The least length, in bytes.
    pub required: usize,
}

impl VerificationKey {
    /// A shared secret for one of the HS algorithms.
    pub fn secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, WeakSecret> {
        let (hash, required) = match algorithm {
            Algorithm::HS384 => (hmac::HMAC_SHA384, 48),
            Algorithm::HS512 => (hmac::HMAC_SHA512, 64),
            _ => (hmac::HMAC_SHA256, 32),
        };
        if secret.len() < required {
            return Err(WeakSecret { algorithm, actual: secret.len(), required });
        }
        let material = Material::Secret(Box::new(hmac::Key::new(hash, secret)));
        Ok(Self { id: None, algorithm, material, fingerprint: KeyFingerprint::of(algorithm, &[secret]) })
    }

    /// An RSA key; modulus and exponent are big-endian without leading zeros.
    pub(super) fn rsa(algorithm: Algorithm, modulus: &[u8], exponent: &[u8]) -> Option<Self> {
        let components = RsaPublicKeyComponents { n: modulus, e: exponent };
        let key = components.to_parsed_public_key(rsa_parameters(algorithm)?).ok()?;
        Some(Self::public(algorithm, key, &[modulus, exponent]))
    }

    /// An EC key as an uncompressed point, or an Edwards key as it is encoded.
    pub(super) fn curve(algorithm: Algorithm, point: &[u8]) -> Option<Self> {
        let parameters: &'static dyn VerificationAlgorithm = match algorithm {
            Algorithm::ES256 => &ECDSA_P256_SHA256_FIXED,
            Algorithm::ES384 => &ECDSA_P384_SHA384_FIXED,
            Algorithm::EdDSA => &ED25519,
            _ => return None,
        };
        let key = ParsedPublicKey::new(parameters, point).ok()?;
        Some(Self::public(algorithm, key, &[point]))
    }

    fn public(algorithm: Algorithm, key: ParsedPublicKey, material: &[&[u8]]) -> Self {
        let fingerprint = KeyFingerprint::of(algorithm, material);
        Self { id: None, algorithm, material: Material::Public(key), fingerprint }
    }

    pub(super) fn with_id(self, id: Option<String>) -> Self {
        Self { id, ..self }
    }

    /// The key's identifier (`kid`), if it has one.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The one algorithm this key is used with.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// What tells this key from any other.
    pub const fn fingerprint(&self) -> KeyFingerprint {
        self.fingerprint
    }

    /// Whether `signature` is this key's signature of `message`.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Public(key) => key.verify_sig(message, signature).is_ok(),
            // Compares in constant time.
            Material::Secret(key) => hmac::verify(key, message, signature).is_ok(),
        }
    }
}

impl fmt::Debug for VerificationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerificationKey")
            .field("id", &self.id)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

impl KeyFingerprint {
    fn of(algorithm: Algorithm, material: &[&[u8]]) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(algorithm.name().as_bytes());
        for part in material {
            // The length in front keeps ("ab", "c") and ("a", "bc") apart.
            context.update(&part.len().to_be_bytes());
            context.update(part);
        }
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(context.finish().as_ref());
        Self(fingerprint)
    }
}

const fn rsa_parameters(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    Some(match algorithm {
        Algorithm::RS256 => &RSA_PKCS1_2048_8192_SHA256,
        Algorithm::RS384 => &RSA_PKCS1_2048_8192_SHA384,
        Algorithm::RS512 => &RSA_PKCS1_2048_8192_SHA512,
        Algorithm::PS256 => &RSA_PSS_2048_8192_SHA256,
        Algorithm::PS384 => &RSA_PSS_2048_8192_SHA384,
        Algorithm::PS512 => &RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}

/// The algorithm a key is used with when nobody said: exactly one by its type.
pub(super) const fn curve_algorithm(curve: &str) -> Option<Algorithm> {
    match curve.as_bytes() {
        b"P-256" => Some(Algorithm::ES256),
        b"P-384" => Some(Algorithm::ES384),
        b"Ed25519" => Some(Algorithm::EdDSA),
        _ => None,
    }
}

impl Family {
    /// The algorithm of an RSA key or secret that does not say, given what the issuer may use.
    pub(super) const fn usual_algorithm(self) -> Option<Algorithm> {
        match self {
            Self::Rsa => Some(Algorithm::RS256),
            Self::Secret => Some(Algorithm::HS256),
            Self::EllipticCurve | Self::Edwards => None,
        }
    }
}
