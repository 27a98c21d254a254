//! Group H: what a denial says is ours, and short, whatever was asked.

use doorward::domain::Reason;
use serde_json::json;

use super::operations::answers_for_each_reason;
use super::wire::assert_denied;
use crate::support::{Answer, GateBuilder, Request, TestGate, TestIssuer};

/// Texts that no answer may have.
const MARKER: &str = "M4rk3r";

#[test]
fn h10_a_denial_echoes_nothing_of_the_request() {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("REQUIRED_SCOPES", "read")
        .set("REQUIRED_CLAIMS", "tenant=a")
        .spawn();
    let good = || idp.token().claim("tenant", "a").subject(MARKER);
    let named = |text: &str| format!("{MARKER}\"{text}");
    let tokens = [
        good().header("alg", named("alg")),
        good().header("kid", named("kid")),
        good().header("typ", named("typ")),
        good()
            .header("crit", vec![named("crit")])
            .header(&named("crit"), 1),
        good().header("cty", "JWT").header(MARKER, MARKER),
        good().claim("iss", named("iss")),
        good().claim("aud", named("aud")),
        good().claim("sub", json!({MARKER: MARKER})),
        good().claim("exp", named("exp")),
        good().claim("cnf", json!({"jkt": MARKER})),
        good().claim("tenant", named("tenant")),
        good().claim("scope", named("scope")),
        good().claim("email", MARKER.repeat(600)),
        good().expires_in(-60),
    ];
    let tokens = tokens.map(|token| token.sign());
    let broken = [
        MARKER.to_owned(),
        format!("{MARKER}.{MARKER}.{MARKER}"),
        format!("{MARKER}...."),
    ];
    let mut codes = Vec::new();
    for token in tokens.iter().chain(&broken) {
        let answer = talkative(gate.get("/verify")).bearer(token).send();
        codes.push(assert_echoes_nothing(&answer, token));
        let header = token.split('.').next().unwrap();
        assert!(
            header.len() < 8 || !written(&answer).contains(header),
            "{answer:?}"
        );
    }
    for scheme in [
        MARKER.to_owned(),
        format!("{MARKER} {MARKER}"),
        format!("Basic {MARKER}"),
        format!("Bearer {MARKER} x"),
    ] {
        codes.push(assert_echoes_nothing(
            &talkative(gate.get("/verify"))
                .header("Authorization", &scheme)
                .send(),
            &scheme,
        ));
    }
    codes.push(assert_echoes_nothing(
        &talkative(gate.get(&format!("/verify?{MARKER}={MARKER}"))).send(),
        "a query",
    ));
    codes.sort();
    codes.dedup();
    assert!(codes.len() >= 14, "{codes:?}");
    for target in [
        format!("/{MARKER}"),
        format!("/denial/{MARKER}"),
        format!("/verify/{MARKER}"),
        format!("/verify/nginx?{MARKER}"),
    ] {
        assert!(
            !written(&talkative(gate.get(&target)).send()).contains(MARKER),
            "{target}"
        );
    }
}

#[test]
fn h10_nothing_that_is_configured_ends_a_quoted_text() {
    let idp = TestIssuer::new();
    let with = |name: &str, value: &str| TestGate::new().trusting(&idp).set(name, value);
    for realm in [
        "a\"b",
        "\"",
        "a\\",
        "a\\\"b",
        "a\nb",
        "a\rb",
        "a\tb",
        "a\u{7f}b",
        "caf\u{e9}",
        "a\u{2028}b",
    ] {
        assert_refused(&with("REALM", realm), "REALM");
        assert_refused(
            &with("RESOURCE_METADATA", &format!("https://example.com/{realm}")),
            "RESOURCE_METADATA",
        );
        assert_refused(&with("REQUIRED_SCOPES", realm), "REQUIRED_SCOPES");
    }
    for realm in [
        "a b",
        "a, error=invalid_token",
        "it's; a=b",
        "<realm>",
        "%22",
        "{}",
    ] {
        let gate = with("REALM", realm)
            .set("RESOURCE_METADATA", "https://example.com/m?a=b,c")
            .spawn();
        let challenge =
            format!("Bearer realm=\"{realm}\", resource_metadata=\"https://example.com/m?a=b,c\"");
        assert_eq!(
            gate.get("/verify").send().get("www-authenticate"),
            Some(challenge.as_str())
        );
    }
}

#[test]
fn h11_the_body_of_a_denial_is_short() {
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).spawn();
    for reason in Reason::ALL {
        let answer = gate.get(&format!("/denial/{}", reason.code())).send();
        assert_eq!(answer.json()["code"], reason.code());
        assert_short(&answer);
    }
    let answers = answers_for_each_reason();
    assert!(answers.len() > 20);
    answers.iter().for_each(assert_short);
    let long = "x".repeat(60_000);
    for request in [
        gate.get("/verify").bearer(&long),
        gate.get("/verify").bearer(
            &idp.token()
                .subject(&"x".repeat(9000))
                .expires_in(-60)
                .sign(),
        ),
        gate.get("/verify").header("Authorization", &long),
        gate.get("/verify")
            .header("X-Forwarded-Uri", &long)
            .header("Cookie", &long),
        gate.get(&format!("/verify?{long}")),
        gate.get(&format!("/{long}")),
        gate.get(&format!("/denial/{long}")),
        gate.get("/verify").header("X-Long", "x".repeat(140_000)),
        gate.request(&"X".repeat(1000), "/verify"),
    ] {
        assert_short(&request.send());
    }
}

/// With the marker wherever a request may say something.
fn talkative(request: Request) -> Request {
    let names = [
        "X-Request-Id",
        "X-Forwarded-Uri",
        "X-Original-URL",
        "Cookie",
        "User-Agent",
        "Origin",
        "Referer",
        MARKER,
    ];
    names
        .iter()
        .fold(request, |request, name| request.header(name, MARKER))
}

/// A denial in our own words, whose code this gives.
fn assert_echoes_nothing(answer: &Answer, what: &str) -> String {
    let code = answer
        .get("x-auth-reason")
        .unwrap_or_else(|| panic!("{what}: {answer:?}"))
        .to_owned();
    assert_denied(answer, &code, what);
    assert!(!written(answer).contains(MARKER), "{what}: {answer:?}");
    code
}

fn written(answer: &Answer) -> String {
    format!("{:?} {}", answer.fields, answer.body)
}

fn assert_short(answer: &Answer) {
    assert!(
        answer.status >= 400 && answer.body.len() <= 1024,
        "{} bytes: {answer:?}",
        answer.body.len()
    );
}

fn assert_refused(gate: &GateBuilder, name: &str) {
    let problems = gate.configuration().err().unwrap_or_default();
    assert!(
        problems.contains(&format!("DOORWARD_{name}:")),
        "{name}: {problems}"
    );
}
