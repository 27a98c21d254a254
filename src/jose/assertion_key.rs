//! Keys for the assertions that this service signs to authenticate itself (RFC 7523).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{EncodingKey, Header};
use serde_json::Value;

use super::signing::{InvalidSigningKey, SigningKey};
use super::{Algorithm, Family};

/// A key that signs assertions.
pub struct AssertionKey {
    algorithm: jsonwebtoken::Algorithm,
    id: String,
    key: EncodingKey,
}

impl AssertionKey {
    /// Parses a private key, in PEM or as a JWK. A key without an id gets its thumbprint (RFC 7638)
    /// as the id.
    ///
    /// Fails with [`InvalidSigningKey`] if it is no private key, or if its algorithm is none of those of
    /// RSA, `ES256`, `ES384` and `EdDSA`.
    pub fn parse(text: &str) -> Result<Self, InvalidSigningKey> {
        let parsed = SigningKey::parse(text, None)?;
        let algorithm = signed_with(parsed.algorithm()).ok_or(InvalidSigningKey::Unsupported)?;
        let der = parsed.to_pkcs8().ok_or(InvalidSigningKey::Unsupported)?;
        let key = encoding_key(parsed.algorithm().family(), &der)
            .ok_or(InvalidSigningKey::Unsupported)?;
        let thumbprint = || {
            let jwk = Jwk::from_encoding_key(&key, algorithm).ok()?;
            jwk.thumbprint(ThumbprintHash::SHA256).ok()
        };
        let id = parsed.id().map(str::to_owned).or_else(thumbprint);
        Ok(Self {
            algorithm,
            id: id.ok_or(InvalidSigningKey::Unsupported)?,
            key,
        })
    }

    /// Signs claims as a compact JWS with `alg`, `kid` and this `typ`. Returns `None` if the key
    /// cannot sign.
    pub fn sign(&self, token_type: &str, claims: &Value) -> Option<String> {
        let mut header = Header::new(self.algorithm);
        header.typ = Some(token_type.to_owned());
        header.kid = Some(self.id.clone());
        jsonwebtoken::encode(&header, claims, &self.key).ok()
    }
}

fn encoding_key(family: Family, pkcs8: &[u8]) -> Option<EncodingKey> {
    match family {
        // The library takes the key out of PKCS#8 in PEM only.
        Family::Rsa => {
            let body = STANDARD.encode(pkcs8);
            let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
            EncodingKey::from_rsa_pem(pem.as_bytes()).ok()
        }
        Family::EllipticCurve => Some(EncodingKey::from_ec_der(pkcs8)),
        Family::Edwards => Some(EncodingKey::from_ed_der(pkcs8)),
        Family::Secret | Family::Lattice => None,
    }
}

const fn signed_with(algorithm: Algorithm) -> Option<jsonwebtoken::Algorithm> {
    Some(match algorithm {
        Algorithm::RS256 => jsonwebtoken::Algorithm::RS256,
        Algorithm::RS384 => jsonwebtoken::Algorithm::RS384,
        Algorithm::RS512 => jsonwebtoken::Algorithm::RS512,
        Algorithm::PS256 => jsonwebtoken::Algorithm::PS256,
        Algorithm::PS384 => jsonwebtoken::Algorithm::PS384,
        Algorithm::PS512 => jsonwebtoken::Algorithm::PS512,
        Algorithm::ES256 => jsonwebtoken::Algorithm::ES256,
        Algorithm::ES384 => jsonwebtoken::Algorithm::ES384,
        Algorithm::EdDSA => jsonwebtoken::Algorithm::EdDSA,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::BearerToken;
    use crate::jose::{Algorithms, CompactJws, KeySet};

    #[test]
    fn every_assertion_is_verified_by_the_public_part_of_its_key() {
        for algorithm in Algorithms::asymmetric().iter() {
            let key = SigningKey::generate(algorithm).unwrap();
            let Some(der) = key.to_pkcs8() else { continue };
            let body = STANDARD.encode(der);
            let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
            let parsed = AssertionKey::parse(&pem);
            if signed_with(algorithm).is_none() {
                assert!(parsed.is_err(), "{algorithm}");
                continue;
            }
            let token = parsed.unwrap().sign("JWT", &json!({"sub": "a"})).unwrap();
            let used = match algorithm.family() {
                Family::Rsa => Algorithm::RS256,
                _ => algorithm,
            };
            let mut public = key.to_public_jwk(None).unwrap();
            public["alg"] = used.name().into();
            let keys = json!({ "keys": [public] }).to_string();
            let keys = KeySet::from_jwks(keys.as_bytes(), &Algorithms::asymmetric()).unwrap();
            let jws = CompactJws::parse(BearerToken::parse(token.as_bytes(), 8192).unwrap());
            let jws = jws.unwrap();
            assert_eq!(jws.header().token_type(), Some("JWT"));
            assert_eq!(jws.header().algorithm(), used);
            let candidates = keys.candidates(None, used).unwrap();
            assert!(jws.into_signed(&candidates).is_ok(), "{algorithm}");
        }
    }

    #[test]
    fn the_id_is_that_of_the_jwk_or_the_thumbprint() {
        // The key of RFC 8037 appendix A.1, whose thumbprint is in appendix A.3.
        let mut jwk = json!({
            "kty": "OKP", "crv": "Ed25519",
            "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
        });
        let id = |jwk: &Value| AssertionKey::parse(&jwk.to_string()).unwrap().id;
        assert_eq!(id(&jwk), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        jwk["kid"] = "own".into();
        assert_eq!(id(&jwk), "own");
        assert!(AssertionKey::parse("{}").is_err());
    }
}
