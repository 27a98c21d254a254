//! What lines of the log hold, how they look, and how much of them there is.

use std::net::SocketAddr;

use doorward::jose::{Algorithm, SigningKey};
use serde_json::Value;

use crate::support::{Request, Service, TestGate, TestIssuer, TokenBuilder, blocks};

/// The names that every line of the access log has, in their order.
const NAMES: [&str; 15] = [
    "timestamp",
    "level",
    "message",
    "verdict",
    "reason",
    "issuer",
    "route",
    "cache",
    "method",
    "host",
    "path",
    "peer",
    "duration_us",
    "request_id",
    "token_digest",
];

fn last_line(gate: &TestGate) -> Value {
    gate.log_lines().pop().unwrap()
}

#[test]
fn a_line_names_the_peer_and_nobody_else_unless_asked() {
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).spawn();
    gate.get("/verify")
        .bearer(&idp.token().subject("alice").sign())
        .header("X-Forwarded-For", "203.0.113.9")
        .send();
    let line = last_line(&gate);
    assert_eq!(line["peer"], "127.0.0.1");
    let names: Vec<_> = line.as_object().unwrap().keys().cloned().collect();
    let mut expected = NAMES.map(str::to_owned);
    expected.sort();
    assert_eq!(names, expected);
    let text = gate.log.text();
    assert!(
        !text.contains("alice") && !text.contains("203.0.113.9"),
        "{text}"
    );
    let places: Vec<_> = NAMES
        .iter()
        .map(|name| text.find(&format!("\"{name}\":")).unwrap())
        .collect();
    assert!(places.is_sorted(), "{text}");
}

#[test]
fn the_client_is_the_last_address_that_is_no_proxy() {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("ACCESS_LOG_FIELDS", "client");
    let foreign = gate.clone().set("TRUSTED_PROXIES", "192.0.2.0/24").spawn();
    let gate = gate
        .set("TRUSTED_PROXIES", "127.0.0.0/8, 10.0.0.0/8")
        .spawn();
    for (lines, client) in [
        (&["203.0.113.9"][..], Some("203.0.113.9")),
        (&["198.51.100.66, 203.0.113.9"], Some("203.0.113.9")),
        (
            &["198.51.100.66, 203.0.113.9, 10.0.0.3"],
            Some("203.0.113.9"),
        ),
        (
            &["198.51.100.66", "203.0.113.9", "10.0.0.3"],
            Some("203.0.113.9"),
        ),
        (&["10.0.0.4, 10.0.0.3"], Some("10.0.0.4")),
        (&["203.0.113.9:4711"], Some("203.0.113.9")),
        (&["[2001:db8::9]:4711, 10.0.0.3"], Some("2001:db8::9")),
        (&["[2001:db8::9]"], Some("2001:db8::9")),
        (&["::ffff:203.0.113.9"], Some("203.0.113.9")),
        (&["203.0.113.9, unknown"], None),
        (&["203.0.113.9,"], None),
        (&["\u{1b}[31m"], None),
        (&[], None),
    ] {
        let ask = lines.iter().fold(gate.get("/verify"), |ask, line| {
            ask.header("X-Forwarded-For", line)
        });
        ask.send();
        let line = last_line(&gate);
        assert_eq!(line["client"].as_str(), client, "{lines:?}");
        assert_eq!(line["peer"], "127.0.0.1", "{lines:?}");
    }
    let many = vec!["10.0.0.1"; 500].join(",");
    let ask = gate
        .get("/verify")
        .header("X-Forwarded-For", format!("203.0.113.9,{many}"));
    ask.send();
    assert_eq!(last_line(&gate)["client"], "10.0.0.1", "bounded");
    foreign
        .get("/verify")
        .header("X-Forwarded-For", "203.0.113.9")
        .send();
    assert_eq!(last_line(&foreign)["client"], "127.0.0.1");
}

#[test]
fn claims_are_logged_by_choice_and_only_of_verified_tokens() {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("REQUIRED_SCOPES", "read")
        .set(
            "ACCESS_LOG_FIELDS",
            "claim:sub, claim:realm_access.roles, claim:https://example.com/tenant, claim:long",
        )
        .spawn();
    let token = idp.token().subject("al\u{1b}ice").claim("scope", "read");
    let token = token
        .claim("realm_access", serde_json::json!({"roles": ["a", "b"]}))
        .claim("https://example.com/tenant", 7)
        .claim("long", "\u{e9}".repeat(300));
    let good = token.clone().sign();
    for _ in 0..2 {
        assert_eq!(gate.verdict(&good), "200");
        let line = last_line(&gate);
        assert_eq!(line["claim.sub"], "al\u{1b}ice");
        assert_eq!(line["claim.realm_access.roles"], r#"["a","b"]"#);
        assert_eq!(line["claim.https://example.com/tenant"], "7");
        assert_eq!(line["claim.long"], "\u{e9}".repeat(128));
    }
    let refused = token.clone().claim("scope", "other").sign();
    assert_eq!(gate.verdict(&refused), "403 scope_insufficient");
    assert_eq!(last_line(&gate)["claim.sub"], "al\u{1b}ice");
    let unverified = token.expires_in(-300).sign();
    assert_eq!(gate.verdict(&unverified), "401 token_expired");
    assert_eq!(last_line(&gate)["claim.sub"], Value::Null);
    assert!(!gate.log.text().contains('\u{1b}'));
}

#[test]
fn the_fields_of_the_page_are_accepted() {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .file(blocks("docs/observability.md", "yaml").remove(0))
        .spawn();
    assert_eq!(gate.verdict(&idp.token().sign()), "200");
    let line = last_line(&gate);
    for name in ["client", "claim.sub", "claim.realm_access.roles"] {
        assert!(line.get(name).is_some(), "{name}: {line}");
    }
}

#[test]
fn wrong_fields_are_refused() {
    let idp = TestIssuer::new();
    for (fields, told) in [
        ("sub", "write client, or claim:PATH such as claim:sub"),
        ("claim:", "claim"),
        ("client, client", "client is listed twice"),
        (
            "claim:a, claim:b, claim:c, claim:d, claim:e, claim:f, claim:g, claim:h, claim:i, claim:j, claim:k, claim:l, claim:m, claim:n, claim:o, claim:p, claim:q",
            "more than 16 fields",
        ),
    ] {
        let gate = TestGate::new()
            .trusting(&idp)
            .set("ACCESS_LOG_FIELDS", fields);
        let problems = gate.configuration().unwrap_err();
        assert!(problems.contains(told), "{fields}: {problems}");
    }
}

const SECRET: &str = "an-hmac-secret-that-nobody-may-see";

struct Logged {
    file: tempfile::NamedTempFile,
    service: Service,
    verify: SocketAddr,
}

/// The program, with this in its file.
fn started(format: &str, text: &str) -> Logged {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, text).unwrap();
    let settings = [
        ("LISTEN", "127.0.0.1:0"),
        ("ADMIN_LISTEN", "127.0.0.1:0"),
        ("ISSUER", "me"),
        ("AUDIENCE", "api"),
        ("HMAC_SECRET", SECRET),
        ("LOG_FORMAT", format),
    ];
    let arguments = ["serve", "--config", file.path().to_str().unwrap()];
    let mut service = Service::start(&arguments, &settings);
    let line = service.wait_for_line("verify listener");
    let port: String = line
        .split("127.0.0.1:")
        .nth(1)
        .unwrap()
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    let verify = ([127, 0, 0, 1], port.parse().unwrap()).into();
    Logged {
        file,
        service,
        verify,
    }
}

impl Logged {
    fn ask(&self, token: &str) -> String {
        let asked = Request::new(self.verify, "GET", "/verify").header("X-Request-Id", "r1");
        asked.bearer(token).send().verdict()
    }

    fn reload(&mut self, text: &str) {
        std::fs::write(&self.file, text).unwrap();
        self.service.signal("HUP");
        self.service.wait_for_line("configuration active");
    }

    fn ended(mut self) -> String {
        self.service.signal("TERM");
        assert_eq!(self.service.wait(), Some(0));
        std::mem::take(&mut self.service.log)
    }
}

fn token() -> TokenBuilder {
    let key = SigningKey::secret(Algorithm::HS256, SECRET.as_bytes()).with_id("any");
    TokenBuilder::new(key.into(), "me", 4_000_000_000).claim("iat", 0)
}

#[test]
fn at_debug_a_denial_is_explained_and_a_reload_sets_the_level() {
    let mut logged = started("json", "log: info\n");
    let wrong = token().claim("aud", "other-api").sign();
    assert_eq!(logged.ask(&wrong), "401 audience_mismatch");
    logged.reload("log: debug\n");
    assert_eq!(logged.ask(&wrong), "401 audience_mismatch");
    let told: Value =
        serde_json::from_str(&logged.service.wait_for_line("denial explained")).unwrap();
    for (name, value) in [
        ("level", "DEBUG"),
        ("verdict", "deny"),
        ("reason", "audience_mismatch"),
        ("stage", "aud"),
        ("expected", "one of api"),
        ("found", "\"other-api\""),
        ("peer", "127.0.0.1"),
        ("request_id", "r1"),
    ] {
        assert_eq!(told[name], value, "{name}: {told}");
    }
    assert!(
        told["hint"].as_str().unwrap().contains("audience"),
        "{told}"
    );
    assert_eq!(logged.ask(&token().sign()), "200");
    logged.reload("log: info\n");
    assert_eq!(logged.ask(&wrong), "401 audience_mismatch");
    let log = logged.ended();
    assert_eq!(log.matches("denial explained").count(), 1, "{log}");
    assert_eq!(log.matches("stage of a decision").count(), 0, "{log}");
    assert!(!log.contains("needs a restart"), "{log}");
    let signature = wrong.rsplit('.').next().unwrap();
    assert!(!log.contains(signature) && !log.contains(SECRET), "{log}");
}

#[test]
fn at_debug_decisions_are_made_as_ever() {
    let logged = started("json", "log: debug\n");
    let good = token().sign();
    assert_eq!([logged.ask(&good), logged.ask(&good)], ["200", "200"]);
    let log = logged.ended();
    assert!(
        log.contains("\"cache\":\"miss\"") && log.contains("\"cache\":\"hit\""),
        "{log}"
    );
}

#[test]
fn at_trace_every_stage_is_told() {
    let logged = started("json", "log: trace\n");
    assert_eq!(logged.ask(&token().subject("alice").sign()), "200");
    let log = logged.ended();
    let stages: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &Value| line["message"] == "stage of a decision")
        .collect();
    for name in ["route", "issuer", "signature", "aud", "exp"] {
        let stage = stages.iter().find(|stage| stage["stage"] == name);
        assert_eq!(stage.expect(name)["outcome"], "passed", "{name}");
    }
    assert!(!log.contains("denial explained"), "{log}");
}

#[test]
fn events_and_decisions_are_written_alike() {
    let mut logged = started("json", "log: info\n");
    assert_eq!(logged.ask("x"), "401 token_malformed");
    logged.reload("log: info\nkeep_alive: 7s\n");
    for line in logged.ended().lines() {
        let value: Value = serde_json::from_str(line).unwrap();
        let time = value["timestamp"].as_str().unwrap();
        assert!(time.len() == 24 && time.ends_with('Z'), "{line}");
        let level = value["level"].as_str().unwrap();
        let message = value["message"].as_str().unwrap();
        let start =
            format!("{{\"timestamp\":\"{time}\",\"level\":\"{level}\",\"message\":\"{message}\"");
        assert!(line.starts_with(&start), "{line}");
    }
}

#[test]
fn text_is_for_people_and_its_fields_are_logfmt() {
    let logged = started("text", "log: info\n");
    assert_eq!(logged.ask("x"), "401 token_malformed");
    let log = logged.ended();
    let decision = log
        .lines()
        .find(|line| line.contains(" decision "))
        .unwrap();
    assert!(
        decision.contains("Z  INFO decision verdict=deny reason=token_malformed cache=miss peer=127.0.0.1 duration_us="),
        "{decision}"
    );
    assert!(
        log.lines()
            .any(|line| line.ends_with(" INFO doorward version=0.1.0")),
        "{log}"
    );
}
