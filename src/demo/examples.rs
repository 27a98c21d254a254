//! Requests to the guarded site, each with the answer that it gets.

use serde_json::{Value, json};

use super::issuer::DevelopmentIssuer;
use crate::domain::Clock;
use crate::jose::{Algorithm, decode_base64url, encode_base64url};
use crate::platform::SystemClock;

/// A request to the guarded site.
pub(super) struct Example {
    /// The status, the reason if it is a denial, and why.
    pub(super) promise: &'static str,
    /// The bearer token.
    pub(super) token: Option<String>,
    /// A subject that the client claims to be, in the header of the application.
    pub(super) claimed_subject: Option<&'static str>,
}

/// Makes the examples with fresh tokens of this issuer.
pub(super) fn of(issuer: &DevelopmentIssuer) -> Vec<Example> {
    // The issuer signs these algorithms; if it does not, the example shows it.
    let token = |algorithm, claims: Value| {
        let signed = issuer.sign(algorithm, claims);
        signed.unwrap_or_else(|_| "no-token".to_owned())
    };
    let valid = |algorithm| token(algorithm, json!({}));
    let (rs256, now) = (valid(Algorithm::RS256), SystemClock.now().as_secs());
    let expired = json!({"iat": now - 7200, "exp": now - 3600});
    let with = |promise, token| Example {
        promise,
        token: Some(token),
        claimed_subject: None,
    };
    vec![
        with(
            "200: a valid token (RS256); the site sees who it is",
            rs256.clone(),
        ),
        with("200: a valid token (EdDSA)", valid(Algorithm::EdDSA)),
        Example {
            claimed_subject: Some("mallory"),
            ..with(
                "200: a valid token (ES256), and an identity that the client made up: the site sees alice",
                valid(Algorithm::ES256),
            )
        },
        with(
            "401 token_expired: an expired token",
            token(Algorithm::RS256, expired),
        ),
        with(
            "401 signature_invalid: a tampered token, whose claims were exchanged",
            tampered(&rs256),
        ),
        with(
            "401 audience_mismatch: a token for another API",
            token(Algorithm::RS256, json!({"aud": "another-api"})),
        ),
        Example {
            promise: "401 token_missing: no token",
            token: None,
            claimed_subject: None,
        },
    ]
}

/// Returns the token with other claims under the same signature.
fn tampered(token: &str) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let decoded = parts.get(1).and_then(|payload| decode_base64url(payload));
    let claims = decoded
        .and_then(|claims| String::from_utf8(claims).ok())
        .unwrap_or_default();
    if let Some(payload) = parts.get_mut(1) {
        *payload = encode_base64url(claims.replace("alice", "admin"));
    }
    parts.join(".")
}
