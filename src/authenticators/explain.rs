//! Explanations of the stages of a verification.

use std::sync::Arc;

use super::opaque::Verdict;
use crate::domain::{BearerToken, Denial, ExplainStep, IssuerIndex, Moment, Reason};
use crate::issuers::{Issuer, KeySnapshot};
use crate::jose::{
    Candidates, CompactJws, IssuerClaim, JoseHeader, SignedJws, VerificationKey, decode_base64url,
};
use crate::policy::{RouteIssuers, Rules};

/// At most this many keys are listed; more would not fit into a line.
const MAX_KEYS: usize = 5;

/// Explains the parts of the token, and its header.
pub(super) fn form(token: BearerToken<'_>, jws: &Result<CompactJws<'_>, Reason>) -> ExplainStep {
    // A JWE has 5 parts; with 6 it is malformed, so counting stops there.
    let parts = token.as_bytes().splitn(6, |byte| *byte == b'.').count();
    let claims = if jws
        .as_ref()
        .is_err_and(|reason| *reason == Reason::ClaimInvalid)
    {
        ", and claims that are no JSON object, or have a member twice"
    } else {
        ""
    };
    let found = format!("parts: {parts}, {}{claims}", header_as_written(token));
    ExplainStep::of("form", jws, "a compact JWS (RFC 7515)", found)
}

/// Returns the header as the token has it, even if the rest of the token is malformed. Anything but
/// a JSON object is not shown: it may be a signature, or a token of another kind.
fn header_as_written(token: BearerToken<'_>) -> String {
    let first = token
        .as_bytes()
        .split(|byte| *byte == b'.')
        .next()
        .unwrap_or_default();
    let text = std::str::from_utf8(first)
        .ok()
        .and_then(decode_base64url)
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let object = text.filter(|text| serde_json::from_str::<serde_json::Map<_, _>>(text).is_ok());
    object.map_or_else(
        || "the first is no JSON object in base64url".to_owned(),
        |object| format!("header {object}"),
    )
}

/// The answer that is expected about a token.
pub(super) const ACTIVE: &str = "active, as the issuer answers";

/// Explains the form of an opaque token, without showing it.
pub(super) fn opaque(token: Result<&str, Reason>) -> String {
    token.map_or_else(
        |_| "characters that no token may have (RFC 6750 section 2.1)".to_owned(),
        |token| format!("{} characters", token.len()),
    )
}

/// Explains what the issuer says about a token, or why it says nothing.
pub(super) fn verdict(stage: &'static str, verdict: &Result<Verdict, String>) -> ExplainStep {
    match verdict {
        Ok(Verdict::Active(_)) => ExplainStep::passed(stage, ACTIVE, "active"),
        Ok(Verdict::Inactive) => ExplainStep::failed(stage, ACTIVE, "not active"),
        Err(error) => ExplainStep::failed(stage, ACTIVE, error),
    }
}

pub(super) fn issuer_claim(jws: &CompactJws<'_>) -> String {
    match jws.unverified_claims().issuer() {
        IssuerClaim::Absent => "no iss".to_owned(),
        IssuerClaim::Named(issuer) => format!("{issuer:?}"),
        IssuerClaim::Malformed => "an iss that is no text".to_owned(),
    }
}

/// Names the issuers whose tokens the rules accept.
pub(super) fn issuers<'a>(rules: &Rules, name: impl Fn(IssuerIndex) -> Option<&'a str>) -> String {
    match &rules.issuers {
        RouteIssuers::All => "any".to_owned(),
        RouteIssuers::These(accepted) => {
            let names = accepted.iter().filter_map(|index| name(*index));
            names.collect::<Vec<_>>().join(", ")
        }
    }
}

/// Explains the keys that are tried, or those that are known if none of them can be tried.
pub(super) fn keys(
    header: &JoseHeader,
    issuer: &Issuer,
    found: &Result<(Candidates, Arc<KeySnapshot>), Denial>,
    now: Moment,
) -> ExplainStep {
    let wanted = header
        .key_id()
        .map_or_else(|| "any key".to_owned(), |id| format!("key {id:?}"));
    let told = match found {
        Ok((candidates, snapshot)) => {
            let candidates = candidates
                .iter()
                .map(|key| (&**key, key.algorithm().to_string()));
            listed(candidates, snapshot, now)
        }
        Err(_) => known(issuer, now),
    };
    ExplainStep::of(
        "key",
        found,
        format!("{wanted} for {}", header.algorithm()),
        told,
    )
}

fn known(issuer: &Issuer, now: Moment) -> String {
    let snapshot = issuer.keys.snapshot();
    if snapshot.keys().is_empty() {
        let error = issuer.keys.fetch_history().last_error.clone();
        let error = error.map_or_else(String::new, |error| format!("; the last fetch: {error}"));
        return format!("no keys are known{error}");
    }
    let fetched = snapshot
        .fetched_at()
        .map(|at| format!(", fetched {} s ago", now.since(at).as_secs()));
    let usable = if snapshot.is_usable(now) {
        ""
    } else {
        ", too old to be used"
    };
    let published = snapshot.keys().published();
    let count = published.len();
    let listed = listed(
        published
            .iter()
            .map(|key| (key.first(), key.algorithm_names())),
        &snapshot,
        now,
    );
    format!(
        "{count} known{}{usable}: {listed}",
        fetched.unwrap_or_default()
    )
}

/// Lists keys, each with the algorithms that it may be used with.
fn listed<'a>(
    keys: impl Iterator<Item = (&'a VerificationKey, String)>,
    snapshot: &KeySnapshot,
    now: Moment,
) -> String {
    let told = keys
        .take(MAX_KEYS + 1)
        .enumerate()
        .map(|(number, (key, used))| match snapshot.first_seen(key) {
            _ if number == MAX_KEYS => "and more".to_owned(),
            Some(seen) => format!(
                "{} ({used}, known for {} s)",
                name(key),
                now.uptime.since(seen).as_secs()
            ),
            None => format!("{} ({used})", name(key)),
        });
    told.collect::<Vec<_>>().join(", ")
}

/// Explains which of the keys made the signature; they are tried one after the other.
pub(super) fn signature(
    candidates: &Candidates,
    signed: &Result<SignedJws, Reason>,
) -> ExplainStep {
    let found = match signed {
        Ok(signed) => {
            let before = candidates
                .iter()
                .take_while(|key| !Arc::ptr_eq(key, signed.key()))
                .count();
            let others = if before > 0 {
                format!(", after {before} that did not")
            } else {
                String::new()
            };
            format!("{} made it{others}", name(signed.key()))
        }
        Err(_) => format!("none of them made it; tried: {}", candidates.iter().count()),
    };
    ExplainStep::of("signature", signed, "made by one of these keys", found)
}

fn name(key: &VerificationKey) -> String {
    // A `kid` has no length limit.
    key.id().map_or_else(
        || "a key without id".to_owned(),
        |id| format!("{:?}", id.chars().take(64).collect::<String>()),
    )
}
