//! A new configuration for the running service.

use std::time::Duration;

use serde_json::Value;

use crate::support::{TestGate, TestIssuer};

/// A file that trusts this issuer by discovery.
fn file(idp: &TestIssuer, more: &str) -> String {
    format!(
        "proxy: traefik\nissuer: {}\naudience: [api]\n{more}\n",
        idp.url()
    )
}

fn generation(gate: &TestGate) -> u64 {
    let status: serde_json::Value =
        serde_json::from_str(&gate.admin("/status").send().body).unwrap();
    let told = status["configuration_generation"].as_u64().unwrap();
    assert!(
        (gate.metric("doorward_config_generation") - f64::from(u32::try_from(told).unwrap())).abs()
            < 0.1
    );
    told
}

/// Whether the last reading was a success, and when the last success was.
#[allow(clippy::cast_possible_truncation)]
fn last_reload(gate: &TestGate) -> (f64, i64) {
    let at = gate.metric("doorward_config_last_reload_success_timestamp_seconds");
    (
        gate.metric("doorward_config_last_reload_successful"),
        at as i64,
    )
}

#[test]
fn what_is_new_counts_from_the_next_request_on() {
    let idp = TestIssuer::new().serve();
    let gate = TestGate::new()
        .by_time_of(&idp)
        .file(file(&idp, ""))
        .spawn();
    let token = idp.token().sign();
    assert_eq!(
        (gate.verdict(&token).as_str(), generation(&gate)),
        ("200", 1)
    );
    assert_eq!(last_reload(&gate), (1.0, idp.clock.secs()));
    idp.clock.advance(Duration::from_mins(1));
    gate.rewrite(&file(
        &idp,
        "claim_headers: [{claim: sub, header: X-User}]\nrequired_scopes: [read]",
    ));
    assert_eq!(gate.verdict(&token), "200", "nobody has read it yet");
    assert!(gate.reload());
    assert_eq!(
        (gate.verdict(&token).as_str(), generation(&gate)),
        ("403 scope_insufficient", 2)
    );
    assert_eq!(last_reload(&gate), (1.0, idp.clock.secs()));
    let answer = gate
        .get("/verify")
        .bearer(&idp.token().claim("scope", "read").sign())
        .send();
    assert_eq!(
        (answer.get("x-user"), answer.get("x-auth-subject")),
        (Some("alice"), None)
    );
}

#[test]
fn a_wrong_configuration_changes_nothing_and_is_told() {
    let idp = TestIssuer::new().serve();
    let began = idp.clock.secs();
    let gate = TestGate::new()
        .by_time_of(&idp)
        .file(file(&idp, ""))
        .spawn();
    for wrong in [
        "",
        "{",
        "issuer: [",
        "audiens: x\n",
        &file(&idp, "leeway: soon\nroutes: []"),
    ] {
        gate.rewrite(wrong);
        assert!(!gate.reload(), "{wrong}");
        assert_eq!(
            (
                gate.verdict(&idp.token().sign()).as_str(),
                generation(&gate)
            ),
            ("200", 1),
            "{wrong}"
        );
        assert_eq!(last_reload(&gate), (0.0, began), "{wrong}");
    }
    let told = gate.events();
    assert!(
        told.iter()
            .any(|line| line.starts_with("ERROR configuration refused")),
        "{told:?}"
    );
    idp.clock.advance(Duration::from_mins(1));
    gate.rewrite(&file(&idp, "leeway: 1s"));
    assert!(gate.reload());
    assert_eq!(last_reload(&gate), (1.0, began + 60));
    assert_eq!(generation(&gate), 2);
}

#[test]
fn keys_of_an_issuer_that_stays_are_kept_and_its_tokens_judged_anew() {
    let idp = TestIssuer::new().serve();
    let gate = TestGate::new()
        .by_time_of(&idp)
        .file(file(&idp, ""))
        .spawn();
    let token = idp.token().sign();
    assert_eq!(gate.verdict(&token), "200");
    let fetched = idp.fetches();
    // The issuer is gone: whoever needed its keys now would not get them.
    idp.answer_instead(500, "gone");
    gate.rewrite(&file(&idp, "audience_match: all"));
    assert!(gate.reload());
    assert_eq!(gate.verdict(&token), "200");
    assert_eq!(idp.fetches(), fetched);
    let misses = gate.metric(r#"doorward_token_cache_requests_total{result="miss"}"#);
    assert!(
        (misses - 2.0).abs() < 0.1,
        "verified once under each configuration: {misses}"
    );
}

/// An issuer that is down, and a service that has its keys and is about to get another file.
fn down_with_keys(more: &str) -> (TestIssuer, TestGate) {
    let idp = TestIssuer::new().serve();
    let gate = TestGate::new()
        .by_time_of(&idp)
        .file(file(&idp, more))
        .spawn();
    gate.wait_for("/readyz", |answer| answer.status == 200);
    idp.answer_instead(500, "gone");
    (idp, gate)
}

#[test]
fn keys_are_kept_while_only_the_fetching_changes() {
    let (idp, gate) = down_with_keys("");
    for (number, changed) in [
        "jwks_wait: 1s",
        "jwks_refresh: 1m",
        "jwks_min_refetch: 5s",
        "jwks_max_stale: 1h",
        "jwks_timeout: 2s",
        "algorithms: [ES256]",
    ]
    .into_iter()
    .enumerate()
    {
        gate.clock.advance(Duration::from_mins(1));
        gate.rewrite(&file(&idp, changed));
        assert!(gate.reload());
        assert_eq!(gate.verdict(&idp.token().sign()), "200", "{changed}");
        let failed =
            |status: &Value| status["issuers"][0]["consecutive_failures"].as_u64() > Some(0);
        gate.wait_for("/status", |answer| failed(&answer.json()));
        let minutes = 60 * (number as u64 + 1);
        let issuer = gate.admin("/status").send().json()["issuers"][0].clone();
        assert_eq!(
            issuer["fetched_seconds_ago"], minutes,
            "{changed}: {issuer}"
        );
        assert_eq!(
            issuer["keys"][0]["age_seconds"], minutes,
            "{changed}: {issuer}"
        );
    }
    let new = idp.rotate("new");
    idp.recover();
    gate.clock.advance(Duration::from_mins(5));
    gate.wait_for("/status", |answer| answer.body.contains("\"id\":\"new\""));
    assert_eq!(
        gate.verdict(&idp.token_by(new).sign()),
        "200",
        "the task fetches on"
    );
}

#[test]
fn keys_that_are_kept_get_no_younger() {
    for (before, after) in [
        ("jwks_max_stale: 24h", "jwks_max_stale: 1h"),
        ("jwks_max_stale: 30m", "jwks_max_stale: 1h"),
    ] {
        let (idp, gate) = down_with_keys(before);
        gate.clock.advance(Duration::from_mins(20));
        gate.rewrite(&file(&idp, after));
        assert!(gate.reload());
        gate.clock.advance(Duration::from_mins(39));
        assert_eq!(
            gate.verdict(&idp.token().sign()),
            "200",
            "59 minutes after the last success"
        );
        gate.clock.advance(Duration::from_mins(1));
        assert_eq!(
            gate.verdict(&idp.token().sign()),
            "503 keys_unavailable",
            "an hour after it"
        );
    }
    let (idp, gate) = down_with_keys("");
    gate.clock.advance(Duration::from_mins(20));
    gate.rewrite(&file(&idp, "jwks_max_stale: 10m"));
    assert!(gate.reload());
    assert_eq!(
        gate.verdict(&idp.token().sign()),
        "503 keys_unavailable",
        "too old for what is now said"
    );
}

#[test]
fn an_algorithm_that_is_allowed_no_more_stops_at_once() {
    let (idp, gate) = down_with_keys("");
    gate.rewrite(&file(&idp, "algorithms: [RS256]"));
    assert!(gate.reload());
    assert_eq!(
        gate.verdict(&idp.token().sign()),
        "401 algorithm_not_allowed"
    );
}

#[test]
fn keys_are_dropped_with_what_made_them_trusted() {
    let bearer = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&bearer, "secret").unwrap();
    let authority = rcgen::generate_simple_self_signed(["idp.example".to_owned()])
        .unwrap()
        .cert
        .pem();
    let ca = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&ca, authority).unwrap();
    for changed in [
        "jwks_headers: ['X-Tenant: other']".to_owned(),
        format!("jwks_bearer_token_file: {}", bearer.path().display()),
        format!("jwks_ca_file: {}", ca.path().display()),
        "allow_private_jwks: true".to_owned(),
        "allow_insecure_http: true".to_owned(),
        "discovery_url: http://127.0.0.1:1/".to_owned(),
        "jwks_url: http://127.0.0.1:1/".to_owned(),
    ] {
        let (idp, gate) = down_with_keys("jwks_wait: 1ms");
        assert_eq!(gate.verdict(&idp.token().sign()), "200");
        gate.rewrite(&file(&idp, &format!("jwks_wait: 1ms\n{changed}")));
        assert!(gate.reload());
        assert_eq!(
            gate.verdict(&idp.token().sign()),
            "503 keys_unavailable",
            "{changed}"
        );
    }
}

#[test]
fn an_issuer_that_goes_takes_its_tokens_and_series_along() {
    let (old, new) = (
        TestIssuer::new(),
        TestIssuer::new().named("https://new.example"),
    );
    let issuer = |idp: &TestIssuer, name: &str| {
        format!(
            "issuers: [{{name: {name}, issuer: '{}', audience: [api], jwks: {}}}]\n",
            idp.url(),
            idp.jwks()
        )
    };
    let gate = TestGate::new()
        .by_time_of(&old)
        .file(issuer(&old, "old"))
        .spawn();
    assert_eq!(gate.verdict(&old.token().sign()), "200");
    gate.rewrite(&issuer(&new, "new"));
    assert!(gate.reload());
    assert_eq!(gate.verdict(&old.token().sign()), "401 issuer_unknown");
    assert_eq!(gate.verdict(&new.token().sign()), "200");
    let page = gate.admin("/metrics").send().body;
    let keys = |name: &str| page.contains(&format!("doorward_jwks_keys{{issuer=\"{name}\"}}"));
    assert!(keys("new") && !keys("old"), "{page}");
    assert!(
        page.contains("issuer=\"new\"") && !page.contains("issuer=\"old\""),
        "{page}"
    );
}

#[test]
fn a_route_that_goes_takes_its_series_along_and_the_others_go_on_counting() {
    let idp = TestIssuer::new();
    let file = |more: &str| format!("routes:\n{more}  - {{name: rest, match: {{}}}}\n");
    let old = file("  - {name: old, match: {path: /old}}\n");
    let gate = TestGate::new()
        .trusting(&idp)
        .set("PROXY", "traefik")
        .file(old)
        .spawn();
    let ask = |path: &str| {
        let request = gate
            .get("/verify")
            .bearer(&idp.token().sign())
            .header("x-forwarded-method", "GET");
        let request = request
            .header("x-forwarded-host", "app.example")
            .header("x-forwarded-uri", path);
        assert_eq!(request.send().verdict(), "200");
    };
    ask("/old");
    ask("/rest");
    gate.rewrite(&file(""));
    assert!(gate.reload());
    ask("/rest");
    let page = gate.admin("/metrics").send().body;
    let of = |route: &str| {
        page.lines()
            .find(|line| line.contains(&format!("route=\"{route}\"")))
    };
    assert!(
        of("old").is_none() && of("rest").is_some_and(|line| line.ends_with(" 2")),
        "{page}"
    );
}

#[test]
fn what_needs_a_restart_is_named_and_the_rest_applies() {
    let idp = TestIssuer::new().serve();
    let gate = TestGate::new()
        .by_time_of(&idp)
        .file(file(&idp, "keep_alive: 10s"))
        .spawn();
    gate.rewrite(&file(
        &idp,
        "keep_alive: 20s\nmetrics_route_label: false\nrealm: other",
    ));
    assert!(gate.reload());
    let denied = gate.get("/verify").send();
    assert!(
        denied.get("www-authenticate").unwrap().contains("other"),
        "{denied:?}"
    );
    let told = gate.events();
    let warnings = told
        .iter()
        .filter(|line| line.contains("needs a restart"))
        .count();
    assert_eq!(warnings, 2, "{told:?}");
}

#[test]
fn a_file_is_watched_where_that_was_asked_for() {
    let idp = TestIssuer::new().serve();
    let gate = TestGate::new()
        .by_time_of(&idp)
        .file(file(&idp, "reload: on_change"))
        .spawn();
    gate.rewrite(&file(&idp, "reload: on_change\nrequired_scopes: [read]"));
    gate.wait_for("/status", |answer| {
        answer.body.contains("\"configuration_generation\":2")
    });
    assert_eq!(gate.verdict(&idp.token().sign()), "403 scope_insufficient");
}

#[test]
fn a_file_is_watched_behind_the_links_of_kubernetes() {
    let idp = TestIssuer::new().serve();
    let gate = TestGate::new()
        .by_time_of(&idp)
        .file(file(&idp, "reload: on_change"))
        .spawn();
    for (version, scope, generation) in
        [("..1", "read", 2), ("..2", "write", 3), ("..3", "admin", 4)]
    {
        gate.remount(
            version,
            &file(
                &idp,
                &format!("reload: on_change\nrequired_scopes: [{scope}]"),
            ),
        );
        let number = format!("\"configuration_generation\":{generation}");
        gate.wait_for("/status", |answer| answer.body.contains(&number));
        assert_eq!(
            gate.verdict(&idp.token().claim("scope", scope).sign()),
            "200",
            "{version}"
        );
    }
}

#[test]
fn a_configuration_that_cannot_be_built_promises_nothing() {
    let idp = TestIssuer::new().serve();
    let gate = TestGate::new()
        .by_time_of(&idp)
        .file(file(&idp, "keep_alive: 10s"))
        .spawn();
    // A certificate by its label, which nobody opens before there is a client.
    let authority = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(
        &authority,
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    gate.rewrite(&file(
        &idp,
        &format!(
            "keep_alive: 20s\njwks_ca_file: {}",
            authority.path().display()
        ),
    ));
    assert!(!gate.reload());
    let told = gate.events();
    assert!(
        told.contains(&"ERROR configuration refused".to_owned()),
        "{told:?}"
    );
    assert!(
        !told
            .iter()
            .any(|line| line.contains("configuration active")),
        "{told:?}"
    );
    assert_eq!(gate.verdict(&idp.token().sign()), "200");
}

/// Rules that stand in the file, while whose tokens are taken stands in the environment.
const DENIED: &str = "reload: on_change\nroutes: [{name: closed, match: {}, access: denied}]\n";

#[test]
fn a_file_that_is_empty_or_gone_takes_no_rule_away() {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("PROXY", "traefik")
        .file(DENIED)
        .spawn();
    let failures = || gate.metric("doorward_config_reload_total{result=\"failure\"}");
    for (times, text) in [
        (1.0, ""),
        (2.0, "# nothing yet\n"),
        (3.0, "reload: on_change\n"),
        (4.0, "{}\n"),
    ] {
        gate.rewrite(text);
        gate.wait_for("/metrics", |_| failures() > times - 0.5);
        assert_eq!(
            (
                gate.verdict(&idp.token().sign()).as_str(),
                generation(&gate)
            ),
            ("403 route_denied", 1),
            "{text:?}"
        );
    }
    gate.remove();
    gate.wait_for("/metrics", |_| failures() > 4.5);
    let told = gate.events_in_full().join("\n");
    for part in [
        "doorward.yaml:1:1: is empty (write name: value, or leave the file out)",
        "routes: missing; the active configuration has some (restart to serve without them)",
        "No such file",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    gate.rewrite(&DENIED.replace("denied", "anonymous"));
    gate.wait_for("/status", |answer| {
        answer.body.contains("\"configuration_generation\":2")
    });
    assert!((failures() - 5.0).abs() < 0.1, "each is told once");
}

#[test]
fn a_file_that_is_being_written_is_left_alone() {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("PROXY", "traefik")
        .file(DENIED)
        .spawn();
    let open = DENIED.replace("denied", "anonymous");
    // Other contents at each look, until it is at rest.
    let started = std::time::Instant::now();
    let mut written = 0;
    while started.elapsed() < std::time::Duration::from_secs(4) {
        written += 1;
        gate.rewrite(&format!("{open}# {written}\n"));
        assert_eq!(gate.verdict(&idp.token().sign()), "403 route_denied");
    }
    gate.wait_for("/status", |answer| {
        answer.body.contains("\"configuration_generation\":2")
    });
}

#[test]
fn files_that_the_configuration_names_are_watched_too() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    let write = |text: &str| {
        std::fs::write(folder.path().join("new"), text).unwrap();
        std::fs::rename(folder.path().join("new"), &secret).unwrap();
    };
    write(&"a".repeat(32));
    let file = format!(
        "audience: '*'\nreload: on_change\nhmac_secret_file: {}\n",
        secret.display()
    );
    let gate = TestGate::new().file(file).spawn();
    write("too short");
    gate.wait_for("/metrics", |answer| {
        answer
            .body
            .contains("doorward_config_reload_total{result=\"failure\"} 1")
    });
    write(&"b".repeat(32));
    gate.wait_for("/status", |answer| {
        answer.body.contains("\"configuration_generation\":2")
    });
}
