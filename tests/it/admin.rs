//! The admin listener and the access log: what operators can rely on, names included.

use std::io::Write;
use std::process::{Command, Stdio};

use doorward::jose::Algorithm;
use serde_json::Value;

use crate::support::{TestGate, TestIssuer, key};

#[test]
fn metrics_have_the_names_and_labels_that_dashboards_use() {
    let (idp, gate) = named_gate();
    let token = idp.token().sign();
    for token in [&token, &token, "x"] {
        gate.verdict(token);
    }
    for (series, value) in [
        (
            r#"doorward_decisions_total{issuer="main",reason="ok",route="none",verdict="allow"}"#,
            2.0,
        ),
        (
            r#"doorward_decisions_total{issuer="none",reason="token_malformed",route="none",verdict="deny"}"#,
            1.0,
        ),
        (
            r#"doorward_decision_duration_seconds_count{cache="hit"}"#,
            1.0,
        ),
        (
            r#"doorward_decision_duration_seconds_count{cache="miss"}"#,
            2.0,
        ),
        (
            r#"doorward_decision_duration_seconds_count{cache="none"}"#,
            0.0,
        ),
        (r#"doorward_token_cache_requests_total{result="hit"}"#, 1.0),
        (r#"doorward_token_cache_requests_total{result="miss"}"#, 2.0),
        ("doorward_token_cache_entries", 1.0),
        ("doorward_token_cache_evictions_total", 0.0),
        (
            r#"doorward_jwks_refresh_total{issuer="main",result="success"}"#,
            0.0,
        ),
        (r#"doorward_jwks_keys{issuer="main"}"#, 1.0),
        ("doorward_config_generation", 1.0),
        ("doorward_log_lines_dropped_total", 0.0),
        (
            concat!(
                "doorward_build_info{version=\"",
                env!("CARGO_PKG_VERSION"),
                "\"}"
            ),
            1.0,
        ),
    ] {
        assert!(
            (gate.metric(series) - value).abs() < f64::EPSILON,
            "{series} is {}",
            gate.metric(series)
        );
        assert!(
            gate.admin("/metrics")
                .send()
                .body
                .contains(&format!("{series} ")),
            "{series} is missing"
        );
    }
    for (bound, place) in [("0.000002", "first"), ("1", "last")] {
        let bucket =
            format!(r#"doorward_decision_duration_seconds_bucket{{cache="hit",le="{bound}"}} "#);
        assert!(
            gate.admin("/metrics").send().body.contains(&bucket),
            "the {place} bucket"
        );
    }
    assert!(gate.metric("process_start_time_seconds") > 0.0);
}

#[test]
fn metrics_tell_of_fetches() {
    let idp = TestIssuer::new().serve();
    let gate = TestGate::new()
        .discovering(&idp)
        .set("NAME", "main")
        .spawn();
    gate.wait_for("/readyz", |answer| answer.status == 200);
    gate.wait_for("/metrics", |_| {
        gate.metric(r#"doorward_jwks_refresh_total{issuer="main",result="success"}"#) > 0.5
    });
    let last = gate.metric(r#"doorward_jwks_last_success_timestamp_seconds{issuer="main"}"#);
    #[allow(clippy::cast_precision_loss)] // of this era
    let now = gate.clock.secs() as f64;
    assert!((last - now).abs() < 1.0, "{last}");
}

#[test]
fn promtool_finds_nothing_wrong_with_the_metrics() {
    let (idp, gate) = named_gate();
    gate.verdict(&idp.token().sign());
    let answer = gate.admin("/metrics").send();
    assert_eq!(
        answer.get("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    let mut child = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool is needed: install the package `prometheus`");
    child
        .stdin
        .take()
        .unwrap()
        .write_all(answer.body.as_bytes())
        .unwrap();
    let ended = child.wait_with_output().unwrap();
    // What it says about `process_*` is about names that Prometheus itself gave.
    let said =
        String::from_utf8(ended.stderr).unwrap() + std::str::from_utf8(&ended.stdout).unwrap();
    let ours: Vec<&str> = said
        .lines()
        .filter(|line| !line.starts_with("process_"))
        .collect();
    assert_eq!(ours, Vec::<&str>::new());
}

#[test]
fn the_route_label_can_be_left_out() {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("NAME", "main")
        .set("METRICS_ROUTE_LABEL", "false")
        .spawn();
    gate.verdict(&idp.token().sign());
    let series = r#"doorward_decisions_total{issuer="main",reason="ok",verdict="allow"}"#;
    assert!((gate.metric(series) - 1.0).abs() < f64::EPSILON);
}

#[test]
fn health_and_readiness_answer_get_and_head() {
    let (_, gate) = named_gate();
    assert_eq!(
        gate.admin("/healthz").send().json(),
        serde_json::json!({"status": "alive"})
    );
    let ready = gate.admin("/readyz").send();
    assert_eq!(
        (ready.status, ready.json()),
        (
            200,
            serde_json::json!({"status": "ready", "issuers_without_keys": []})
        )
    );
    for path in ["/healthz", "/readyz"] {
        let head = crate::support::Request::new(gate.admin, "HEAD", path).send();
        assert_eq!((head.status, head.body.as_str()), (200, ""), "{path}");
        assert_eq!(
            crate::support::Request::new(gate.admin, "POST", path)
                .send()
                .status,
            404,
            "{path}"
        );
    }
    for path in ["/metrics/", "/debug", "/index.html"] {
        assert_eq!(gate.admin(path).send().status, 404, "{path}");
    }
}

#[test]
fn the_first_page_links_to_the_others_and_loads_nothing() {
    let (_, gate) = named_gate();
    let page = gate.admin("/").send();
    assert_eq!(
        (
            page.status,
            page.get("content-type"),
            page.get("content-security-policy")
        ),
        (
            200,
            Some("text/html; charset=utf-8"),
            Some("default-src 'none'")
        )
    );
    let links: Vec<_> = page
        .body
        .split("href=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert_eq!(links, ["/status", "/metrics", "/healthz", "/readyz"]);
    for link in links {
        assert_eq!(gate.admin(link).send().status, 200, "{link}");
    }
    for foreign in ["<script", "http:", "https:", "src="] {
        assert!(!page.body.contains(foreign), "{foreign}");
    }
}

#[test]
fn explain_says_by_which_method_it_is_asked() {
    let (_, gate) = named_gate();
    for method in ["GET", "PUT", "DELETE"] {
        let answer = crate::support::Request::new(gate.admin, method, "/explain")
            .host("localhost")
            .send();
        assert_eq!(
            (answer.status, answer.get("allow")),
            (405, Some("POST")),
            "{method}"
        );
    }
}

#[test]
fn status_tells_what_the_issuers_are_and_nothing_secret() {
    let idp = TestIssuer::new().serve();
    let url = idp.url();
    let file = format!(
        "proxy: traefik
issuers:
  - {{name: discovered, issuer: '{url}', audience: [one, two]}}
  - {{name: realm, preset: keycloak, keycloak_url: 'https://sso.example', keycloak_realm: r, audience: '*'}}
  - {{name: fixed, issuer: me, audience: api, hmac_secret: 0123456789abcdef0123456789abcdef}}
  - {{name: asked, issuer: you, audience: api, jwks_url: '{url}/jwks?key=s3cr3t'}}
"
    );
    let gate = TestGate::new()
        .by_time_of(&idp)
        .egress(&[("https_proxy", "http://user:s3cr3t@127.0.0.1:1")])
        .file(file)
        .spawn();
    let answer = gate.wait_for("/status", |answer| {
        answer.json()["issuers"][0]["usable"] == true
    });
    let status = answer.json();
    assert_eq!(status["proxy"], "traefik");
    let shown = |index: usize| {
        let issuer = &status["issuers"][index];
        [
            "issuer",
            "preset",
            "audiences",
            "key_source",
            "metadata_urls",
            "keys_url",
            "fetched_through",
        ]
        .map(|name| issuer[name].clone())
    };
    let expect = |values: serde_json::Value| -> [Value; 7] {
        values.as_array().unwrap().clone().try_into().unwrap()
    };
    let documents = [
        format!("{url}/.well-known/openid-configuration"),
        format!("{url}/.well-known/oauth-authorization-server"),
    ];
    let jwks = format!("{url}/jwks");
    assert_eq!(
        shown(0),
        expect(serde_json::json!([
            [url],
            null,
            ["one", "two"],
            "discovery",
            documents,
            jwks,
            null
        ]))
    );
    let realm = "https://sso.example/realms/r";
    let certs = format!("{realm}/protocol/openid-connect/certs");
    let proxy = "https_proxy (127.0.0.1:1)";
    assert_eq!(
        shown(1),
        expect(serde_json::json!([
            [realm],
            "keycloak",
            ["*"],
            "jwks_url",
            [],
            certs,
            proxy
        ]))
    );
    assert_eq!(
        shown(2),
        expect(serde_json::json!([
            ["me"],
            null,
            ["api"],
            "fixed",
            [],
            null,
            null
        ]))
    );
    assert_eq!(shown(3)[5], format!("{jwks}…"));
    for secret in ["s3cr3t", "user:", "0123456789abcdef"] {
        assert!(!answer.body.contains(secret), "{secret}");
    }
}

#[test]
fn readiness_names_the_issuers_that_have_no_keys() {
    let idp = TestIssuer::new();
    for readiness in ["any", "all"] {
        let gate = TestGate::new()
            .by_time_of(&idp)
            .set("ISSUER", "http://127.0.0.1:1")
            .set("AUDIENCE", "api");
        let gate = gate.set("NAME", "main").set("READINESS", readiness).spawn();
        let answer = gate.admin("/readyz").send();
        assert_eq!(
            (answer.status, answer.json()["issuers_without_keys"].clone()),
            (503, serde_json::json!(["main"]))
        );
        assert!(answer.get("retry-after").is_some());
    }
}

#[test]
fn status_tells_of_keys_by_id_and_age_and_of_nothing_secret() {
    let idp = TestIssuer::with_keys(vec![key(Algorithm::ES256), key(Algorithm::EdDSA)]).serve();
    let gate = TestGate::new()
        .discovering(&idp)
        .set("NAME", "main")
        .set("JWKS_HEADERS", "X-Key: s3cr3t-value")
        .spawn();
    gate.wait_for("/readyz", |answer| answer.status == 200);
    let token = idp.token().sign();
    gate.verdict(&token);
    idp.clock.advance(std::time::Duration::from_mins(1));
    let answer = gate.admin("/status").send();
    let status = answer.json();
    assert_eq!(
        (&status["version"], &status["configuration_generation"]),
        (&env!("CARGO_PKG_VERSION").into(), &1.into())
    );
    let issuer = &status["issuers"][0];
    assert_eq!(
        (
            &issuer["name"],
            &issuer["usable"],
            &issuer["fetched_seconds_ago"]
        ),
        (&"main".into(), &true.into(), &60.into())
    );
    let keys = serde_json::json!([
        {"id": "key-ES256", "algorithms": ["ES256"], "age_seconds": 60, "private_part_published": false},
        {"id": "key-EdDSA", "algorithms": ["EdDSA"], "age_seconds": 60, "private_part_published": false},
    ]);
    assert_eq!(issuer["keys"], keys);
    assert_eq!(
        (
            &status["token_cache"]["on"],
            &status["token_cache"]["entries"]
        ),
        (&true.into(), &1.into())
    );
    for secret in ["s3cr3t", token.as_str(), "\"x\"", "alice"] {
        assert!(!answer.body.contains(secret), "{secret}");
    }
}

#[test]
fn status_names_refused_keys_with_the_reason() {
    let idp = TestIssuer::new();
    let jwks = idp.jwks().replace(
        "\"keys\":[",
        r#""keys":[{"kty":"oct","k":"c2VjcmV0","kid":"shared"},"#,
    );
    let gate = TestGate::new().trusting(&idp).set("JWKS", jwks).spawn();
    let answer = gate.admin("/status").send();
    let refused = answer.json()["issuers"][0]["refused_keys"].clone();
    assert_eq!(refused[0]["id"], "shared");
    assert!(
        refused[0]["reason"]
            .as_str()
            .is_some_and(|reason| !reason.is_empty()),
        "{refused}"
    );
    assert!(!answer.body.contains("c2VjcmV0"));
}

#[test]
fn an_access_log_line_has_the_fields_that_people_search_for() {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("NAME", "main")
        .set("PROXY", "traefik")
        .spawn();
    let token = idp.token().sign();
    let request = gate
        .get("/verify")
        .bearer(&token)
        .header("X-Forwarded-Method", "PATCH");
    let request = request
        .header("X-Forwarded-Host", "api.example:8443")
        .header("X-Forwarded-Uri", "/a/b?token=x#y");
    request.header("X-Request-Id", "req-1").send();
    let line = only_line(&gate);
    for (name, value) in [
        ("message", "decision"),
        ("verdict", "allow"),
        ("reason", "ok"),
        ("issuer", "main"),
        ("cache", "miss"),
        ("method", "PATCH"),
        ("host", "api.example:8443"),
        ("path", "/a/b"),
        ("request_id", "req-1"),
        ("token_digest", &sha256_start(&token)),
    ] {
        assert_eq!(line[name], value, "{name}");
    }
    assert!(line["route"].is_null() && line["duration_us"].is_u64());
    assert!(
        line["timestamp"]
            .as_str()
            .is_some_and(|time| time.starts_with("2026-") && time.ends_with('Z')),
        "{line}"
    );
}

#[test]
fn a_token_is_told_by_its_digest_with_and_without_a_cache() {
    let idp = TestIssuer::new();
    for capacity in ["0", "100"] {
        let gate = TestGate::new()
            .trusting(&idp)
            .set("TOKEN_CACHE_CAPACITY", capacity)
            .spawn();
        let token = idp.token().sign();
        gate.get("/verify").bearer(&token).send();
        assert_eq!(
            only_line(&gate)["token_digest"],
            *sha256_start(&token),
            "{capacity}"
        );
    }
}

#[test]
fn the_request_is_described_by_the_dialect_or_for_the_log_by_whatever_is_there() {
    let idp = TestIssuer::new();
    let nginx = [
        ("X-Original-Method", "PUT"),
        ("X-Original-URL", "https://a.example/n?q"),
    ];
    let forwarded = [
        ("X-Forwarded-Method", "POST"),
        ("X-Forwarded-Host", "b.example"),
        ("X-Forwarded-Uri", "/f?q"),
    ];
    for (proxy, fields, expected) in [
        ("auto", &nginx[..], ["PUT", "a.example", "/n"]),
        ("auto", &forwarded[..], ["POST", "b.example", "/f"]),
        ("nginx", &nginx[..], ["PUT", "a.example", "/n"]),
        ("traefik", &forwarded[..], ["POST", "b.example", "/f"]),
    ] {
        let gate = TestGate::new().trusting(&idp).set("PROXY", proxy).spawn();
        fields
            .iter()
            .fold(gate.get("/verify"), |request, (name, value)| {
                request.header(name, value)
            })
            .send();
        let line = only_line(&gate);
        assert_eq!(
            ["method", "host", "path"].map(|name| line[name].as_str().unwrap_or("-")),
            expected,
            "{proxy}"
        );
    }
}

#[test]
fn request_ids_are_checked_before_they_are_logged() {
    type Case<'a> = (&'a [(&'a str, &'a str)], Option<&'a str>);
    let (_, gate) = named_gate();
    let long = "a".repeat(129);
    let cases: [Case; 7] = [
        (
            &[("X-Request-Id", "abc-123_./:+=@")],
            Some("abc-123_./:+=@"),
        ),
        (
            &[(
                "traceparent",
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            )],
            Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ),
        (
            &[("X-Request-Id", "a b"), ("traceparent", "00-1-2-01")],
            Some("00-1-2-01"),
        ),
        (&[("X-Request-Id", &long)], None),
        (&[("X-Request-Id", &long[..128])], Some(&long[..128])),
        (&[("X-Request-Id", "a"), ("X-Request-Id", "b")], None),
        (&[], None),
    ];
    for (fields, _) in &cases {
        fields
            .iter()
            .fold(gate.get("/verify"), |request, (name, value)| {
                request.header(name, value)
            })
            .send();
    }
    let lines = gate.log_lines();
    for ((fields, expected), line) in cases.iter().zip(&lines) {
        assert_eq!(line["request_id"].as_str(), *expected, "{fields:?}");
    }
    assert_eq!(lines.len(), cases.len());
}

#[test]
fn the_access_log_can_be_of_denials_only_or_off() {
    let idp = TestIssuer::new();
    for (which, expected) in [("all", 2), ("denied", 1), ("off", 0)] {
        let gate = TestGate::new()
            .trusting(&idp)
            .set("ACCESS_LOG", which)
            .spawn();
        gate.verdict(&idp.token().sign());
        gate.verdict("x");
        assert_eq!(gate.log_lines().len(), expected, "{which}");
    }
}

fn named_gate() -> (TestIssuer, TestGate) {
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).set("NAME", "main").spawn();
    (idp, gate)
}

fn only_line(gate: &TestGate) -> Value {
    let lines = gate.log_lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines[0].clone()
}

/// By another implementation than the service's: coreutils.
fn sha256_start(text: &str) -> String {
    let mut child = Command::new("sha256sum")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let digest = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    digest[..8].to_owned()
}
