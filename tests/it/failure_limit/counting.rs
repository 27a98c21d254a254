//! What counts, what is refused, and for how long.

use std::io::Write;
use std::time::Duration;

use serde_json::json;

use super::{ALICE, MALLORY, ask, counted, exhaust, forged, is_limited, limited, new_token};
use super::{retry_after, verdict};
use crate::listed::{Files, api_key, entry, user, user_of_cost, with_keys, with_passwords};
use crate::support::{IntrospectionEndpoint, Script, TestGate, TestIssuer, eventually, resetting};

#[test]
fn who_failed_too_often_is_answered_429_until_a_failure_is_forgotten() {
    let idp = TestIssuer::new();
    let gate = limited(&idp).spawn();
    exhaust(&gate, &idp, MALLORY);
    let refused = ask(&gate, MALLORY, &forged(&idp)).send();
    assert_eq!(
        (refused.verdict().as_str(), retry_after(&refused)),
        ("429 rate_limited", Some("20"))
    );
    let body = json!({
        "error": "temporarily_unavailable", "code": "rate_limited",
        "error_description": "too many requests from this address failed",
    });
    assert_eq!(refused.json(), body);
    assert_eq!(refused.get("cache-control"), Some("no-store"));
    assert_eq!(refused.get("www-authenticate"), None);
    assert!(!is_limited(&gate, &idp, ALICE), "the neighbour");
    let page = gate.admin("/metrics").send().body;
    let series = r#"reason="rate_limited",route="none",verdict="deny"} 1"#;
    assert!(page.contains(series), "{page}");

    idp.clock.advance(Duration::from_millis(19_999));
    let refused = ask(&gate, MALLORY, &forged(&idp)).send();
    assert_eq!(
        (refused.verdict().as_str(), retry_after(&refused)),
        ("429 rate_limited", Some("1")),
        "asking meanwhile has prolonged nothing"
    );
    idp.clock.advance(Duration::from_millis(1));
    assert_eq!(
        verdict(&gate, MALLORY, &forged(&idp)),
        "401 signature_invalid"
    );
    assert!(is_limited(&gate, &idp, MALLORY));
    idp.clock.advance(Duration::from_mins(1));
    exhaust(&gate, &idp, MALLORY);
    assert_eq!(
        (counted(&gate, "refused"), counted(&gate, "no_address")),
        (3, 0)
    );
}

/// Many clients share the address of a NAT.
#[test]
fn a_known_good_token_passes_from_the_same_address_and_a_new_one_does_not() {
    let idp = TestIssuer::new();
    let gate = limited(&idp).spawn();
    let known = new_token(&idp);
    assert_eq!(verdict(&gate, MALLORY, &known), "200");
    exhaust(&gate, &idp, MALLORY);
    assert!(is_limited(&gate, &idp, MALLORY));
    assert_eq!(verdict(&gate, MALLORY, &known), "200");
    let elsewhere = new_token(&idp);
    assert_eq!(verdict(&gate, ALICE, &elsewhere), "200");
    assert_eq!(verdict(&gate, MALLORY, &elsewhere), "200", "known by now");
    let without = gate
        .get("/verify")
        .header("X-Forwarded-For", MALLORY)
        .send();
    assert_eq!(without.verdict(), "401 token_missing", "costs nothing");
}

#[test]
fn failures_that_cost_nothing_do_not_count() {
    let idp = TestIssuer::new();
    let routes = "routes:
- {name: closed, match: {path: /closed}, access: denied}
- {name: rest, match: {}, require: {scopes: [read]}}
";
    let gate = limited(&idp).file(routes).spawn();
    let ask = |path: &str, token: &str| {
        let request = ask(&gate, MALLORY, token)
            .header("X-Forwarded-Method", "GET")
            .header("X-Forwarded-Host", "app.example")
            .header("X-Forwarded-Uri", path);
        request.send().verdict()
    };
    let token = || idp.token();
    let free = [
        ("401 token_malformed", "a.b".to_owned()),
        ("401 issuer_unknown", token().claim("iss", "x").sign()),
        ("401 key_unknown", token().header("kid", "other").sign()),
        ("401 token_expired", token().expires_in(-600).sign()),
        ("401 audience_mismatch", token().claim("aud", "x").sign()),
        ("401 claim_missing", token().without("exp").sign()),
        ("403 scope_insufficient", token().sign()),
    ];
    for (expected, token) in &free {
        for _ in 0..4 {
            assert_eq!(ask("/", token), *expected);
        }
    }
    (0..4).for_each(|_| assert_eq!(ask("/closed", &token().sign()), "403 route_denied"));
    let good = token().claim("scope", "read").sign();
    assert_eq!(ask("/", &good), "200", "nothing was counted");

    let bound = token().claim("cnf", json!({"jkt": "x"})).sign();
    (0..3).for_each(|_| assert_eq!(ask("/", &bound), "401 proof_missing"));
    assert_eq!(ask("/", &bound), "429 rate_limited");
}

/// The issuer may have published the key a moment ago. A token signed by it counts as a failure
/// only after the issuer was asked.
#[test]
fn an_unknown_key_counts_once_the_issuer_was_asked_for_it() {
    let idp = TestIssuer::new().serve();
    let gate = TestGate::new()
        .discovering(&idp)
        .set("PROXY", "traefik")
        .set("FAILURE_LIMIT", "1/10m")
        .spawn();
    assert!(!is_limited(&gate, &idp, MALLORY));
    let fetches = idp.fetches();
    let by = |key: &str| idp.token().header("kid", key).sign();
    idp.clock.advance(Duration::from_mins(1));
    assert_eq!(verdict(&gate, ALICE, &by("a")), "401 key_unknown");
    assert_eq!(idp.fetches(), fetches + 1);
    assert!(is_limited(&gate, &idp, ALICE));
    for key in ["b", "c"] {
        assert_eq!(verdict(&gate, MALLORY, &by(key)), "401 key_unknown");
    }
    assert_eq!(idp.fetches(), fetches + 1, "asked a moment ago");
    assert!(!is_limited(&gate, &idp, MALLORY));
}

#[test]
fn nginx_gets_403_and_asks_for_the_429() {
    let idp = TestIssuer::new();
    let denials = r#"{"429": {"body": {"wait": true}}, "rate_limited": {"status": 420}}"#;
    let gate = |denials: &str| {
        let gate = limited(&idp).set("PROXY", "nginx").set("DENIALS", denials);
        gate.spawn()
    };
    let fail = |gate: &TestGate| {
        let request = || gate.get("/verify").header("X-Real-IP", MALLORY);
        for _ in 0..3 {
            let answer = request().bearer(&forged(&idp)).send();
            assert_eq!(answer.verdict(), "401 signature_invalid");
        }
        request().bearer(&new_token(&idp)).send()
    };
    let plain = gate("{}");
    let answer = fail(&plain);
    assert_eq!(
        (answer.verdict().as_str(), answer.body.as_str()),
        ("403 rate_limited", "")
    );
    assert_eq!(
        (answer.get("x-auth-denial"), retry_after(&answer)),
        (Some("/denial/rate_limited"), Some("20"))
    );
    let described = plain.get("/denial/rate_limited").send();
    assert_eq!(
        (described.status, described.json()["code"].as_str()),
        (429, Some("rate_limited"))
    );
    assert_eq!(
        retry_after(&described),
        None,
        "nginx has it from the question"
    );

    let custom = gate(denials);
    assert_eq!(fail(&custom).verdict(), "403 rate_limited");
    assert_eq!(custom.get("/denial/rate_limited").send().status, 420);
    let custom = gate(r#"{"429": {"status": 503, "body": "tea"}}"#);
    assert_eq!(fail(&custom).verdict(), "403 rate_limited");
    let described = custom.get("/denial/rate_limited").send();
    assert_eq!(
        (described.status, described.body.as_str()),
        (503, "\"tea\"")
    );
}

#[test]
fn an_explanation_is_neither_limited_nor_counted() {
    let idp = TestIssuer::new();
    let gate = limited(&idp).spawn();
    let explain = |token: &str| {
        let described = json!({"token": token, "headers": {"X-Forwarded-For": MALLORY}});
        gate.explain(described.to_string()).send().json()["reason"].clone()
    };
    (0..5).for_each(|_| assert_eq!(explain(&forged(&idp)), "signature_invalid"));
    assert_eq!(counted(&gate, "no_address"), 0);
    assert!(!is_limited(&gate, &idp, MALLORY));
    exhaust(&gate, &idp, MALLORY);
    assert_eq!(explain(&new_token(&idp)), "ok");
    assert!(is_limited(&gate, &idp, MALLORY));
}

/// Failures that pass are not counted. A refusal by the limit does not pass: the credential was not
/// checked.
#[test]
fn a_route_that_reports_denials_counts_none_and_lets_no_429_pass() {
    let idp = TestIssuer::new();
    let routes = "routes:
- {name: trial, match: {path: /trial}, report_only: true}
- {name: rest, match: {}}
";
    let gate = limited(&idp).file(routes).spawn();
    let ask = |path: &str, token: &str| {
        let request = ask(&gate, MALLORY, token)
            .header("X-Forwarded-Method", "GET")
            .header("X-Forwarded-Host", "app.example")
            .header("X-Forwarded-Uri", path);
        request.send().verdict()
    };
    (0..9).for_each(|_| assert_eq!(ask("/trial", &forged(&idp)), "200"));
    assert_eq!(ask("/", &new_token(&idp)), "200");
    (0..3).for_each(|_| assert_eq!(ask("/", &forged(&idp)), "401 signature_invalid"));
    for path in ["/", "/trial"] {
        assert_eq!(ask(path, &new_token(&idp)), "429 rate_limited", "{path}");
    }
}

#[test]
fn failures_survive_a_reload_while_the_limit_stays_equal() {
    let idp = TestIssuer::new();
    let file = |more: &str| format!("audience: [api]\n{more}\n");
    let gate = TestGate::new()
        .trusting(&idp)
        .unset("AUDIENCE")
        .set("PROXY", "traefik")
        .file(file("failure_limit: 3/1m"))
        .spawn();
    let reload = |more: &str| {
        gate.rewrite(&file(more));
        assert!(gate.reload());
    };
    exhaust(&gate, &idp, MALLORY);
    reload("failure_limit: 3/1m\nrealm: another");
    assert!(is_limited(&gate, &idp, MALLORY));
    reload("failure_limit: 3/60s\nfailure_limit_proxies: [10.0.0.0/8]");
    assert!(is_limited(&gate, &idp, MALLORY), "the same limit");
    let behind = format!("{MALLORY}, 10.0.0.1");
    assert!(
        is_limited(&gate, &idp, &behind),
        "and the new network counts"
    );
    reload("failure_limit: 4/1m");
    assert!(!is_limited(&gate, &idp, MALLORY));
    reload("failure_limit: off");
    (0..9).for_each(|_| {
        assert_eq!(
            verdict(&gate, MALLORY, &forged(&idp)),
            "401 signature_invalid"
        );
    });
}

#[test]
fn clients_that_fail_in_parallel_are_limited_each_for_itself() {
    let idp = TestIssuer::new();
    let gate = limited(&idp).spawn();
    let clients: Vec<_> = (1..5).map(|number| format!("203.0.113.{number}")).collect();
    std::thread::scope(|scope| {
        for client in clients.iter().flat_map(|client| [client; 4]) {
            let (gate, idp) = (&gate, &idp);
            scope.spawn(move || {
                for _ in 0..8 {
                    let verdict = verdict(gate, client, &forged(idp));
                    let expected = ["401 signature_invalid", "429 rate_limited"];
                    assert!(expected.contains(&verdict.as_str()), "{verdict}");
                }
            });
        }
    });
    for client in &clients {
        assert!(is_limited(&gate, &idp, client), "{client}");
    }
    assert!(!is_limited(&gate, &idp, ALICE));
    // Those that were let in together count as well, so each may have to wait for more than one.
    idp.clock.advance(Duration::from_mins(10));
    for client in &clients {
        exhaust(&gate, &idp, client);
    }
}

/// The questions of other kinds of credentials.
fn asks<'a>(gate: &'a TestGate, client: &'a str) -> impl Fn(&str) -> String + 'a {
    move |token| verdict(gate, client, token)
}

#[test]
fn a_question_to_the_issuer_counts_and_what_is_known_of_a_bad_token_does_not() {
    let server = IntrospectionEndpoint::start();
    server.knows("good", &json!({}));
    let gate = server
        .gate()
        .set("PROXY", "traefik")
        .set("FAILURE_LIMIT", "3/1m")
        .spawn();
    let (mallory, alice) = (asks(&gate, MALLORY), asks(&gate, ALICE));
    assert_eq!(mallory("good"), "200");
    // One question, and nine answers that are kept.
    (0..10).for_each(|_| assert_eq!(mallory("bad-0"), "401 token_inactive"));
    assert_eq!(server.asked(), 2);
    for number in 1..3 {
        assert_eq!(
            mallory(&format!("bad-{number}")),
            "401 token_inactive",
            "{number}"
        );
    }
    assert_eq!(mallory("bad-3"), "429 rate_limited");
    assert_eq!(server.asked(), 4, "not asked about while the client waits");
    assert_eq!(mallory("bad-0"), "401 token_inactive", "costs nothing");
    assert_eq!(mallory("good"), "200", "it is in the cache");
    assert!(is_limited(&gate, &server.idp, MALLORY), "a JWT too");
    // A token that is kept as inactive was no failure of this client.
    (0..10).for_each(|_| assert_eq!(alice("bad-0"), "401 token_inactive"));
    assert_eq!(alice("bad-3"), "401 token_inactive");
    // When its answer is no longer kept, it costs a question again.
    server.idp.clock.advance(Duration::from_secs(10));
    let asked = server.asked();
    assert_eq!(alice("bad-0"), "401 token_inactive");
    assert_eq!(server.asked(), asked + 1);
    assert_eq!(alice("bad-4"), "401 token_inactive");
    assert_eq!(alice("bad-5"), "429 rate_limited");
    assert_eq!(counted(&gate, "no_address"), 0);
}

/// A server that fails is not the client's fault.
#[test]
fn a_question_without_an_answer_does_not_count() {
    let server = IntrospectionEndpoint::start();
    let gate = server
        .gate()
        .set("PROXY", "traefik")
        .set("FAILURE_LIMIT", "1/10m")
        .spawn();
    server.script(Script::always(400, ""));
    for number in 0..4 {
        let verdict = verdict(&gate, MALLORY, &format!("odd-{number}"));
        assert_eq!(verdict, "503 dependency_unavailable");
    }
    assert!(!is_limited(&gate, &server.idp, MALLORY));
}

#[test]
fn an_unknown_key_counts_and_a_known_one_passes() {
    let (files, known, new) = (Files::new(), api_key(), api_key());
    let lines = entry("known", &known, "") + &entry("new", &new, "");
    let gate = with_keys(&files.write("keys.yaml", lines))
        .set("PROXY", "traefik")
        .set("FAILURE_LIMIT", "3/1m")
        .spawn();
    let mallory = asks(&gate, MALLORY);
    assert_eq!(mallory(&known), "200");
    // What is no key is not looked up.
    (0..4).for_each(|_| assert_eq!(mallory("dw_guess"), "401 token_malformed"));
    (0..3).for_each(|_| assert_eq!(mallory(&api_key()), "401 credential_unknown"));
    assert_eq!(mallory(&api_key()), "429 rate_limited");
    assert_eq!(mallory(&known), "200", "it is in the cache");
    assert_eq!(mallory(&new), "429 rate_limited", "it might be a guess");
    assert_eq!(mallory("dw_guess"), "401 token_malformed", "costs nothing");
    assert_eq!(asks(&gate, ALICE)(&new), "200");
    assert_eq!(mallory(&new), "200", "known by now");
}

/// No hash is made for it, so it neither counts nor is refused.
#[test]
fn a_password_that_cannot_be_one_does_not_count() {
    let files = Files::new();
    let gate = with_passwords(&files.write("htpasswd", user("alice", "secret")))
        .set("PROXY", "traefik")
        .set("FAILURE_LIMIT", "3/1m")
        .spawn();
    let ask = |password: &str| {
        let request = gate.get("/verify").header("X-Forwarded-For", MALLORY);
        request.basic("alice", password).send().verdict()
    };
    let long = "x".repeat(1025);
    for _ in 0..4 {
        for unusable in ["sec\0ret", &long] {
            assert_eq!(ask(unusable), "401 credentials_invalid");
        }
    }
    (0..3).for_each(|_| assert_eq!(ask("wrong"), "401 credentials_invalid"));
    assert_eq!(ask("wrong"), "429 rate_limited");
    assert_eq!(ask("sec\0ret"), "401 credentials_invalid");
    assert_eq!(ask(&long), "401 credentials_invalid");
}

/// Otherwise a client could have as many passwords hashed as it likes, by hanging up.
#[test]
fn a_wrong_password_counts_although_the_client_hung_up() {
    let (files, idp) = (Files::new(), TestIssuer::new());
    let users = files.write("htpasswd", user_of_cost("alice", "secret", 12));
    let gate = limited(&idp)
        .set("HTPASSWD_FILE", users)
        .set("TOKEN_SOURCES", "bearer, basic")
        .set("WORKERS", "1")
        .spawn();
    let request = |password: &str| {
        let request = gate.get("/verify").header("X-Forwarded-For", MALLORY);
        request.basic("alice", password).bytes()
    };
    // The one worker has read the password when it answers the request after it. The connection is
    // gone long before the hash has ended; what still waits for a thread then is not hashed.
    eventually("the limit", || {
        let mut client = resetting(gate.verify);
        client.write_all(&request("wrong")).unwrap();
        is_limited(&gate, &idp, MALLORY).then_some(())
    });
    let decided = r#"doorward_decisions_total{issuer="basic",reason="credentials_invalid",route="none",verdict="deny"}"#;
    assert_eq!(gate.metric(decided).to_string(), "0", "none was answered");
    assert!(!is_limited(&gate, &idp, ALICE));
}
