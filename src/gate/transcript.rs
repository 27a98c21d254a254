//! What a decision was made of, for whoever asks why.

use std::fmt;

use serde::Serialize;

use crate::domain::{Denial, Reason};
use crate::policy::Permit;

/// The stages of a decision, each with what was expected and what was found. It holds claims, and never a signature or a
/// secret.
#[derive(Debug, Serialize)]
pub struct Transcript {
    /// `allow`, `deny`, `error`, or `would_deny` on a route that only reports.
    pub verdict: &'static str,
    /// `ok`, or the code of the reason.
    pub reason: &'static str,
    /// What the reason means.
    pub meaning: &'static str,
    /// What may help.
    pub hint: Option<&'static str>,
    /// The stages in their order; after one that was not passed there is none.
    pub stages: Vec<Stage>,
}

/// A stage of a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stage {
    /// Its name.
    pub stage: &'static str,
    /// Whether the request came through.
    pub passed: bool,
    /// What had to be there.
    pub expected: String,
    /// What was there.
    pub found: String,
}

/// The stages so far.
#[derive(Default)]
pub(super) struct Stages(Vec<Stage>);

/// Texts from a token or a request are shown so far.
const MAX_SHOWN: usize = 300;

impl Stages {
    /// Writes a stage down, and hands its outcome on.
    pub(super) fn note<T, E: Into<Denial>>(
        &mut self,
        stage: &'static str,
        expected: impl fmt::Display,
        found: impl fmt::Display,
        outcome: Result<T, E>,
    ) -> Result<T, Denial> {
        let passed = outcome.is_ok();
        self.0.push(Stage { stage, passed, expected: expected.to_string(), found: shown(&found.to_string()) });
        outcome.map_err(Into::into)
    }

    pub(super) fn finish(self, decision: &Result<Permit, Denial>, report_only: bool) -> Transcript {
        let stages = self.0;
        let Some(reason) = decision.as_ref().err().map(Denial::reason) else {
            return Transcript { verdict: "allow", reason: "ok", meaning: "the request may pass", hint: None, stages };
        };
        let verdict = match (report_only, reason.turn().status()) {
            (true, _) => "would_deny",
            (false, 503) => "error",
            (false, _) => "deny",
        };
        Transcript { verdict, reason: reason.code(), meaning: reason.meaning(), hint: Some(hint(reason)), stages }
    }
}

/// A text of the request or the token, bounded and on one line.
pub(super) fn shown(text: &str) -> String {
    let plain = |character: char| {
        if character.is_control() { character.escape_default().to_string() } else { character.into() }
    };
    let mut shown: String = text.chars().take(MAX_SHOWN).map(plain).collect();
    if text.chars().nth(MAX_SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

/// What may help against a denial.
const fn hint(reason: Reason) -> &'static str {
    match reason {
        Reason::TokenMissing => "send the token where `token_sources` looks, and have the proxy pass that header on",
        Reason::TokenMalformed => {
            "a compact JWS is three parts of base64url with dots between, without quotes or blanks"
        }
        Reason::TokenTooLarge => "ask the issuer for fewer claims, or raise `max_token_bytes`",
        Reason::TokenAmbiguous => "send one token, in one place",
        Reason::SchemeUnsupported => "send `Authorization: Bearer TOKEN`",
        Reason::AlgorithmNotAllowed => "compare `algorithms` and the `alg` of the key with that of the token",
        Reason::HeaderCriticalUnsupported => "no extension of RFC 7515 section 4.1.11 is supported",
        Reason::TokenEncrypted => "ask the issuer for signed tokens that are not encrypted",
        Reason::IssuerUnknown => {
            "`iss` is compared byte by byte: look for a slash more or less, and at the route's `issuers`"
        }
        Reason::KeyUnknown => "does the issuer publish this key? `doorward check --online` shows what it publishes",
        Reason::SignatureInvalid => "the token was changed, or signed by another key of the same id",
        Reason::TokenExpired => "get a new token; if it is new, compare the clocks",
        Reason::TokenNotYetValid | Reason::TokenIssuedInFuture => {
            "compare the clocks of issuer and service, or raise `leeway`"
        }
        Reason::TokenTooOld => "get a new token, or raise `max_token_age`",
        Reason::AudienceMismatch => "request the token for this API, or add its audience to `audience`",
        Reason::TokenTypeMismatch => "send an access token, not an ID token; see `token_type` and `accepted_types`",
        Reason::ClaimMissing => "have the issuer add the claim to the token",
        Reason::ClaimInvalid => "the issuer writes a claim in a form that its specification does not know",
        Reason::ProofMissing => "tokens that are bound to a key are not supported; request one without `cnf`",
        Reason::ScopeInsufficient => "request the token with these scopes, and grant them to the client",
        Reason::PolicyDenied => "the token lacks what the route, or `required_claims`, asks for",
        Reason::RouteDenied => "add a route for this request, or see why the earlier ones differ",
        Reason::ClaimHeadersTooLarge => "map fewer claims, or raise `claim_headers_max_bytes` and the proxy's buffers",
        Reason::ForwardedHeadersMissing => "have the proxy send the headers of its dialect; see `proxy`",
        Reason::ForwardedHeadersUntrusted => "add the proxy's network to `trusted_proxies`",
        Reason::ForwardedHeadersAmbiguous => "have the proxy normalise paths, and send each header once",
        Reason::KeysUnavailable => "`/status` tells why the issuer's keys could not be fetched",
        Reason::DependencyUnavailable => "try again later",
    }
}
