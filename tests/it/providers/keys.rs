//! The keys behind the documents.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use doorward::jose::{Algorithm, SigningKey, decode_base64url, encode_base64url};
use serde_json::{Map, Value};

use super::object;

/// A key by the name that the documents give it.
struct Key {
    /// As a private key in PEM; nothing for a secret.
    pem: String,
    public: Map<String, Value>,
}

static KEYS: LazyLock<HashMap<&'static str, Key>> = LazyLock::new(|| {
    let rsa = &rcgen::PKCS_RSA_SHA256;
    let named = [
        ("a", rsa, Algorithm::RS256),
        ("b", rsa, Algorithm::RS256),
        ("p256", &rcgen::PKCS_ECDSA_P256_SHA256, Algorithm::ES256),
        ("p256b", &rcgen::PKCS_ECDSA_P256_SHA256, Algorithm::ES256),
        ("p384", &rcgen::PKCS_ECDSA_P384_SHA384, Algorithm::ES384),
        ("p521", &rcgen::PKCS_ECDSA_P521_SHA512, Algorithm::ES512),
    ];
    named
        .into_iter()
        .map(|(name, generator, algorithm)| (name, Key::generate(generator, algorithm)))
        .collect()
});

impl Key {
    fn generate(generator: &'static rcgen::SignatureAlgorithm, algorithm: Algorithm) -> Self {
        loop {
            let pem = rcgen::KeyPair::generate_for(generator)
                .unwrap()
                .serialize_pem();
            let public = SigningKey::parse(&pem, Some(algorithm))
                .unwrap()
                .to_public_jwk(None)
                .unwrap();
            // Of P-521 one with a zero in front of it, which can be left out.
            let x = public
                .get("x")
                .map(|x| decode_base64url(x.as_str().unwrap()).unwrap());
            if algorithm != Algorithm::ES512 || x.is_some_and(|x| x[0] == 0) {
                return Self {
                    pem,
                    public: object(&public).clone(),
                };
            }
        }
    }

    /// A member as the document wants it spelt.
    fn member(&self, spelling: &str) -> String {
        let padded = spelling.ends_with('=');
        let spelling = spelling.trim_end_matches('=');
        let name = spelling.trim_start_matches(['0', '-']);
        let mut bytes = decode_base64url(self.public[name].as_str().unwrap()).unwrap();
        if spelling.starts_with('0') {
            bytes.insert(0, 0);
        }
        if spelling.starts_with('-') {
            bytes = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
        }
        let text = encode_base64url(bytes);
        let padding = if padded {
            "=".repeat((4 - text.len() % 4) % 4)
        } else {
            String::new()
        };
        text + &padding
    }
}

/// The document with the members of real keys in it.
pub(super) fn filled_in(document: &Value) -> String {
    let mut text = String::new();
    let template = document.to_string();
    let mut rest = template.as_str();
    while let Some((before, behind)) = rest.split_once("\"{") {
        let placeholder = behind
            .split_once("}\"")
            .filter(|(inside, _)| inside.contains('.') && !inside.contains('"'));
        text.push_str(before);
        let Some((placeholder, after)) = placeholder else {
            text.push_str("\"{");
            rest = behind;
            continue;
        };
        let (key, member) = placeholder.split_once('.').unwrap();
        text.push_str(&Value::from(KEYS[key].member(member)).to_string());
        rest = after;
    }
    text + rest
}

/// A token of a document, with its times filled in.
pub(super) fn signed(token: &Value, now: i64) -> String {
    let (key, algorithm) = token["signed_by"]
        .as_str()
        .unwrap()
        .split_once(' ')
        .unwrap();
    let mut claims = object(&token["claims"]).clone();
    for (name, after) in [("iat", 0), ("nbf", 0), ("auth_time", 0), ("exp", 300)] {
        if let Some(time) = claims.get_mut(name).filter(|time| **time == 0) {
            *time = (now + after).into();
        }
    }
    let input = format!(
        "{}.{}",
        encode_base64url(token["header"].to_string()),
        encode_base64url(Value::Object(claims).to_string())
    );
    let signature = signing_key(key, algorithm.parse().unwrap())
        .signature(input.as_bytes())
        .unwrap();
    format!("{input}.{}", encode_base64url(signature))
}

fn signing_key(name: &str, algorithm: Algorithm) -> Arc<SigningKey> {
    Arc::new(match KEYS.get(name) {
        Some(key) => SigningKey::parse(&key.pem, Some(algorithm)).unwrap(),
        None => SigningKey::secret(algorithm, &[7; 64]),
    })
}
