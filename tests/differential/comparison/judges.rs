//! The two implementations, configured as equally as they can be: one issuer, one audience, one
//! algorithm, one key, no leeway.

use std::sync::Arc;

use doorward::config::Configuration;
use doorward::domain::{Clock, Moment, Timestamp, Uptime};
use doorward::gate::{DecisionRecord, Gate};
use jsonwebtoken::{DecodingKey, Validation, decode};
use serde_json::{Value, json};

use super::keys::Keys;
use super::support::{Authorization, gate, ready};
use super::{AUDIENCE, ISSUER};

/// A judgement: nothing, or why the token was denied.
pub type Verdict = Result<(), String>;

/// This service without its HTTP.
pub struct Doorward(Gate);

impl Doorward {
    pub fn new(keys: &Keys, now: i64) -> Self {
        let jwks = keys
            .public_key()
            .map(|key| json!({"keys": [key]}).to_string());
        let key = jwks
            .as_ref()
            .map_or(("HMAC_SECRET", keys.secret), |jwks| ("JWKS", jwks));
        let settings = [
            ("ISSUER", ISSUER),
            ("AUDIENCE", AUDIENCE),
            ("ALGORITHMS", keys.own.algorithm().name()),
            ("LEEWAY", "0s"),
            ("TOKEN_CACHE_CAPACITY", "0"),
            key,
        ];
        let pairs = settings.map(|(name, value)| (format!("DOORWARD_{name}").into(), value.into()));
        let configuration =
            Configuration::from_environment(pairs).unwrap_or_else(|problems| panic!("{problems}"));
        Self(Gate {
            clock: Arc::new(StandingClock(now)),
            ..gate(configuration)
        })
    }

    pub fn judge(&self, token: &str) -> Verdict {
        let authorization = Authorization::bearer(token);
        let decision = ready(
            self.0
                .decide(&authorization.request(), &mut DecisionRecord::default()),
        );
        decision.map(drop).map_err(|denial| format!("{denial:?}"))
    }
}

struct StandingClock(i64);

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(self.0)
    }

    fn uptime(&self) -> Uptime {
        Uptime::new(std::time::Duration::ZERO)
    }

    fn reach(&self, _: Moment) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::pending())
    }
}

/// The other implementation.
pub struct Other {
    key: DecodingKey,
    validation: Validation,
}

impl Other {
    pub fn new(keys: &Keys) -> Self {
        let key = keys.public_key().map_or_else(
            || DecodingKey::from_secret(keys.secret.as_bytes()).unwrap(),
            |jwk| DecodingKey::from_jwk(&serde_json::from_value(jwk).unwrap()).unwrap(),
        );
        let mut validation = Validation::new(keys.own.algorithm().name().parse().unwrap());
        validation.leeway = 0;
        validation.validate_nbf = true;
        validation.set_required_spec_claims(&["exp", "aud", "iss"]);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        Self { key, validation }
    }

    pub fn judge(&self, token: &str) -> Verdict {
        decode::<Value>(token, &self.key, &self.validation)
            .map(drop)
            .map_err(|error| format!("{error:?}"))
    }
}
