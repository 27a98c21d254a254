//! Keys that verify signatures.

use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256K1_SHA256_FIXED, ECDSA_P384_SHA384_FIXED,
    ECDSA_P521_SHA512_FIXED, ED25519, ML_DSA_44, ML_DSA_65, ML_DSA_87, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters,
    RsaPublicKeyComponents, VerificationAlgorithm,
};
use aws_lc_rs::{digest, hmac};

use super::Algorithm;

/// A key with the one algorithm it may be used with (RFC 8725 section 3.1), parsed once. A key that
/// was published for several is as many of these.
pub struct VerificationKey {
    id: Option<String>,
    algorithm: Algorithm,
    material: Material,
    fingerprint: KeyFingerprint,
    private_part_published: bool,
    issuer: Option<String>,
}

enum Material {
    Public(ParsedPublicKey),
    Secret(Box<hmac::Key>),
}

/// The algorithm and a digest of the key material as it was written. Keys with equal ones are the
/// same key; a key that was written in two ways (a compressed point in PEM) has two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyFingerprint {
    algorithm: Algorithm,
    material: [u8; 32],
}

/// Why a secret is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSecret {
    /// Shorter than the hash it is used with (RFC 7518 section 3.2).
    #[error("{actual} bytes, but {algorithm} needs at least {required}")]
    TooShort {
        /// The algorithm the secret was meant for.
        algorithm: Algorithm,
        /// The length of the secret, in bytes.
        actual: usize,
        /// The least length, in bytes.
        required: usize,
    },
    /// Not an algorithm of shared secrets.
    #[error("{0} does not go with a secret")]
    Algorithm(Algorithm),
}

impl VerificationKey {
    /// A shared secret for one of the HS algorithms.
    pub fn secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, InvalidSecret> {
        let (hash, required) = match algorithm {
            Algorithm::HS256 => (hmac::HMAC_SHA256, 32),
            Algorithm::HS384 => (hmac::HMAC_SHA384, 48),
            Algorithm::HS512 => (hmac::HMAC_SHA512, 64),
            _ => return Err(InvalidSecret::Algorithm(algorithm)),
        };
        if secret.len() < required {
            return Err(InvalidSecret::TooShort {
                algorithm,
                actual: secret.len(),
                required,
            });
        }
        let material = Material::Secret(Box::new(hmac::Key::new(hash, secret)));
        Ok(Self::new(
            algorithm,
            material,
            KeyFingerprint::of(algorithm, &[secret]),
        ))
    }

    /// An RSA key; modulus and exponent are big-endian without leading zeros.
    pub(super) fn rsa(algorithm: Algorithm, modulus: &[u8], exponent: &[u8]) -> Option<Self> {
        let components = RsaPublicKeyComponents {
            n: modulus,
            e: exponent,
        };
        let key = components
            .to_parsed_public_key(rsa_parameters(algorithm)?)
            .ok()?;
        Some(Self::public(algorithm, key, &[modulus, exponent]))
    }

    /// A key that is one string of bytes: an EC key as an uncompressed point, the others as they
    /// are encoded.
    pub(super) fn encoded(algorithm: Algorithm, bytes: &[u8]) -> Option<Self> {
        let parameters: &'static dyn VerificationAlgorithm = match algorithm {
            Algorithm::ES256 => &ECDSA_P256_SHA256_FIXED,
            Algorithm::ES384 => &ECDSA_P384_SHA384_FIXED,
            Algorithm::ES512 => &ECDSA_P521_SHA512_FIXED,
            Algorithm::ES256K => &ECDSA_P256K1_SHA256_FIXED,
            Algorithm::EdDSA => &ED25519,
            Algorithm::ML_DSA_44 => &ML_DSA_44,
            Algorithm::ML_DSA_65 => &ML_DSA_65,
            Algorithm::ML_DSA_87 => &ML_DSA_87,
            _ => return None,
        };
        let key = ParsedPublicKey::new(parameters, bytes).ok()?;
        Some(Self::public(algorithm, key, &[bytes]))
    }

    fn public(algorithm: Algorithm, key: ParsedPublicKey, material: &[&[u8]]) -> Self {
        Self::new(
            algorithm,
            Material::Public(key),
            KeyFingerprint::of(algorithm, material),
        )
    }

    const fn new(algorithm: Algorithm, material: Material, fingerprint: KeyFingerprint) -> Self {
        Self {
            id: None,
            algorithm,
            material,
            fingerprint,
            private_part_published: false,
            issuer: None,
        }
    }

    pub(super) fn with_id(self, id: Option<String>) -> Self {
        Self { id, ..self }
    }

    pub(super) fn with_private_part_published(self, private_part_published: bool) -> Self {
        Self {
            private_part_published,
            ..self
        }
    }

    pub(super) fn with_issuer(self, issuer: Option<String>) -> Self {
        Self { issuer, ..self }
    }

    /// The key's identifier (`kid`), if it has one.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Whether the other is the same key to whoever trusts it: the same material for the same
    /// algorithm, under the same id and for the same issuer. A key that is limited to somebody else
    /// is another key, and what the one vouched for the other does not.
    pub fn is_same_as(&self, other: &Self) -> bool {
        // Every field is named, so that a new one is not forgotten. The fingerprint is of algorithm
        // and material.
        let Self {
            id,
            algorithm: _,
            material: _,
            fingerprint,
            private_part_published: _,
            issuer,
        } = self;
        *fingerprint == other.fingerprint && *id == other.id && *issuer == other.issuer
    }

    /// Whose tokens it is for, if the key set says so for each key (Microsoft Entra ID's `issuer`).
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// The one algorithm this key is used with.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether the issuer published the private part along with the public one, for everyone to
    /// sign with.
    pub const fn is_private_part_published(&self) -> bool {
        self.private_part_published
    }

    /// What tells this key from any other.
    pub const fn fingerprint(&self) -> KeyFingerprint {
        self.fingerprint
    }

    /// Whether it was published under the same id with the same material, be it for another
    /// algorithm.
    pub(super) fn is_published_with(&self, other: &Self) -> bool {
        self.fingerprint.material == other.fingerprint.material && self.id == other.id
    }

    /// Whether `signature` is this key's signature of `message`, in the form JOSE gives it (RFC
    /// 7518 section 3).
    ///
    /// Every signature of every token is judged here and nowhere else.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
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
        for part in material {
            // The length in front keeps ("ab", "c") and ("a", "bc") apart.
            context.update(&part.len().to_be_bytes());
            context.update(part);
        }
        let mut digest = [0; 32];
        digest.copy_from_slice(context.finish().as_ref());
        Self {
            algorithm,
            material: digest,
        }
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

/// The curves of `crv` (RFC 7518 section 6.2.1.1, RFC 8037 section 2, RFC 8812 section 3.1), each
/// with its one algorithm.
const CURVES: [(&str, Algorithm); 5] = [
    ("P-256", Algorithm::ES256),
    ("P-384", Algorithm::ES384),
    ("P-521", Algorithm::ES512),
    ("secp256k1", Algorithm::ES256K),
    ("Ed25519", Algorithm::EdDSA),
];

/// The one algorithm of a curve.
pub(super) fn curve_algorithm(curve: &str) -> Option<Algorithm> {
    CURVES
        .iter()
        .find(|(name, _)| *name == curve)
        .map(|(_, algorithm)| *algorithm)
}

/// The one curve of an algorithm.
pub(super) fn curve_name(algorithm: Algorithm) -> Option<&'static str> {
    CURVES
        .iter()
        .find(|(_, own)| *own == algorithm)
        .map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::SigningKey;

    #[test]
    fn a_secret_is_as_long_as_its_hash() {
        for (algorithm, length) in [
            (Algorithm::HS256, 32),
            (Algorithm::HS384, 48),
            (Algorithm::HS512, 64),
        ] {
            let secret = vec![7; length];
            let signature = SigningKey::secret(algorithm, &secret)
                .signature(b"message")
                .unwrap();
            assert!(
                VerificationKey::secret(algorithm, &secret)
                    .unwrap()
                    .verify(b"message", &signature),
                "{algorithm}"
            );
            let weak = VerificationKey::secret(algorithm, &secret[1..]).unwrap_err();
            let message = format!(
                "{} bytes, but {} needs at least {length}",
                length - 1,
                algorithm.name()
            );
            assert_eq!(weak.to_string(), message);
        }
    }

    #[test]
    fn a_secret_is_not_printed() {
        let key = VerificationKey::secret(Algorithm::HS256, &[b'7'; 32])
            .unwrap()
            .with_id(Some("k".into()));
        assert_eq!(
            format!("{key:?}"),
            r#"VerificationKey { id: Some("k"), algorithm: HS256, .. }"#
        );
    }
}
