//! The answer about a token, and the decision that follows from it.

use std::time::Duration;

use serde_json::{Value, json};

use super::{ended, logout, server};

#[test]
fn an_active_token_passes_with_its_claims_and_is_asked_about_once() {
    let server = server();
    server.knows(
        "full",
        &json!({"client_id": "web", "scope": "read write", "iss": server.url}),
    );
    let gate = server.gate().spawn();
    let answer = gate.get("/verify").bearer("full").send();
    assert_eq!(answer.verdict(), "200", "{answer:?}");
    for (name, value) in [
        ("x-auth-subject", "alice"),
        ("x-auth-client-id", "web"),
        ("x-auth-scopes", "read write"),
        ("x-auth-issuer", &server.url),
    ] {
        assert_eq!(answer.get(name), Some(value), "{name}");
    }
    assert_eq!(gate.verdict("full"), "200");
    assert_eq!(server.asked(), 1);
    let question = &server.questions()[0];
    assert!(
        question.head.starts_with("POST /introspect HTTP/1.1\r\n"),
        "{}",
        question.head
    );
    assert_eq!(question.field("accept"), Some("application/json"));
    assert_eq!(
        question.field("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(question.token(), "full");
    assert_eq!(question.form["token_type_hint"], "access_token");
    assert!((gate.metric(&ended("active")) - 1.0).abs() < f64::EPSILON);
}

#[test]
fn a_token_that_is_not_active_is_denied_and_not_asked_about_again_for_a_while() {
    let server = server();
    let gate = server.gate().spawn();
    for _ in 0..3 {
        let answer = gate.get("/verify").bearer("unknown").send();
        assert_eq!(answer.verdict(), "401 token_inactive");
        let challenge = answer.get("www-authenticate").unwrap();
        assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
    }
    assert_eq!(server.asked(), 1);
    gate.clock.advance(Duration::from_secs(10));
    server.knows("unknown", &json!({}));
    assert_eq!(gate.verdict("unknown"), "200");
    assert!((gate.metric(&ended("inactive")) - 1.0).abs() < f64::EPSILON);
}

#[test]
fn an_answer_counts_until_its_time_or_the_token_is_over() {
    let server = server();
    let gate = server.gate().spawn();
    let now = gate.clock.secs();
    server.knows("short", &json!({"exp": now + 20}));
    for token in ["good", "short"] {
        assert_eq!(gate.verdict(token), "200");
        server.forget(token);
        gate.clock.advance(Duration::from_secs(19));
        assert_eq!(gate.verdict(token), "200", "{token}");
        gate.clock.set_back(Duration::from_secs(19));
    }
    // Without leeway a token ends in the second of its `exp`.
    let gate = server.gate().set("LEEWAY", "0s").spawn();
    let now = gate.clock.secs();
    server.knows("short", &json!({"exp": now + 20}));
    server.knows("good", &json!({}));
    assert_eq!(
        ["short", "good"].map(|token| gate.verdict(token)),
        ["200", "200"]
    );
    server.forget("short");
    server.forget("good");
    gate.clock.advance(Duration::from_secs(20));
    assert_eq!(gate.verdict("short"), "401 token_inactive");
    assert_eq!(gate.verdict("good"), "200");
    gate.clock.advance(Duration::from_secs(40));
    assert_eq!(gate.verdict("good"), "401 token_inactive");
}

#[test]
fn without_a_cache_every_request_asks() {
    for (name, value) in [
        ("INTROSPECTION_CACHE_TTL", "0s"),
        ("TOKEN_CACHE_CAPACITY", "0"),
    ] {
        let server = server();
        let gate = server.gate().set(name, value).spawn();
        for _ in 0..3 {
            assert_eq!(gate.verdict("good"), "200");
        }
        assert_eq!(server.asked(), 3, "{name}");
    }
}

/// Otherwise users of two tenants would look alike.
#[test]
fn an_answer_names_the_issuer_where_there_are_several() {
    let server = server();
    let tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47";
    for (preset, tenants, issuer) in [
        ("google", None, "accounts.google.com".to_owned()),
        (
            "entra",
            Some(tenant),
            format!("https://sts.windows.net/{tenant}/"),
        ),
        (
            "entra",
            Some("*"),
            format!("https://sts.windows.net/{tenant}/"),
        ),
    ] {
        let gate = server
            .gate()
            .unset("ISSUER")
            .set("PRESET", preset)
            .set("INTROSPECTION_URL", format!("{}/introspect", server.url));
        let gate = match tenants {
            Some(tenants) => gate.set("ENTRA_TENANTS", tenants),
            None => gate,
        };
        let gate = gate.spawn();
        server.knows("unnamed", &json!({"tid": tenant}));
        server.knows("named", &json!({"tid": tenant, "iss": issuer}));
        assert_eq!(gate.verdict("unnamed"), "401 claim_missing", "{issuer}");
        assert_eq!(gate.verdict("named"), "200", "{issuer}");
    }
}

#[test]
fn an_active_token_is_judged_by_its_claims() {
    let server = server();
    let gate = server.gate().set("REQUIRED_SCOPES", "read").spawn();
    let now = gate.clock.secs();
    for (number, (claims, verdict)) in [
        (json!({}), "200"),
        (json!({"scope": ["read"]}), "200"),
        (
            json!({"iss": server.url, "exp": now + 9, "nbf": now, "iat": now}),
            "200",
        ),
        (
            json!({"iss": "https://other.example"}),
            "401 issuer_unknown",
        ),
        (
            json!({"iss": format!("{}/", server.url)}),
            "401 issuer_unknown",
        ),
        (json!({"iss": 1}), "401 issuer_unknown"),
        (json!({"aud": "other"}), "401 audience_mismatch"),
        (json!({"aud": Value::Null}), "401 audience_mismatch"),
        (json!({"aud": ["x", "api"]}), "200"),
        (json!({"exp": now - 31}), "401 token_expired"),
        (json!({"exp": "soon"}), "401 claim_invalid"),
        (json!({"nbf": now + 31}), "401 token_not_yet_valid"),
        (json!({"iat": now + 31}), "401 token_issued_in_future"),
        (json!({"sub": 1}), "401 claim_invalid"),
        (json!({"cnf": {"jkt": "x"}}), "401 proof_missing"),
        (json!({"scope": "write"}), "403 scope_insufficient"),
        (
            json!({"token_type": "Bearer", "token_use": "access_token", "typ": "at+JWT"}),
            "200",
        ),
        (json!({"token_type": "DPoP"}), "401 proof_missing"),
        (
            json!({"token_use": "refresh_token"}),
            "401 token_type_mismatch",
        ),
        (
            json!({"token_type": "refresh_token"}),
            "401 token_type_mismatch",
        ),
        (json!({"typ": "Refresh"}), "401 token_type_mismatch"),
        (json!({"typ": "Offline"}), "401 token_type_mismatch"),
        (json!({"typ": "ID"}), "401 token_type_mismatch"),
        (json!({"events": logout()}), "401 token_type_mismatch"),
        (json!({"events": {"x": {}}}), "200"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut all = json!({"scope": "read"});
        for (name, value) in claims.as_object().unwrap() {
            all[name] = value.clone();
        }
        let token = format!("t{number}");
        server.knows(&token, &all);
        assert_eq!(gate.verdict(&token), verdict, "{claims}");
        assert_eq!(gate.verdict(&token), verdict, "{claims}, again");
    }
}

#[test]
fn a_type_can_be_demanded_of_servers_that_mark_access_tokens_only() {
    let server = server();
    server.knows("typed", &json!({"token_type": "Bearer"}));
    let gate = server
        .gate()
        .set("INTROSPECTION_REQUIRE_TOKEN_TYPE", "true")
        .spawn();
    assert_eq!(gate.verdict("good"), "401 token_type_mismatch");
    assert_eq!(gate.verdict("typed"), "200");
}

#[test]
fn routes_judge_an_opaque_token_as_they_judge_a_jwt() {
    let server = server();
    server.knows(
        "admin",
        &json!({"roles": ["admin"], "email": "a@example.com"}),
    );
    let file = "
proxy: traefik
routes:
  - {name: admin, match: {path: /admin/**}, require: {claims: [{claim: roles, contains: admin}]}}
  - {name: mail, match: {path: /mail}, require: {when: \"claims.email.endsWith('@example.com')\"}}
  - {name: rest, match: {}}
";
    let gate = server.gate().file(file).spawn();
    let verdict = |token: &str, uri: &str| {
        let request = gate
            .get("/verify")
            .bearer(token)
            .header("X-Forwarded-Method", "GET");
        let request = request
            .header("X-Forwarded-Host", "a")
            .header("X-Forwarded-Uri", uri);
        request.send().verdict()
    };
    assert_eq!(verdict("admin", "/admin/x"), "200");
    assert_eq!(verdict("good", "/admin/x"), "403 policy_denied");
    assert_eq!(verdict("admin", "/mail"), "200");
    assert_eq!(verdict("good", "/mail"), "403 policy_denied", "no email");
    server.knows("other", &json!({"email": "a@example.org"}));
    assert_eq!(verdict("other", "/mail"), "403 policy_denied");
    assert_eq!(verdict("good", "/"), "200");
    assert_eq!(server.asked(), 3);
}

#[test]
fn what_no_token_may_look_like_is_sent_nowhere() {
    let server = server();
    let gate = server.gate().spawn();
    for token in ["a=b", "a%20b", "a&token=good", "\"good\"", "a,b", "="] {
        assert_eq!(gate.verdict(token), "401 token_malformed", "{token}");
    }
    assert_eq!(server.asked(), 0);
}

#[test]
fn the_log_and_the_status_say_who_was_asked_and_never_the_token() {
    let server = server();
    let gate = server.gate().set("ACCESS_LOG", "all").spawn();
    assert_eq!(gate.verdict("good"), "200");
    let line = gate.log_lines().pop().unwrap();
    assert_eq!(line["issuer"], "main", "{line}");
    let status = gate.admin("/status").send();
    let asked = &status.json()["issuers"][0]["introspection"];
    let expected = json!({
        "tokens": "opaque", "token_prefixes": [], "auth": "basic", "signed_answers": false,
        "url": format!("{}/introspect", server.url),
    });
    assert_eq!(*asked, expected);
    let dependency = &status.json()["dependencies"][0];
    assert_eq!(dependency["dependency"], "introspection");
    assert_eq!(dependency["issuer"], "main");
    for text in [gate.log.text(), status.body] {
        assert!(
            !text.contains("good") && !text.contains("svc-secret"),
            "{text}"
        );
    }
}
