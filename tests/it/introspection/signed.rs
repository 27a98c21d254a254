//! Answers that the issuer has signed (RFC 9701).

use std::sync::Arc;

use doorward::jose::{Algorithm, SigningKey};
use serde_json::json;

use super::{ended, server};
use crate::support::{IntrospectionEndpoint, Reply, Script, TestGate, TokenBuilder, key};

fn gate(server: &IntrospectionEndpoint) -> TestGate {
    server.gate().set("INTROSPECTION_RESPONSE", "jwt").spawn()
}

/// A signed answer that the token is active.
fn signed(server: &IntrospectionEndpoint) -> TokenBuilder {
    let token = server.idp.token().header("typ", "token-introspection+jwt");
    ["sub", "exp"]
        .into_iter()
        .fold(token, TokenBuilder::without)
        .claim("aud", "svc")
        .claim(
            "token_introspection",
            json!({"active": true, "aud": "api", "sub": "alice"}),
        )
}

fn answers(server: &IntrospectionEndpoint, jwt: &str) {
    let reply = Reply {
        headers: "Content-Type: application/token-introspection+jwt\r\n".into(),
        ..Reply::new(200, jwt)
    };
    server.script(Script::By(Arc::new(move |_| reply.clone())));
}

#[test]
fn a_signed_answer_counts() {
    let server = server();
    let gate = gate(&server);
    answers(&server, &signed(&server).sign());
    let answer = gate.get("/verify").bearer("good").send();
    assert_eq!(
        (answer.verdict().as_str(), answer.get("x-auth-subject")),
        ("200", Some("alice"))
    );
    let accept = server.questions()[0].field("accept").map(str::to_owned);
    assert_eq!(
        accept.as_deref(),
        Some("application/token-introspection+jwt")
    );
    let inactive = signed(&server).claim("token_introspection", json!({"active": false}));
    answers(&server, &inactive.sign());
    assert_eq!(gate.verdict("other"), "401 token_inactive");
}

/// Makes the body of an answer.
type MakeAnswer = Box<dyn Fn(&IntrospectionEndpoint) -> String>;

#[test]
fn any_other_answer_counts_for_nothing() {
    let other_key = key(Algorithm::EdDSA);
    let now = server().idp.clock.secs();
    let cases: Vec<(&str, MakeAnswer)> = vec![
        (
            "unsigned",
            Box::new(|_| json!({"active": true, "aud": "api"}).to_string()),
        ),
        ("no algorithm", Box::new(without_algorithm)),
        (
            "another key",
            Box::new(move |server| {
                let token = server
                    .idp
                    .token_by(other_key.clone())
                    .header("typ", "token-introspection+jwt");
                token
                    .claim("aud", "svc")
                    .claim("token_introspection", json!({"active": true, "aud": "api"}))
                    .sign()
            }),
        ),
        (
            "an access token",
            Box::new(|server| signed(server).header("typ", "at+jwt").sign()),
        ),
        (
            "another client",
            Box::new(|server| signed(server).claim("aud", "other").sign()),
        ),
        (
            "another issuer",
            Box::new(|server| signed(server).claim("iss", "https://x.example").sign()),
        ),
        (
            "old",
            Box::new(move |server| signed(server).claim("iat", now - 91).sign()),
        ),
        (
            "early",
            Box::new(move |server| signed(server).claim("iat", now + 31).sign()),
        ),
        (
            "no time",
            Box::new(|server| signed(server).without("iat").sign()),
        ),
        (
            "no answer",
            Box::new(|server| signed(server).without("token_introspection").sign()),
        ),
        (
            "no object",
            Box::new(|server| signed(server).claim("token_introspection", "{}").sign()),
        ),
        (
            "no verdict",
            Box::new(|server| {
                signed(server)
                    .claim("token_introspection", json!({"active": "true"}))
                    .sign()
            }),
        ),
        (
            "cut",
            Box::new(|server| signed(server).sign().rsplit_once('.').unwrap().0.to_owned()),
        ),
    ];
    for (name, jwt) in cases {
        let server = server();
        let gate = gate(&server);
        answers(&server, &jwt(&server));
        assert_eq!(gate.verdict("good"), "503 dependency_unavailable", "{name}");
        assert!(
            (gate.metric(&ended("unreadable")) - 1.0).abs() < f64::EPSILON,
            "{name}"
        );
    }
}

/// A JWT that says of itself that it needs no signature.
fn without_algorithm(server: &IntrospectionEndpoint) -> String {
    let answer = signed(server);
    let header = json!({"alg": "none", "typ": "token-introspection+jwt"});
    let jwt = answer.sign_text(header.to_string(), answer.claims_text());
    let (unsigned, _) = jwt.rsplit_once('.').unwrap();
    format!("{unsigned}.")
}

/// Tokens are not verified with keys, but answers are.
#[test]
fn with_only_keys_are_needed_for_signed_answers() {
    let server = server();
    let gate = server
        .gate()
        .unset("JWKS")
        .set("INTROSPECTION", "only")
        .set("INTROSPECTION_RESPONSE", "jwt")
        .spawn();
    gate.wait_for("/readyz", |answer| answer.status == 200);
    let status = gate.admin("/status").send().json();
    assert_eq!(status["issuers"][0]["key_source"], "discovery", "{status}");
    let stranger = SigningKey::generate(Algorithm::ES256).unwrap();
    let token = server.idp.token().signed_by(stranger.into());
    answers(&server, &signed(&server).sign());
    assert_eq!(gate.verdict(&token.sign()), "200");
    answers(&server, &without_algorithm(&server));
    let other = token.claim("jti", "2").sign();
    assert_eq!(gate.verdict(&other), "503 dependency_unavailable");
}

#[test]
fn a_signed_answer_is_none_where_json_is_asked_for() {
    let server = server();
    let gate = server.gate().spawn();
    answers(&server, &signed(&server).sign());
    assert_eq!(gate.verdict("good"), "503 dependency_unavailable");
}
