//! JWTs about which their issuer is asked as well.

use std::time::Duration;

use serde_json::{Value, json};

use super::{logout, server};
use crate::support::{IntrospectionEndpoint, TestGate};

fn gate(server: &IntrospectionEndpoint) -> TestGate {
    server.gate().set("INTROSPECTION", "always").spawn()
}

#[test]
fn the_answer_adds_what_a_lightweight_token_lacks() {
    let server = server();
    let gate = gate(&server);
    let light = server.idp.token().without("aud").without("sub").sign();
    assert_eq!(gate.verdict(&light), "401 token_inactive");
    gate.clock.advance(Duration::from_secs(10));
    server.knows(
        &light,
        &json!({"client_id": "web", "scope": "read", "typ": "Bearer"}),
    );
    let answer = gate.get("/verify").bearer(&light).send();
    assert_eq!(answer.verdict(), "200", "{answer:?}");
    let headers =
        ["subject", "client-id", "scopes"].map(|name| answer.get(&format!("x-auth-{name}")));
    assert_eq!(headers, [Some("alice"), Some("web"), Some("read")]);
    assert_eq!(gate.verdict(&light), "200");
    assert_eq!(server.asked(), 2);
}

#[test]
fn members_of_the_token_stay_and_contradictions_are_no_answer() {
    let server = server();
    let gate = gate(&server);
    let now = gate.clock.secs();
    for (number, (answer, verdict)) in [
        (json!({}), "200"),
        (json!({"aud": "other"}), "200"),
        (json!({"sub": Value::Null, "aud": Value::Null}), "200"),
        (json!({"sub": "mallory"}), "503 dependency_unavailable"),
        (json!({"client_id": "other"}), "503 dependency_unavailable"),
        (json!({"cnf": {"jkt": "x"}}), "401 proof_missing"),
        (
            json!({"iss": "https://other.example"}),
            "503 dependency_unavailable",
        ),
        (json!({"iss": 1}), "503 dependency_unavailable"),
        (json!({"iss": server.url}), "200"),
        (json!({"exp": now - 31}), "401 token_expired"),
        (json!({"exp": "x"}), "503 dependency_unavailable"),
        (json!({"nbf": now + 31}), "401 token_not_yet_valid"),
        (json!({"typ": "Refresh"}), "401 token_type_mismatch"),
        (json!({"events": logout()}), "401 token_type_mismatch"),
        (json!({"events": {}}), "200"),
    ]
    .into_iter()
    .enumerate()
    {
        let token = server
            .idp
            .token()
            .claim("client_id", "web")
            .claim("jti", number)
            .sign();
        server.knows(&token, &answer);
        assert_eq!(gate.verdict(&token), verdict, "{answer}");
    }
}

/// A claim that both have and that differs: the answer is about another token.
#[test]
fn token_and_answer_are_bound_to_one_key() {
    let server = server();
    let gate = gate(&server);
    let unavailable = "503 dependency_unavailable";
    for (number, (own, answered, verdict)) in [
        (json!({"jkt": "a"}), json!({}), "401 proof_missing"),
        (
            json!({"jkt": "a"}),
            json!({"cnf": {"jkt": "a"}}),
            "401 proof_missing",
        ),
        (
            json!({"jkt": "a"}),
            json!({"cnf": {"jkt": "b"}}),
            unavailable,
        ),
        (
            json!({"jkt": "a"}),
            json!({"cnf": {"jkt": "a", "x5t#S256": "c"}}),
            unavailable,
        ),
        (json!({"jkt": "a"}), json!({"cnf": "a"}), unavailable),
    ]
    .into_iter()
    .enumerate()
    {
        let token = server.idp.token().claim("cnf", own).claim("jti", number);
        let token = token.sign();
        server.knows(&token, &answered);
        assert_eq!(gate.verdict(&token), verdict, "{answered}");
    }
}

/// Nothing but the answer says whose an opaque token is. So it is denied, as with `opaque`.
#[test]
fn an_opaque_token_of_another_issuer_is_denied() {
    let server = server();
    let gate = server
        .gate()
        .set("INTROSPECTION", "always")
        .set("TOKEN_PREFIXES", "opq_")
        .spawn();
    server.knows("opq_own", &json!({"iss": server.url}));
    server.knows("opq_other", &json!({"iss": "https://other.example"}));
    assert_eq!(gate.verdict("opq_own"), "200");
    assert_eq!(gate.verdict("opq_other"), "401 issuer_unknown");
}

#[test]
fn a_token_that_is_denied_anyway_is_not_asked_about() {
    let server = server();
    let gate = gate(&server);
    let good = server.idp.token().sign();
    let (body, _) = good.rsplit_once('.').unwrap();
    for (token, verdict) in [
        (format!("{body}.AAAA"), "401 signature_invalid"),
        (
            server.idp.token().expires_in(-31).sign(),
            "401 token_expired",
        ),
        (
            server.idp.token().header("typ", "x").sign(),
            "401 token_type_mismatch",
        ),
    ] {
        assert_eq!(gate.verdict(&token), verdict);
    }
    assert_eq!(server.asked(), 0);
    assert_eq!(gate.verdict(&good), "401 token_inactive");
    // No issuer takes opaque tokens with `introspection: always`.
    assert_eq!(gate.verdict("good"), "401 token_malformed");
}

#[test]
fn the_end_that_the_answer_names_ends_the_token() {
    let server = server();
    let gate = server
        .gate()
        .set("INTROSPECTION", "always")
        .set("LEEWAY", "0s")
        .spawn();
    let token = server.idp.token().sign();
    server.knows(&token, &json!({"exp": gate.clock.secs() + 20}));
    assert_eq!(gate.verdict(&token), "200");
    gate.clock.advance(Duration::from_secs(19));
    assert_eq!(gate.verdict(&token), "200");
    gate.clock.advance(Duration::from_secs(1));
    assert_eq!(gate.verdict(&token), "401 token_expired");
}
