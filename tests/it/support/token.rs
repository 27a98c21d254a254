//! Making tokens, good and bad.

use std::sync::Arc;

use doorward::jose::{SigningKey, encode_base64url};
use serde_json::{Map, Value, json};

/// A token in the making: good as it is, bad as you make it.
#[derive(Clone)]
pub struct TokenBuilder {
    key: Arc<SigningKey>,
    header: Map<String, Value>,
    claims: Map<String, Value>,
    now: i64,
}

impl TokenBuilder {
    pub fn new(key: Arc<SigningKey>, issuer: &str, now: i64) -> Self {
        let claims =
            json!({"iss": issuer, "aud": "api", "sub": "alice", "iat": now, "exp": now + 300});
        let header = json!({"alg": key.algorithm().name(), "kid": key.id()});
        Self {
            key,
            header: object(header),
            claims: object(claims),
            now,
        }
    }

    /// Sets a member of the header.
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.insert(name.into(), value.into());
        self
    }

    pub fn without_header(mut self, name: &str) -> Self {
        self.header.remove(name);
        self
    }

    /// Sets a claim.
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    pub fn subject(self, subject: &str) -> Self {
        self.claim("sub", subject)
    }

    /// `exp`, counted from now; negative for a token that is over.
    pub fn expires_in(self, seconds: i64) -> Self {
        let exp = self.now + seconds;
        self.claim("exp", exp)
    }

    /// Signs with another key; the header stays as it is.
    pub fn signed_by(mut self, key: Arc<SigningKey>) -> Self {
        self.key = key;
        self
    }

    pub fn sign(&self) -> String {
        self.sign_text(
            Value::Object(self.header.clone()).to_string(),
            Value::Object(self.claims.clone()).to_string(),
        )
    }

    /// The claims as JSON, for a test that wants to break them before `sign_payload`.
    pub fn claims_text(&self) -> String {
        Value::Object(self.claims.clone()).to_string()
    }

    /// Signs this text as the payload.
    pub fn sign_payload(&self, payload: impl AsRef<[u8]>) -> String {
        self.sign_text(Value::Object(self.header.clone()).to_string(), payload)
    }

    /// Signs these bytes as header and payload, whatever they are.
    pub fn sign_text(&self, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
        let input = format!("{}.{}", encode_base64url(header), encode_base64url(payload));
        let signature = self.key.signature(input.as_bytes()).unwrap();
        format!("{input}.{}", encode_base64url(signature))
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => panic!("{other} is no object"),
    }
}
