//! Signing keys for development: for `doorward token issue`, the demo's issuer and the tests.
//!
//! The service itself signs only with [`AssertionKey`](super::AssertionKey), whose keys are parsed
//! here.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPairComponents, KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P256K1_SHA256_FIXED_SIGNING,
    ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, ML_DSA_44_SIGNING, ML_DSA_65_SIGNING,
    ML_DSA_87_SIGNING, PqdsaKeyPair, PqdsaSigningAlgorithm, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384,
    RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use aws_lc_rs::{error::Unspecified, hmac};
use serde_json::{Map, Value, json};
use x509_parser::pem::Pem;

use super::base64url::{decode_padded_base64url, encode_base64url};
use super::key::{curve_algorithm, curve_name};
use super::{Algorithm, Family};

/// A key that signs with one algorithm.
pub struct SigningKey {
    algorithm: Algorithm,
    id: Option<String>,
    material: Material,
}

enum Material {
    Rsa(Box<RsaKeyPair>),
    EllipticCurve(EcdsaKeyPair),
    Edwards(Ed25519KeyPair),
    Secret(Box<hmac::Key>),
    Lattice(PqdsaKeyPair),
}

/// The error for a text that is no signing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSigningKey {
    /// The text is neither PEM nor a JWK.
    #[error("neither a PEM file nor a JWK")]
    Malformed,
    /// The key has no private part, or its type is not supported.
    #[error("not a supported private key (RSA, P-256, P-384, P-521, secp256k1, Ed25519 or ML-DSA)")]
    Unsupported,
    /// The algorithm does not go with the type of the key.
    #[error("{0} does not go with this type of key")]
    Algorithm(Algorithm),
}

impl SigningKey {
    /// Generates a new key.
    pub fn generate(algorithm: Algorithm) -> Result<Self, Unspecified> {
        let material = match algorithm.family() {
            Family::Rsa => Material::Rsa(Box::new(RsaKeyPair::generate(KeySize::Rsa2048)?)),
            Family::EllipticCurve => Material::EllipticCurve(EcdsaKeyPair::generate(
                ecdsa(algorithm).ok_or(Unspecified)?,
            )?),
            Family::Edwards => Material::Edwards(Ed25519KeyPair::generate()?),
            Family::Secret => {
                let mut secret = [0; 64];
                aws_lc_rs::rand::fill(&mut secret)?;
                return Ok(Self::secret(algorithm, &secret));
            }
            Family::Lattice => Material::Lattice(PqdsaKeyPair::generate(
                lattice(algorithm).ok_or(Unspecified)?,
            )?),
        };
        Ok(Self {
            algorithm,
            id: None,
            material,
        })
    }

    /// Creates a key from a shared secret.
    pub fn secret(algorithm: Algorithm, secret: &[u8]) -> Self {
        let hash = match algorithm {
            Algorithm::HS384 => hmac::HMAC_SHA384,
            Algorithm::HS512 => hmac::HMAC_SHA512,
            _ => hmac::HMAC_SHA256,
        };
        Self {
            algorithm,
            id: None,
            material: Material::Secret(Box::new(hmac::Key::new(hash, secret))),
        }
    }

    /// Parses a private key, in PEM or as a JWK. Without `algorithm` the key uses the one that the
    /// JWK names, or the default of its type. Fails with [`InvalidSigningKey`].
    pub fn parse(text: &str, algorithm: Option<Algorithm>) -> Result<Self, InvalidSigningKey> {
        let mut key = match serde_json::from_str(text) {
            Ok(Value::Object(jwk)) => Self::from_jwk(&jwk)?,
            _ => Self::from_pem(text)?,
        };
        if let Some(wanted) = algorithm {
            key.use_with(wanted)?;
        }
        Ok(key)
    }

    /// Sets the identifier (`kid`) of the key.
    #[must_use]
    pub fn with_id(self, id: impl Into<String>) -> Self {
        Self {
            id: Some(id.into()),
            ..self
        }
    }

    /// Returns the identifier (`kid`), if the key has one.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Returns the algorithm that the key signs with.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Signs claims as a compact JWS. `alg` and `kid` come from the key. `header` adds members, and
    /// replaces those two if it has them.
    ///
    /// Fails with [`Unspecified`] if the cryptographic library cannot sign, such as for lack of
    /// random bytes.
    pub fn sign(&self, header: &Map<String, Value>, claims: &Value) -> Result<String, Unspecified> {
        let mut members = Map::from_iter([("alg".to_owned(), self.algorithm.name().into())]);
        members.extend(self.id.clone().map(|id| ("kid".to_owned(), id.into())));
        members.extend(header.clone());
        let input = format!(
            "{}.{}",
            encode_base64url(Value::Object(members).to_string()),
            encode_base64url(claims.to_string())
        );
        let signature = self.signature(input.as_bytes())?;
        Ok(format!("{input}.{}", encode_base64url(signature)))
    }

    /// Signs a message, and returns the signature alone in the form of JWS (RFC 7518 section 3).
    /// The elliptic curves have r and s with a fixed length, and no DER.
    ///
    /// Fails with [`Unspecified`] if the cryptographic library cannot sign, such as for lack of
    /// random bytes.
    pub fn signature(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let random = SystemRandom::new();
        Ok(match &self.material {
            Material::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(
                    rsa_encoding(self.algorithm),
                    &random,
                    message,
                    &mut signature,
                )?;
                signature
            }
            Material::EllipticCurve(key) => key.sign(&random, message)?.as_ref().to_vec(),
            Material::Edwards(key) => key.sign(message).as_ref().to_vec(),
            Material::Secret(key) => hmac::sign(key, message).as_ref().to_vec(),
            Material::Lattice(key) => {
                let mut signature = vec![0; key.algorithm().signature_len()];
                key.sign(message, &mut signature)?;
                signature
            }
        })
    }

    /// Returns the public part as a JWK for a key set, or `None` for a shared secret. `id` replaces
    /// the identifier of the key.
    pub fn to_public_jwk(&self, id: Option<&str>) -> Option<Value> {
        let mut jwk = match &self.material {
            Material::Rsa(key) => json!({
                "kty": "RSA",
                "n": encode_base64url(key.public_key().modulus().big_endian_without_leading_zero()),
                "e": encode_base64url(key.public_key().exponent().big_endian_without_leading_zero()),
            }),
            Material::EllipticCurve(key) => {
                let point = key.public_key().as_ref().get(1..)?;
                let (x, y) = point.split_at_checked(point.len() / 2)?;
                let curve = curve_name(self.algorithm)?;
                json!({"kty": "EC", "crv": curve, "x": encode_base64url(x), "y": encode_base64url(y)})
            }
            Material::Edwards(key) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": encode_base64url(key.public_key())})
            }
            Material::Lattice(key) => {
                json!({"kty": "AKP", "pub": encode_base64url(key.public_key())})
            }
            Material::Secret(_) => return None,
        };
        let members = jwk.as_object_mut()?;
        members.insert("alg".into(), self.algorithm.name().into());
        members.insert("use".into(), "sig".into());
        members.extend(id.or(self.id()).map(|id| ("kid".to_owned(), id.into())));
        Some(jwk)
    }

    /// Returns the private key in PKCS#8, as OpenSSL writes it; `None` for a shared secret, or if
    /// the library cannot write the key.
    pub(super) fn to_pkcs8(&self) -> Option<Vec<u8>> {
        match &self.material {
            Material::Rsa(key) => {
                let der: Pkcs8V1Der<'_> = key.as_der().ok()?;
                Some(der.as_ref().to_vec())
            }
            Material::EllipticCurve(key) => Some(key.to_pkcs8v1().ok()?.as_ref().to_vec()),
            Material::Edwards(key) => Some(key.to_pkcs8v1().ok()?.as_ref().to_vec()),
            Material::Lattice(_) | Material::Secret(_) => None,
        }
    }

    /// Changes the algorithm, if the type of the key permits it.
    fn use_with(&mut self, algorithm: Algorithm) -> Result<(), InvalidSigningKey> {
        // An RSA key works with all RSA algorithms; a key of any other type has only one.
        let both_rsa = algorithm.family() == Family::Rsa && self.algorithm.family() == Family::Rsa;
        if algorithm != self.algorithm && !both_rsa {
            return Err(InvalidSigningKey::Algorithm(algorithm));
        }
        self.algorithm = algorithm;
        Ok(())
    }

    fn from_pem(text: &str) -> Result<Self, InvalidSigningKey> {
        let section = Pem::iter_from_buffer(text.as_bytes())
            .next()
            .and_then(Result::ok);
        let der = section.ok_or(InvalidSigningKey::Malformed)?.contents;
        let rsa = || {
            RsaKeyPair::from_pkcs8(&der)
                .or_else(|_| RsaKeyPair::from_der(&der))
                .ok()
        };
        let others = || {
            Algorithm::ALL
                .iter()
                .find_map(|algorithm| Some((*algorithm, Material::from_pkcs8(*algorithm, &der)?)))
        };
        let rsa = rsa().map(|key| (Algorithm::RS256, Material::Rsa(Box::new(key))));
        let (algorithm, material) = rsa.or_else(others).ok_or(InvalidSigningKey::Unsupported)?;
        Ok(Self {
            algorithm,
            id: None,
            material,
        })
    }

    fn from_jwk(jwk: &Map<String, Value>) -> Result<Self, InvalidSigningKey> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let bytes = |name: &str| {
            text(name)
                .and_then(decode_padded_base64url)
                .ok_or(InvalidSigningKey::Unsupported)
        };
        let (default_algorithm, material) = match (text("kty"), text("crv")) {
            (Some("RSA"), _) => (Algorithm::RS256, rsa_from_jwk(&bytes)?),
            (Some("EC"), Some(curve)) => {
                let algorithm = curve_algorithm(curve).ok_or(InvalidSigningKey::Unsupported)?;
                (algorithm, ecdsa_from_jwk(algorithm, &bytes)?)
            }
            (Some("OKP"), Some("Ed25519")) => {
                let pair = Ed25519KeyPair::from_seed_and_public_key(&bytes("d")?, &bytes("x")?);
                (
                    Algorithm::EdDSA,
                    Material::Edwards(pair.map_err(|_| InvalidSigningKey::Unsupported)?),
                )
            }
            (Some("AKP"), _) => {
                let algorithm = text("alg")
                    .and_then(|name| name.parse().ok())
                    .ok_or(InvalidSigningKey::Unsupported)?;
                (algorithm, lattice_from_jwk(algorithm, &bytes)?)
            }
            _ => return Err(InvalidSigningKey::Unsupported),
        };
        let mut key = Self {
            algorithm: default_algorithm,
            id: text("kid").filter(|id| !id.is_empty()).map(str::to_owned),
            material,
        };
        if let Some(name) = text("alg").filter(|name| !name.is_empty()) {
            key.use_with(name.parse().map_err(|_| InvalidSigningKey::Unsupported)?)?;
        }
        Ok(key)
    }
}

impl Material {
    /// Parses a private key of any type but RSA, if it is one for this algorithm.
    fn from_pkcs8(algorithm: Algorithm, der: &[u8]) -> Option<Self> {
        match algorithm.family() {
            Family::EllipticCurve => EcdsaKeyPair::from_private_key_der(ecdsa(algorithm)?, der)
                .ok()
                .map(Self::EllipticCurve),
            Family::Edwards => Ed25519KeyPair::from_pkcs8_maybe_unchecked(der)
                .ok()
                .map(Self::Edwards),
            Family::Lattice => PqdsaKeyPair::from_pkcs8(lattice(algorithm)?, der)
                .ok()
                .map(Self::Lattice),
            Family::Rsa | Family::Secret => None,
        }
    }
}

/// A function that decodes the member of a JWK with this name.
type Member<'a> = dyn Fn(&str) -> Result<Vec<u8>, InvalidSigningKey> + 'a;

#[allow(non_snake_case)] // the names are the RFC's
fn rsa_from_jwk(bytes: &Member<'_>) -> Result<Material, InvalidSigningKey> {
    let components = KeyPairComponents {
        public_key: PublicKeyComponents {
            n: bytes("n")?,
            e: bytes("e")?,
        },
        d: bytes("d")?,
        p: bytes("p")?,
        q: bytes("q")?,
        dP: bytes("dp")?,
        dQ: bytes("dq")?,
        qInv: bytes("qi")?,
    };
    let pair =
        RsaKeyPair::from_components(&components).map_err(|_| InvalidSigningKey::Unsupported)?;
    Ok(Material::Rsa(Box::new(pair)))
}

fn ecdsa_from_jwk(algorithm: Algorithm, bytes: &Member<'_>) -> Result<Material, InvalidSigningKey> {
    let point = [vec![4], bytes("x")?, bytes("y")?].concat();
    let curve = ecdsa(algorithm).ok_or(InvalidSigningKey::Unsupported)?;
    let pair = EcdsaKeyPair::from_private_key_and_public_key(curve, &bytes("d")?, &point);
    Ok(Material::EllipticCurve(
        pair.map_err(|_| InvalidSigningKey::Unsupported)?,
    ))
}

/// Reads an ML-DSA key. Its private part is the seed (RFC 9964 section 4), from which the public
/// part follows.
fn lattice_from_jwk(
    algorithm: Algorithm,
    bytes: &Member<'_>,
) -> Result<Material, InvalidSigningKey> {
    let parameters = lattice(algorithm).ok_or(InvalidSigningKey::Unsupported)?;
    let pair = PqdsaKeyPair::from_seed(parameters, &bytes("priv")?)
        .map_err(|_| InvalidSigningKey::Unsupported)?;
    let parts_match = pair.public_key().as_ref() == bytes("pub")?;
    if parts_match {
        Ok(Material::Lattice(pair))
    } else {
        Err(InvalidSigningKey::Unsupported)
    }
}

const fn ecdsa(algorithm: Algorithm) -> Option<&'static EcdsaSigningAlgorithm> {
    Some(match algorithm {
        Algorithm::ES256 => &ECDSA_P256_SHA256_FIXED_SIGNING,
        Algorithm::ES384 => &ECDSA_P384_SHA384_FIXED_SIGNING,
        Algorithm::ES512 => &ECDSA_P521_SHA512_FIXED_SIGNING,
        Algorithm::ES256K => &ECDSA_P256K1_SHA256_FIXED_SIGNING,
        _ => return None,
    })
}

const fn lattice(algorithm: Algorithm) -> Option<&'static PqdsaSigningAlgorithm> {
    Some(match algorithm {
        Algorithm::ML_DSA_44 => &ML_DSA_44_SIGNING,
        Algorithm::ML_DSA_65 => &ML_DSA_65_SIGNING,
        Algorithm::ML_DSA_87 => &ML_DSA_87_SIGNING,
        _ => return None,
    })
}

fn rsa_encoding(algorithm: Algorithm) -> &'static dyn RsaEncoding {
    match algorithm {
        Algorithm::RS384 => &RSA_PKCS1_SHA384,
        Algorithm::RS512 => &RSA_PKCS1_SHA512,
        Algorithm::PS256 => &RSA_PSS_SHA256,
        Algorithm::PS384 => &RSA_PSS_SHA384,
        Algorithm::PS512 => &RSA_PSS_SHA512,
        _ => &RSA_PKCS1_SHA256,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::{Algorithms, KeySet};

    #[test]
    fn every_public_part_verifies_what_its_key_signs() {
        for algorithm in Algorithms::asymmetric().iter() {
            let key = SigningKey::generate(algorithm).unwrap();
            let jwks = json!({"keys": [key.to_public_jwk(Some("k"))]}).to_string();
            let keys =
                KeySet::from_jwks(jwks.as_bytes(), &Algorithms::new(vec![algorithm])).unwrap();
            let public = keys.iter().next().unwrap();
            let mut signature = key.signature(b"message").unwrap();
            assert!(public.verify(b"message", &signature), "{algorithm}");
            assert!(!public.verify(b"massage", &signature), "{algorithm}");
            assert!(!public.verify(b"message", b""), "{algorithm}");
            signature[7] ^= 1;
            assert!(!public.verify(b"message", &signature), "{algorithm}");
        }
    }
}
