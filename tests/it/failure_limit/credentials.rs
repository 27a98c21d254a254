//! Keys, passwords and opaque tokens: each failure that cost work counts, of whatever kind it is.

use serde_json::json;

use super::{ALICE, MALLORY};
use crate::listed::{Files, api_key, entry, user};
use crate::support::{IntrospectionEndpoint, Request, TestGate};

/// A service that takes credentials of each kind, with a limit of two failures a minute.
fn gate(server: &IntrospectionEndpoint, files: &Files, keys: &str) -> TestGate {
    let users = user("alice", "secret") + &user("bob", "other");
    server
        .gate()
        .set("API_KEYS_FILE", files.write("keys.yaml", keys))
        .set("HTPASSWD_FILE", files.write("htpasswd", users))
        .set("TOKEN_SOURCES", "bearer, basic")
        .set("PROXY", "traefik")
        .set("FAILURE_LIMIT", "2/1m")
        .spawn()
}

/// Checks what becomes of a client that fails twice with the bad credential: a good one that is
/// known still passes, as for others behind the same NAT. A good one that is not known passes only
/// from elsewhere.
fn is_limited(
    gate: &TestGate,
    bad: &dyn Fn(Request) -> (Request, &'static str),
    known: &dyn Fn(Request) -> Request,
    unseen: &dyn Fn(Request) -> Request,
) {
    let from = |client: &str| gate.get("/verify").header("X-Forwarded-For", client);
    assert_eq!(known(from(MALLORY)).send().verdict(), "200");
    for _ in 0..2 {
        let (request, reason) = bad(from(MALLORY));
        assert_eq!(request.send().verdict(), reason);
    }
    for refused in [bad(from(MALLORY)).0, unseen(from(MALLORY))] {
        assert_eq!(refused.send().verdict(), "429 rate_limited");
    }
    assert_eq!(known(from(MALLORY)).send().verdict(), "200");
    assert_eq!(unseen(from(ALICE)).send().verdict(), "200");
}

#[test]
fn unknown_keys_count() {
    let (server, files, keys) = (
        IntrospectionEndpoint::start(),
        Files::new(),
        [api_key(), api_key()],
    );
    let lines = entry("a", &keys[0], "") + &entry("b", &keys[1], "");
    let gate = gate(&server, &files, &lines);
    is_limited(
        &gate,
        &|request| (request.bearer(&api_key()), "401 credential_unknown"),
        &|request| request.bearer(&keys[0]),
        &|request| request.bearer(&keys[1]),
    );
    // Its check sum tells without a look-up that it is none.
    let mistyped = format!("{}0", keys[0]);
    let request = gate.get("/verify").header("X-Forwarded-For", MALLORY);
    assert_eq!(
        request.bearer(&mistyped).send().verdict(),
        "401 token_malformed"
    );
}

#[test]
fn wrong_passwords_count() {
    let (server, files) = (IntrospectionEndpoint::start(), Files::new());
    let gate = gate(&server, &files, "[]");
    is_limited(
        &gate,
        &|request| (request.basic("alice", "wrong"), "401 credentials_invalid"),
        &|request| request.basic("alice", "secret"),
        &|request| request.basic("bob", "other"),
    );
}

#[test]
fn inactive_tokens_count_and_are_not_asked_about_any_more() {
    let (server, files) = (IntrospectionEndpoint::start(), Files::new());
    server.knows("known", &json!({}));
    server.knows("unseen", &json!({}));
    let gate = gate(&server, &files, "[]");
    let mut number = std::sync::atomic::AtomicU32::new(0);
    let made = &number;
    is_limited(
        &gate,
        &|request| {
            let number = made.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            (
                request.bearer(&format!("inactive{number}")),
                "401 token_inactive",
            )
        },
        &|request| request.bearer("known"),
        &|request| request.bearer("unseen"),
    );
    assert_eq!(*number.get_mut(), 3);
    assert_eq!(server.asked(), 4, "known, two of three, and unseen");
    // The answer about a token that was asked about is kept, and costs nothing.
    let request = gate.get("/verify").header("X-Forwarded-For", MALLORY);
    assert_eq!(
        request.bearer("inactive0").send().verdict(),
        "401 token_inactive"
    );
}
