//! The text that the demo prints: command lines to paste, each with the expected answer.

use std::fmt::Write;

use serde_json::{Value, json};

use super::Demo;
use crate::domain::Clock;
use crate::jose::Algorithm;
use crate::platform::SystemClock;

impl Demo {
    /// Returns the command lines to paste. The comment above each has the expected status, the
    /// reason of a denial, and an explanation.
    pub fn page(&self) -> String {
        let mut page = format!(
            "doorward demo\n\n\
             site    http://{site}  (every path is guarded)\n\
             verify  http://{verify}/verify\n\
             admin   http://{admin}/metrics /readyz /status\n\
             issuer  {issuer}\n\n\
             Paste a line into another terminal; ctrl-c ends the demo.\n",
            site = self.site,
            verify = self.verify,
            admin = self.admin,
            issuer = self.issuer.url(),
        );
        for (expected, line) in self.lines() {
            // Writing to a String cannot fail.
            let _ = write!(page, "\n# {expected}\n{line}\n");
        }
        page
    }

    fn lines(&self) -> Vec<(&'static str, String)> {
        let valid = |algorithm| self.token(algorithm, json!({}));
        let (rs256, now) = (valid(Algorithm::RS256), SystemClock.now().as_secs());
        let expired = self.token(
            Algorithm::RS256,
            json!({"iat": now - 7200, "exp": now - 3600}),
        );
        let elsewhere = self.token(Algorithm::RS256, json!({"aud": "another-api"}));
        let spoofing = format!(
            "{} -H 'X-Auth-Subject: mallory'",
            self.curl(&valid(Algorithm::ES256))
        );
        vec![
            (
                "200: a valid token (RS256); the site sees who it is",
                self.curl(&rs256),
            ),
            (
                "200: a valid token (EdDSA)",
                self.curl(&valid(Algorithm::EdDSA)),
            ),
            (
                "200: a valid token (ES256), and an identity that the client made up: the site sees alice",
                spoofing,
            ),
            ("401 token_expired: an expired token", self.curl(&expired)),
            (
                "401 signature_invalid: a tampered token, whose claims were exchanged",
                self.curl(&tampered(&rs256)),
            ),
            (
                "401 audience_mismatch: a token for another API",
                self.curl(&elsewhere),
            ),
            (
                "401 token_missing: no token",
                format!("curl -si http://{}/hello", self.site),
            ),
            (
                "200: the answer of the verify listener itself, as a proxy gets it",
                self.curl_verify(&rs256),
            ),
            (
                "200: a token of your own",
                format!(
                    "curl -si {}/token -d alg=ES256 -d sub=bob",
                    self.issuer.url()
                ),
            ),
        ]
    }

    /// Returns a token for the page. The demo has keys for these algorithms; without one, the line
    /// would show `no-token`.
    fn token(&self, algorithm: Algorithm, claims: Value) -> String {
        self.issuer
            .sign(algorithm, claims)
            .unwrap_or_else(|_| "no-token".to_owned())
    }

    fn curl(&self, token: &str) -> String {
        format!(
            "curl -si http://{}/hello -H 'Authorization: Bearer {token}'",
            self.site
        )
    }

    fn curl_verify(&self, token: &str) -> String {
        format!(
            "curl -si http://{}/verify -H 'Authorization: Bearer {token}'",
            self.verify
        )
    }
}

/// Returns the token with other claims and its original signature.
fn tampered(token: &str) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let decoded = parts
        .get(1)
        .and_then(|payload| crate::jose::decode_base64url(payload));
    let claims = decoded
        .and_then(|claims| String::from_utf8(claims).ok())
        .unwrap_or_default();
    if let Some(payload) = parts.get_mut(1) {
        *payload = crate::jose::encode_base64url(claims.replace("alice", "admin"));
    }
    parts.join(".")
}
