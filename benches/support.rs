//! What the benchmarks share: keys, a token of the usual size, and a gate that lets it pass.

use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use doorward::app::offline_gate;
use doorward::config::Configuration;
use doorward::domain::{
    ClientSource, Clock, Field, ForwardedRequest, HeaderFields, OriginalRequest, Timestamp,
};
use doorward::gate::{DecisionRecord, Gate};
use doorward::jose::{Algorithm, SigningKey};
use doorward::platform::SystemClock;
use serde_json::{Map, json};

pub const ISSUER: &str = "https://issuer.example";

pub fn key(algorithm: Algorithm) -> SigningKey {
    SigningKey::generate(algorithm).unwrap().with_id("bench")
}

/// A token as identity providers make them; 900 bytes with RS256.
pub fn token(key: &SigningKey) -> String {
    token_at(key, SystemClock.now())
}

/// The same, issued at this time.
pub fn token_at(key: &SigningKey, issued_at: Timestamp) -> String {
    let now = issued_at.as_secs();
    let claims = json!({
        "iss": ISSUER, "aud": "bench", "sub": "alice", "iat": now, "exp": now + 86_400, "scope": "read write",
        "client_id": "bench", "email": "alice@example.com", "email_verified": true, "name": "Alice Example", "locale": "en-GB",
        "jti": "5f0c1c9e-8a53-4b52-9f6d-2a4f6b7c8d9e", "sid": "f2b1c7a0-63d4-4c0e-9a18-7d5e4c3b2a10",
        "groups": ["administrators", "engineering", "on-call", "release-managers"],
    });
    key.sign(&Map::new(), &claims).unwrap()
}

/// The configuration that accepts this key's tokens, with these further settings.
pub fn configuration(key: &SigningKey, further: &[(&str, &str)]) -> Configuration {
    let jwks = json!({"keys": [key.to_public_jwk(None)]}).to_string();
    let settings = [("ISSUER", ISSUER), ("AUDIENCE", "bench"), ("JWKS", &jwks)];
    let pairs = settings
        .iter()
        .chain(further)
        .map(|(name, value)| (format!("DOORWARD_{name}").into(), value.into()));
    Configuration::from_environment(pairs).unwrap()
}

/// The gate of this configuration, whose one issuer has its keys in it.
pub fn gate(configuration: Configuration) -> Gate {
    offline_gate(configuration, Arc::new(SystemClock)).unwrap()
}

/// The header fields of a request: `Authorization` and nothing else.
pub struct Authorization(String);

impl Authorization {
    pub fn bearer(token: &str) -> Self {
        Self(format!("Bearer {token}"))
    }

    pub fn request(&self) -> ForwardedRequest<'_> {
        ForwardedRequest {
            fields: self,
            original: OriginalRequest::UNKNOWN,
            peer_trusted: false,
            route_name: None,
            client: ClientSource::Unknown,
        }
    }
}

impl HeaderFields for Authorization {
    fn field(&self, name: &str) -> Field<'_> {
        if name == "authorization" {
            Field::Once(self.0.as_bytes())
        } else {
            Field::Absent
        }
    }
}

/// Decides about a request that must pass.
pub fn decide(gate: &Gate, authorization: &Authorization) {
    let mut record = DecisionRecord::default();
    black_box(ready(gate.decide(&authorization.request(), &mut record))).unwrap();
}

/// What a future that never has to wait comes to.
pub fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("keys that are not fetched are there"),
    }
}
