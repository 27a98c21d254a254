//! A new configuration for the running service.

use crate::support::{TestGate, TestIssuer};

/// A file that trusts this issuer by discovery.
fn file(idp: &TestIssuer, more: &str) -> String {
    format!("proxy: traefik\nissuer: {}\naudience: [api]\n{more}\n", idp.url())
}

fn generation(gate: &TestGate) -> u64 {
    let status: serde_json::Value = serde_json::from_str(&gate.admin("/status").send().body).unwrap();
    let told = status["configuration_generation"].as_u64().unwrap();
    assert!((gate.metric("doorward_config_generation") - f64::from(u32::try_from(told).unwrap())).abs() < 0.1);
    told
}

#[test]
fn what_is_new_counts_from_the_next_request_on() {
    let idp = TestIssuer::new().serve();
    let gate = TestGate::new().by_time_of(&idp).file(file(&idp, "")).spawn();
    let token = idp.token().sign();
    assert_eq!((gate.judge(&token).as_str(), generation(&gate)), ("200", 1));
    gate.rewrite(&file(&idp, "claim_headers: [{claim: sub, header: X-User}]\nrequired_scopes: [read]"));
    assert_eq!(gate.judge(&token), "200", "nobody has read it yet");
    assert!(gate.reload());
    assert_eq!((gate.judge(&token).as_str(), generation(&gate)), ("403 scope_insufficient", 2));
    let answer = gate.get("/verify").bearer(&idp.token().claim("scope", "read").sign()).send();
    assert_eq!((answer.get("x-user"), answer.get("x-auth-subject")), (Some("alice"), None));
}

#[test]
fn a_wrong_configuration_changes_nothing_and_is_told() {
    let idp = TestIssuer::new().serve();
    let gate = TestGate::new().by_time_of(&idp).file(file(&idp, "")).spawn();
    for wrong in ["", "{", "issuer: [", "audiens: x\n", &file(&idp, "leeway: soon\nroutes: []")] {
        gate.rewrite(wrong);
        assert!(!gate.reload(), "{wrong}");
        assert_eq!((gate.judge(&idp.token().sign()).as_str(), generation(&gate)), ("200", 1), "{wrong}");
    }
    let told = gate.events();
    assert!(told.iter().any(|line| line.starts_with("ERROR configuration refused")), "{told:?}");
    gate.rewrite(&file(&idp, "leeway: 1s"));
    assert!(gate.reload());
    assert_eq!(generation(&gate), 2);
}

#[test]
fn keys_of_an_issuer_that_stays_are_kept_and_its_tokens_judged_anew() {
    let idp = TestIssuer::new().serve();
    let gate = TestGate::new().by_time_of(&idp).file(file(&idp, "")).spawn();
    let token = idp.token().sign();
    assert_eq!(gate.judge(&token), "200");
    let fetched = idp.fetches();
    // The issuer is gone: whoever needed its keys now would not get them.
    idp.answer_instead(500, "gone");
    gate.rewrite(&file(&idp, "audience_match: all"));
    assert!(gate.reload());
    assert_eq!(gate.judge(&token), "200");
    assert_eq!(idp.fetches(), fetched);
    let misses = gate.metric(r#"doorward_token_cache_requests_total{result="miss"}"#);
    assert!((misses - 2.0).abs() < 0.1, "verified once under each configuration: {misses}");
}

#[test]
fn an_issuer_that_goes_takes_its_tokens_and_series_along() {
    let (old, new) = (TestIssuer::new(), TestIssuer::new().named("https://new.example"));
    let issuer = |idp: &TestIssuer, name: &str| {
        format!("issuers: [{{name: {name}, issuer: '{}', audience: [api], jwks: {}}}]\n", idp.url(), idp.jwks())
    };
    let gate = TestGate::new().by_time_of(&old).file(issuer(&old, "old")).spawn();
    assert_eq!(gate.judge(&old.token().sign()), "200");
    gate.rewrite(&issuer(&new, "new"));
    assert!(gate.reload());
    assert_eq!(gate.judge(&old.token().sign()), "401 issuer_unknown");
    assert_eq!(gate.judge(&new.token().sign()), "200");
    let page = gate.admin("/metrics").send().body;
    let keys = |name: &str| page.contains(&format!("doorward_jwks_keys{{issuer=\"{name}\"}}"));
    assert!(keys("new") && !keys("old"), "{page}");
}

#[test]
fn what_needs_a_restart_is_named_and_the_rest_applies() {
    let idp = TestIssuer::new().serve();
    let gate = TestGate::new().by_time_of(&idp).file(file(&idp, "keep_alive: 10s")).spawn();
    gate.rewrite(&file(&idp, "keep_alive: 20s\nmetrics_route_label: false\nrealm: other"));
    assert!(gate.reload());
    let denied = gate.get("/verify").send();
    assert!(denied.get("www-authenticate").unwrap().contains("other"), "{denied:?}");
    let told = gate.events();
    let warnings = told.iter().filter(|line| line.contains("needs a restart")).count();
    assert_eq!(warnings, 2, "{told:?}");
}

#[test]
fn a_file_is_watched_where_that_was_asked_for() {
    let idp = TestIssuer::new().serve();
    let gate = TestGate::new().by_time_of(&idp).file(file(&idp, "reload: on_change")).spawn();
    gate.rewrite(&file(&idp, "reload: on_change\nrequired_scopes: [read]"));
    gate.wait_for("/status", |answer| answer.body.contains("\"configuration_generation\":2"));
    assert_eq!(gate.judge(&idp.token().sign()), "403 scope_insufficient");
}
