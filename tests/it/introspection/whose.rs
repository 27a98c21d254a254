//! The issuer of a token is found by the token's form, and never by trial.

use serde_json::json;

use super::server;
use crate::support::{IntrospectionEndpoint, TestGate, TestIssuer};

/// A service with two servers of opaque tokens; the first one's begin with `a_`.
fn two(a: &IntrospectionEndpoint, b: &IntrospectionEndpoint, b_prefixes: &str) -> TestGate {
    let issuer = |name: &str, server: &IntrospectionEndpoint, prefixes: &str| {
        format!(
            "  - {{name: {name}, issuer: '{}', audience: api, jwks: '{}', introspection: opaque, \
             introspection_client_id: svc, introspection_client_secret: s{prefixes}}}\n",
            server.url,
            server.idp.jwks(),
        )
    };
    let file = format!(
        "proxy: traefik\nissuers:\n{}{}routes:\n  - {{name: a, match: {{path: /a}}, issuers: [a]}}\n  - {{name: rest, match: {{}}}}\n",
        issuer("a", a, ", token_prefixes: [a_]"),
        issuer("b", b, b_prefixes),
    );
    TestGate::new().by_time_of(&a.idp).file(file).spawn()
}

fn verdict(gate: &TestGate, token: &str, uri: &str) -> String {
    let request = gate
        .get("/verify")
        .bearer(token)
        .header("X-Forwarded-Method", "GET");
    let request = request
        .header("X-Forwarded-Host", "a")
        .header("X-Forwarded-Uri", uri);
    request.send().verdict()
}

#[test]
fn a_token_of_one_server_is_never_sent_to_another() {
    for b_prefixes in ["", ", token_prefixes: [b_]"] {
        let (a, b) = (server(), server());
        for (server, token) in [(&a, "a_1"), (&b, "b_1")] {
            server.knows(token, &json!({}));
        }
        let gate = two(&a, &b, b_prefixes);
        assert_eq!(verdict(&gate, "a_1", "/"), "200");
        assert_eq!(verdict(&gate, "b_1", "/"), "200");
        assert_eq!(verdict(&gate, "a_unknown", "/"), "401 token_inactive");
        let other = verdict(&gate, "A_1", "/");
        // No prefix matches: the issuer without prefixes gets it, if there is one.
        let expected = if b_prefixes.is_empty() {
            "401 token_inactive"
        } else {
            "401 token_malformed"
        };
        assert_eq!(other, expected);
        assert!(
            a.questions()
                .iter()
                .all(|asked| asked.token().starts_with("a_"))
        );
        assert!(
            b.questions()
                .iter()
                .all(|asked| !asked.token().starts_with("a_"))
        );
    }
}

#[test]
fn a_route_that_does_not_take_the_issuer_asks_nobody() {
    let (a, b) = (server(), server());
    b.knows("b_1", &json!({}));
    let gate = two(&a, &b, "");
    assert_eq!(verdict(&gate, "b_1", "/a"), "401 issuer_unknown");
    assert_eq!((a.asked(), b.asked()), (0, 0));
    assert_eq!(verdict(&gate, "b_1", "/"), "200");
    assert_eq!(
        verdict(&gate, "b_1", "/a"),
        "401 issuer_unknown",
        "a cached one too"
    );
}

#[test]
fn a_jwt_is_its_issuers_business_whatever_is_wrong_with_it() {
    let server = server();
    let gate = server.gate().spawn();
    let other = TestIssuer::new().named("https://other.example");
    let good = server.idp.token().sign();
    let (body, signature) = good.rsplit_once('.').unwrap();
    for (token, verdict) in [
        (good.clone(), "200"),
        (other.token().sign(), "401 issuer_unknown"),
        (format!("{body}.AAAA"), "401 signature_invalid"),
        (format!("{body}.{signature}="), "401 token_malformed"),
        (format!("{body}."), "401 signature_invalid"),
        (
            server.idp.token().header("crit", json!(["x"])).sign(),
            "401 header_critical_unsupported",
        ),
    ] {
        assert_eq!(gate.verdict(&token), verdict, "{token}");
    }
    assert_eq!(server.asked(), 0);
}

#[test]
fn a_token_of_five_parts_may_be_opaque() {
    let server = server();
    let header = doorward::jose::encode_base64url(r#"{"alg":"dir","enc":"A256GCM"}"#);
    let token = format!("{header}..aa.bb.cc");
    server.knows(&token, &json!({}));
    let gate = server.gate().spawn();
    assert_eq!(gate.verdict(&token), "200");
    let without = TestGate::new().trusting(&server.idp).spawn();
    assert_eq!(without.verdict(&token), "401 token_encrypted");
    assert_eq!(without.verdict("good"), "401 token_malformed");
}

#[test]
fn with_only_the_server_answers_for_its_jwts_and_no_keys_are_needed() {
    let server = server();
    let forged = server.idp.token().claim("exp", 1).sign();
    let gate = server
        .gate()
        .unset("JWKS")
        .set("INTROSPECTION", "only")
        .set("INTROSPECTION_URL", format!("{}/introspect", server.url))
        .spawn();
    assert_eq!(gate.admin("/readyz").send().status, 200);
    let status = gate.admin("/status").send().json();
    assert_eq!(status["issuers"][0]["key_source"], "unneeded");
    assert_eq!(gate.verdict(&forged), "401 token_inactive");
    let token = server.idp.token().sign();
    server.knows(&token, &json!({"sub": "bob"}));
    let answer = gate.get("/verify").bearer(&token).send();
    assert_eq!(
        (answer.verdict().as_str(), answer.get("x-auth-subject")),
        ("200", Some("bob"))
    );
    // An opaque token is not one of this `iss`.
    assert_eq!(gate.verdict("good"), "401 token_malformed");
}

#[test]
fn a_token_is_taken_from_every_source_of_the_route() {
    let server = server();
    let gate = server
        .gate()
        .set("TOKEN_SOURCES", "bearer,cookie:at")
        .spawn();
    assert_eq!(
        gate.get("/verify")
            .header("Cookie", "at=good")
            .send()
            .verdict(),
        "200"
    );
    assert_eq!(gate.verdict("good"), "200");
    assert_eq!(server.asked(), 1);
}
