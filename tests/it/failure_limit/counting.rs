//! What counts, what is refused, and for how long.

use std::time::Duration;

use serde_json::json;

use super::{ALICE, MALLORY, ask, counted, exhaust, forged, is_limited, limited, new_token};
use super::{retry_after, verdict};
use crate::support::{TestGate, TestIssuer};

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
