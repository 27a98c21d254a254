//! The keys of a run: made afresh before it, whatever the seed.

use std::sync::LazyLock;

use doorward::jose::{Algorithm, Family, SigningKey};
use serde_json::Value;

/// The keys around one algorithm.
pub struct Keys {
    /// The issuer's.
    pub own: SigningKey,
    /// A key of another party, with the same algorithm.
    pub other: SigningKey,
    /// The issuer's key with another algorithm where that exists, else a key of another party with
    /// another algorithm.
    pub sibling: SigningKey,
    /// The issuer's shared secret; not used with public keys.
    pub secret: &'static str,
}

/// Two private RSA keys, which serve all RSA algorithms: making one takes a while.
static RSA: LazyLock<[String; 2]> = LazyLock::new(|| {
    [(); 2].map(|()| {
        rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256)
            .unwrap()
            .serialize_pem()
    })
});

impl Keys {
    /// The `kid` of the issuer's key.
    pub const ID: &str = "k";

    pub fn new(algorithm: Algorithm) -> Self {
        let secret = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        let sibling = sibling(algorithm);
        let [own, other, sibling] = match algorithm.family() {
            Family::Rsa => [
                (&RSA[0], algorithm),
                (&RSA[1], algorithm),
                (&RSA[0], sibling),
            ]
            .map(|(pem, algorithm)| SigningKey::parse(pem, Some(algorithm)).unwrap()),
            Family::Secret => [
                (algorithm, secret),
                (algorithm, "another"),
                (sibling, secret),
            ]
            .map(|(algorithm, secret)| SigningKey::secret(algorithm, secret.as_bytes())),
            _ => [algorithm, algorithm, sibling]
                .map(|algorithm| SigningKey::generate(algorithm).unwrap()),
        };
        Self {
            own,
            other,
            sibling,
            secret,
        }
    }

    /// The issuer's public key; none with a shared secret.
    pub fn public_key(&self) -> Option<Value> {
        self.own.to_public_jwk(Some(Self::ID))
    }

    /// A key of another party as a token might contain it.
    pub fn other_public_key(&self) -> String {
        let public = self.other.to_public_jwk(None);
        public.map_or_else(
            || r#"{"kty":"oct","k":"YW5vdGhlcg"}"#.to_owned(),
            |jwk| jwk.to_string(),
        )
    }
}

const fn sibling(algorithm: Algorithm) -> Algorithm {
    match algorithm {
        Algorithm::RS384 | Algorithm::RS512 | Algorithm::PS256 => Algorithm::RS256,
        Algorithm::RS256 | Algorithm::PS384 | Algorithm::PS512 => Algorithm::PS256,
        Algorithm::HS256 => Algorithm::HS512,
        Algorithm::ES256 => Algorithm::ES384,
        Algorithm::ES384 => Algorithm::ES256,
        _ => Algorithm::HS256,
    }
}
