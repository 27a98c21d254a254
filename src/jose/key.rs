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

/// A parsed key, bound to the one algorithm that it may be used with (RFC 8725 section 3.1).
///
/// A key that was published for several algorithms becomes a `VerificationKey` for each of them.
pub struct VerificationKey {
    id: Option<String>,
    algorithm: Algorithm,
    material: Material,
    fingerprint: KeyFingerprint,
    private_part_published: bool,
    issuer: Option<String>,
}

/// The key itself, ready to verify.
enum Material {
    Public(ParsedPublicKey),
    Secret(Box<hmac::Key>),
}

/// The algorithm and a SHA-256 digest of the key material as it was encoded.
///
/// Keys with equal fingerprints are the same key. A key in two encodings, such as a compressed
/// point in PEM, has two fingerprints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyFingerprint {
    algorithm: Algorithm,
    material: [u8; 32],
}

/// The error for a secret that cannot be used as a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSecret {
    /// The secret is shorter than the hash that it is used with (RFC 7518 section 3.2).
    #[error("{actual} bytes, but {algorithm} needs at least {required}")]
    TooShort {
        /// The algorithm that the secret was meant for.
        algorithm: Algorithm,
        /// The length of the secret, in bytes.
        actual: usize,
        /// The smallest length that is allowed, in bytes.
        required: usize,
    },
    /// The algorithm does not use shared secrets.
    #[error("{0} does not go with a secret")]
    Algorithm(Algorithm),
}

impl VerificationKey {
    /// Creates a key from a shared secret, for one of the HS algorithms. Fails with
    /// [`InvalidSecret`] if the secret is too short or the algorithm is another one.
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

    /// Creates an RSA key. Modulus and exponent are big-endian without leading zeros. Returns
    /// `None` if the algorithm is not for RSA or the library refuses the key.
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

    /// Creates a key from one string of bytes: a point for EC keys, the encoded key for the other
    /// types. Returns `None` if the algorithm has no such keys or the library refuses the key.
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

    /// Returns the key's identifier (`kid`), if it has one.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Returns `true` if the other key may take the place of this one: it has the same material for
    /// the same algorithm, under the same id and for the same issuer. A key that is limited to
    /// another issuer is another key, and does not vouch for the same tokens.
    pub fn is_same_as(&self, other: &Self) -> bool {
        // Every field is named, so that a new one is not forgotten. The fingerprint covers
        // algorithm and material.
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

    /// Returns the issuer whose tokens the key is limited to, if the key set names one for each key
    /// (Microsoft Entra ID's `issuer`).
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// Returns the one algorithm that this key is used with.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Returns `true` if the issuer published the private part as well, so that anyone can sign
    /// with it.
    pub const fn is_private_part_published(&self) -> bool {
        self.private_part_published
    }

    /// Returns the fingerprint, which distinguishes this key from any other.
    pub const fn fingerprint(&self) -> KeyFingerprint {
        self.fingerprint
    }

    /// Returns `true` if the other key was published under the same id with the same material, even
    /// if for another algorithm.
    pub(super) fn is_published_with(&self, other: &Self) -> bool {
        self.fingerprint.material == other.fingerprint.material && self.id == other.id
    }

    /// Returns `true` if `signature` is this key's signature of `message`, in the form that JOSE
    /// defines (RFC 7518 section 3).
    ///
    /// This is the only place where signatures of tokens are verified.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Public(key) => key.verify_sig(message, signature).is_ok(),
            // This compares in constant time.
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
    /// Computes the fingerprint of key material in one or more parts.
    fn of(algorithm: Algorithm, material: &[&[u8]]) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in material {
            // Each part is preceded by its length, so that ("ab", "c") and ("a", "bc") differ.
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

/// Returns the scheme and the key sizes of an RSA algorithm.
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

/// Returns the one algorithm of a curve.
pub(super) fn curve_algorithm(curve: &str) -> Option<Algorithm> {
    CURVES
        .iter()
        .find(|(name, _)| *name == curve)
        .map(|(_, algorithm)| *algorithm)
}

/// Returns the one curve of an algorithm.
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
    fn a_secret_is_at_least_as_long_as_its_hash() {
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
