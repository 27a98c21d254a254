//! Prometheus with the configuration and the alerts that we ship.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::listed::Files;
use crate::support::{
    Authority, Component, Request, TestGate, TestIssuer, TlsPlace, eventually, program, repository,
    shipped,
};

const CONFIGURATION: &str = "deploy/prometheus/prometheus.yml";
const RULES: &str = "deploy/prometheus/doorward.rules.yml";
const RULES_TEST: &str = "deploy/prometheus/doorward.rules_test.yml";

#[test]
fn decisions_arrive_in_prometheus() {
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).spawn();
    let prometheus = start(&gate);
    let token = idp.token().sign();
    for _ in 0..7 {
        assert_eq!(gate.verdict(&token), "200");
    }
    for _ in 0..3 {
        assert_eq!(gate.verdict("broken"), "401 token_malformed");
    }
    for (query, expected) in [
        (r#"sum(doorward_decisions_total{verdict="allow"})"#, "7"),
        (
            r#"doorward_decisions_total{verdict="allow",issuer="idp.example"}"#,
            "7",
        ),
        (r#"doorward_decisions_total{reason="token_malformed"}"#, "3"),
        (
            r#"sum(doorward_decision_duration_seconds_count{job="doorward"})"#,
            "10",
        ),
        (
            r#"sum(doorward_token_cache_requests_total{result="hit"})"#,
            "6",
        ),
        (r#"up{job="doorward"}"#, "1"),
    ] {
        eventually(&format!("{query} to be {expected}"), || {
            (values(&prometheus, query)? == [expected]).then_some(())
        });
    }
    // The alerts find series that they understand, and nothing to complain about.
    let rules = eventually("silent alerts", || {
        let rules = ask(&prometheus, "/api/v1/rules")?["data"]["groups"][0]["rules"].take();
        let silent = |rule: &Value| rule["health"] == "ok" && rule["state"] == "inactive";
        Some(rules.as_array()?.clone()).filter(|rules| rules.iter().all(silent))
    });
    assert!(rules.len() > 3, "{rules:?}");
}

#[test]
fn promtool_accepts_what_we_ship() {
    for arguments in [
        ["check", "config", CONFIGURATION],
        ["check", "rules", RULES],
        ["test", "rules", RULES_TEST],
    ] {
        let output = promtool(&arguments, "");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    }
}

/// An alert at night leads to what to do first.
#[test]
fn every_alert_has_a_link_to_its_section() {
    let (rules, page) = (shipped(RULES, &[]), shipped("docs/alerts.md", &[]));
    let alerts: Vec<_> = rules
        .split("- alert: ")
        .skip(1)
        .map(|alert| alert.split_once('\n').unwrap())
        .collect();
    assert!(alerts.len() > 15);
    for (name, alert) in &alerts {
        let link = format!("docs/alerts.md#{}'\n", name.to_ascii_lowercase());
        assert!(alert.contains(&link), "{name}: {alert}");
        let severity = alert.split("severity: ").nth(1).unwrap();
        let severity = severity.split('}').next().unwrap();
        assert!(
            page.contains(&format!("\n## {name}\n\n`{severity}`. ")),
            "{name}"
        );
    }
    assert_eq!(page.matches("\n## Doorward").count(), alerts.len());
}

#[test]
fn promtool_accepts_the_metrics_page() {
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).spawn();
    for token in [
        idp.token().sign(),
        "broken".to_owned(),
        idp.token().expires_in(-60).sign(),
    ] {
        gate.verdict(&token);
    }
    let page = gate.admin("/metrics").send().body;
    let output = promtool(&["check", "metrics"], &page);
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{output:?}"
    );
    assert!(
        !promtool(&["check", "metrics"], "this is no metric")
            .status
            .success(),
        "it would accept anything"
    );
}

/// With the commented line of the shipped file, and without it.
#[test]
fn prometheus_scrapes_with_the_token() {
    let token = "correct-horse-battery-staple";
    let gate = TestGate::new()
        .trusting(&TestIssuer::new())
        .set("ADMIN_TOKEN", token)
        .spawn();
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("token");
    std::fs::write(&file, token).unwrap();
    let line = "#authorization: {credentials_file: /etc/prometheus/doorward-admin-token}";
    let with_token = format!("authorization: {{credentials_file: {}}}", file.display());
    for (changes, up) in [(vec![(line, with_token.as_str())], "1"), (Vec::new(), "0")] {
        let prometheus = start_with(&gate, &changes);
        eventually(&format!("up {up}"), || {
            (values(&prometheus, r#"up{job="doorward"}"#)? == [up]).then_some(())
        });
    }
}

/// Prometheus with the shipped files; it scrapes every second.
pub fn start(gate: &TestGate) -> Component {
    start_with(gate, &[])
}

fn start_with(gate: &TestGate, changes: &[(&str, &str)]) -> Component {
    let prometheus = Component::listening(|directory, port| {
        let target = gate.admin.to_string();
        let own = [("127.0.0.1:8081", target.as_str()), ("15s", "1s")];
        let configuration = shipped(CONFIGURATION, &[&own, changes].concat());
        std::fs::write(directory.join("prometheus.yml"), configuration).unwrap();
        std::fs::write(directory.join("doorward.rules.yml"), shipped(RULES, &[])).unwrap();
        let mut command = Command::new(program("prometheus"));
        command
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg(format!(
                "--config.file={}",
                directory.join("prometheus.yml").display()
            ))
            .arg(format!(
                "--storage.tsdb.path={}",
                directory.join("data").display()
            ));
        command
    });
    eventually("a ready Prometheus", || {
        (Request::new(prometheus.address, "GET", "/-/ready")
            .send()
            .status
            == 200)
            .then_some(())
    });
    prometheus
}

/// The values that a query gives now.
pub fn values(prometheus: &Component, query: &str) -> Option<Vec<String>> {
    let query: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
    let answer = ask(prometheus, &format!("/api/v1/query?query={query}"))?;
    let results = answer["data"]["result"].as_array()?;
    Some(
        results
            .iter()
            .map(|result| result["value"][1].as_str().unwrap().to_owned())
            .collect(),
    )
}

pub fn ask(prometheus: &Component, target: &str) -> Option<Value> {
    let answer = Request::new(prometheus.address, "GET", target).send();
    (answer.status == 200).then(|| answer.json())
}

fn promtool(arguments: &[&str], stdin: &str) -> Output {
    let mut command = Command::new(program("promtool"));
    command
        .args(arguments)
        .current_dir(repository())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(stdin.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn every_series_that_an_alert_names_is_there_from_the_start() {
    let idp = TestIssuer::new().serve();
    let place = TlsPlace::new(&Authority::new().server());
    let files = Files::new();
    let gate = TestGate::new()
        .discovering(&idp)
        .set("API_KEYS_FILE", files.write("keys.yaml", "[]"))
        .set("INTROSPECTION", "opaque")
        .set("INTROSPECTION_URL", "http://127.0.0.1:9/introspect")
        .set("INTROSPECTION_AUTH", "none");
    let gate = place.used_by(gate).spawn();
    // The last thing that is noted about a fetch.
    let fetched = "\ndoorward_jwks_last_success_timestamp_seconds{issuer=\"127.0.0.1\"}";
    let page = gate
        .wait_for("/metrics", |answer| answer.body.contains(fetched))
        .body;
    let rules = shipped(RULES, &[]);
    let named = rules.split("doorward_").skip(1);
    let named = named.map(|rest| {
        rest.split(|letter: char| !letter.is_ascii_lowercase() && letter != '_')
            .next()
            .unwrap()
    });
    for name in named {
        assert!(
            page.contains(&format!("\ndoorward_{name}")),
            "doorward_{name}"
        );
    }
}
