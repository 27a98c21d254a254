//! What every answer looks like on the wire, whatever the case.

use doorward::domain::Reason;
use serde_json::json;

use crate::support::{Answer, TestGate};

/// The headers that claims become where nothing else is configured.
const CLAIM_HEADERS: [&str; 5] = [
    "x-auth-client-id",
    "x-auth-email",
    "x-auth-issuer",
    "x-auth-scopes",
    "x-auth-subject",
];

/// Each of these tokens must be denied for this reason.
pub fn assert_each_denied<W: std::fmt::Display>(
    gate: &TestGate,
    reason: &str,
    tokens: impl IntoIterator<Item = (W, String)>,
) {
    let mut seen = 0;
    for (what, token) in tokens {
        assert_token_denied(gate, &token, reason, what);
        seen += 1;
    }
    assert!(seen > 0, "nothing was tried");
}

pub fn assert_token_denied(
    gate: &TestGate,
    token: &str,
    reason: &str,
    what: impl std::fmt::Display,
) {
    assert_denied(&gate.get("/verify").bearer(token).send(), reason, what);
}

/// A denial for this reason: status, challenge and body to the letter, and no other field.
pub fn assert_denied(answer: &Answer, reason: &str, what: impl std::fmt::Display) {
    let what = what.to_string().chars().take(300).collect::<String>();
    let status = status(reason);
    assert_eq!(answer.verdict(), format!("{status} {reason}"), "{what}");
    let meaning = Reason::from_code(reason).expect("a reason code").meaning();
    let challenge = challenge(status, reason, meaning);
    match (&challenge, answer.get("www-authenticate")) {
        (Some(expected), Some(found)) if reason == "scope_insufficient" => {
            assert!(found.starts_with(expected), "{what}");
        }
        (expected, found) => assert_eq!(found, expected.as_deref(), "{what}"),
    }
    let body =
        json!({"error": error(status, reason), "error_description": meaning, "code": reason});
    assert_eq!(answer.json(), body, "{what}");
    assert_eq!(
        answer.get("content-type"),
        Some("application/json"),
        "{what}"
    );
    assert_eq!(answer.get("cache-control"), Some("no-store"), "{what}");
    let mut fields = vec![
        "cache-control",
        "content-length",
        "content-type",
        "date",
        "x-auth-reason",
    ];
    fields.extend(challenge.map(|_| "www-authenticate"));
    fields.extend((status == 503).then_some("retry-after"));
    assert_fields(answer, fields, &what);
}

/// 200 with an empty body, these claim headers with these values, and no other field.
pub fn assert_allowed(
    answer: &Answer,
    claim_headers: &[(&str, &str)],
    what: impl std::fmt::Display,
) {
    assert_eq!(
        (answer.verdict().as_str(), answer.body.as_str()),
        ("200", ""),
        "{what}"
    );
    assert_eq!(answer.get("cache-control"), Some("no-store"), "{what}");
    for (name, value) in claim_headers {
        assert_eq!(answer.get(name), Some(*value), "{what}: {name}");
    }
    let names = claim_headers.iter().map(|(name, _)| *name);
    assert_fields(
        answer,
        ["cache-control", "content-length", "date"]
            .into_iter()
            .chain(names),
        what,
    );
}

/// 200 with the usual claim headers, for a token of this subject that says nothing else about
/// itself.
pub fn assert_allowed_as(
    answer: &Answer,
    subject: &str,
    issuer: &str,
    what: impl std::fmt::Display,
) {
    let mut expected = CLAIM_HEADERS.map(|name| (name, ""));
    expected[2].1 = issuer;
    expected[4].1 = subject;
    assert_allowed(answer, &expected, what);
}

/// How often the token cache knew the token.
pub fn hits(gate: &TestGate) -> u64 {
    cache_requests(gate, "hit")
}

/// How often it did not.
pub fn misses(gate: &TestGate) -> u64 {
    cache_requests(gate, "miss")
}

fn cache_requests(gate: &TestGate, result: &str) -> u64 {
    count(
        gate,
        &format!("doorward_token_cache_requests_total{{result=\"{result}\"}}"),
    )
}

/// The value of a counter, which is a whole number.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub fn count(gate: &TestGate, series: &str) -> u64 {
    gate.metric(series) as u64
}

/// Refused by the HTTP layer: there was no decision, so there is no reason, and the connection is
/// over.
pub fn assert_not_http(
    gate: &TestGate,
    request: &[u8],
    statuses: &[u16],
    what: impl std::fmt::Display,
) {
    let mut client = crate::support::Client::connect(gate.verify);
    let answer = client.send_bytes(request, false);
    assert!(statuses.contains(&answer.status), "{what}: {answer:?}");
    assert!(
        !answer
            .fields
            .iter()
            .any(|(name, _)| name.starts_with("x-auth-")),
        "{what}: {answer:?}"
    );
    assert!(client.is_closed(), "{what}");
}

fn assert_fields<'a>(
    answer: &Answer,
    expected: impl IntoIterator<Item = &'a str>,
    what: impl std::fmt::Display,
) {
    let mut expected: Vec<&str> = expected.into_iter().collect();
    let mut found: Vec<&str> = answer
        .fields
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected, "{what}");
}

fn status(reason: &str) -> u16 {
    match reason {
        "scope_insufficient" | "policy_denied" | "route_denied" | "claim_headers_too_large" => 403,
        code if code.starts_with("forwarded_headers_") => 403,
        "keys_unavailable" => 503,
        _ => 401,
    }
}

fn challenge(status: u16, reason: &str, meaning: &str) -> Option<String> {
    match (status, reason) {
        (401, "token_missing" | "scheme_unsupported") => Some("Bearer realm=\"doorward\"".into()),
        (401, _) | (_, "scope_insufficient") => Some(format!(
            "Bearer realm=\"doorward\", error=\"{}\", error_description=\"{meaning}\"",
            error(status, reason)
        )),
        _ => None,
    }
}

fn error(status: u16, reason: &str) -> &'static str {
    match (status, reason) {
        (401, "token_missing" | "scheme_unsupported") => "access_denied",
        (401, "authorization_malformed") => "invalid_request",
        (401, _) => "invalid_token",
        (_, "scope_insufficient") => "insufficient_scope",
        (503, _) => "temporarily_unavailable",
        _ => "access_denied",
    }
}
