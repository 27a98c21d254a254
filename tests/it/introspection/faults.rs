//! Endpoints that do not answer, or whose answer cannot be used.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::{ended, server};
use crate::support::{IntrospectionEndpoint, Reply, Script, TestGate, eventually};

const UNAVAILABLE: &str = "503 dependency_unavailable";

/// Checks that a token is denied with 503 under this script. Returns `true` if the metric counts this
/// result.
fn counted(gate: &TestGate, server: &IntrospectionEndpoint, script: Script, result: &str) -> bool {
    server.script(script);
    let before = gate.metric(&ended(result));
    let verdict = gate.verdict("good");
    assert_eq!(verdict, UNAVAILABLE, "{result}");
    gate.metric(&ended(result)) > before
}

#[test]
fn what_is_no_answer_is_503_and_is_not_kept() {
    let page = "<html>log in</html>";
    let large = format!(
        r#"{{"active":true,"aud":"api","x":"{}"}}"#,
        "a".repeat(65 * 1024)
    );
    let redirect = Reply {
        headers: "Location: https://elsewhere.example/\r\n".into(),
        ..Reply::new(302, "")
    };
    let cases = [
        (Script::always(500, ""), "status"),
        (
            Script::always(503, r#"{"active":true,"aud":"api"}"#),
            "status",
        ),
        (Script::always(429, ""), "status"),
        (Script::By(Arc::new(move |_| redirect.clone())), "status"),
        (Script::always(401, ""), "unauthorized"),
        (Script::always(403, ""), "unauthorized"),
        (Script::always(200, page), "unreadable"),
        (Script::always(200, ""), "unreadable"),
        (
            Script::always(201, r#"{"active":true,"aud":"api"}"#),
            "unreadable",
        ),
        (Script::always(200, &large), "unreadable"),
        (
            Script::always(200, r#"{"active":"true","aud":"api"}"#),
            "unreadable",
        ),
        (
            Script::always(200, r#"{"active":1,"aud":"api"}"#),
            "unreadable",
        ),
        (
            Script::always(200, r#"{"active":null,"aud":"api"}"#),
            "unreadable",
        ),
        (Script::always(200, r#"{"aud":"api"}"#), "unreadable"),
        (
            Script::always(200, r#"{"active":false,"active":true,"aud":"api"}"#),
            "unreadable",
        ),
        (
            Script::always(200, r#"[{"active":true,"aud":"api"}]"#),
            "unreadable",
        ),
        (Script::always(400, ""), "rejected"),
        (Script::always(404, ""), "rejected"),
        (Script::always(413, ""), "rejected"),
    ];
    for (number, (script, result)) in cases.into_iter().enumerate() {
        let server = server();
        let gate = server.gate().spawn();
        assert!(
            counted(&gate, &server, script, result),
            "case {number}: {result}"
        );
        server.script(Script::ByToken);
        gate.clock.advance(Duration::from_secs(10));
        assert_eq!(gate.verdict("good"), "200", "case {number}");
    }
}

#[test]
fn an_answer_of_64_kib_is_read() {
    let server = server();
    let filler = "a".repeat(64 * 1024 - 60);
    server.knows("long", &json!({"x": filler}));
    let gate = server.gate().spawn();
    assert_eq!(gate.verdict("long"), "200");
}

#[test]
fn a_connection_that_breaks_or_is_refused_is_503() {
    let server = server();
    let gate = server.gate().spawn();
    assert_eq!(gate.verdict("good"), "200", "the endpoint is known");
    server.script(Script::Close);
    assert_eq!(gate.verdict("other"), UNAVAILABLE);
    assert_eq!(gate.verdict("good"), "200", "what is kept stays in use");
    let gone = IntrospectionEndpoint::start();
    let gate = server
        .gate()
        .set("INTROSPECTION_URL", format!("{}/introspect", gone.url));
    drop(gone);
    let gate = gate.spawn();
    assert_eq!(gate.verdict("good"), UNAVAILABLE);
}

#[test]
fn a_request_waits_for_800_ms_and_the_answer_is_kept_for_the_next_one() {
    let server = server();
    let gate = server.gate().spawn();
    server.script(Script::Delay);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| gate.verdict("good"));
        server.wait_for(1);
        gate.clock.advance(Duration::from_millis(800));
        assert_eq!(waiting.join().unwrap(), UNAVAILABLE);
    });
    server.script(Script::ByToken);
    assert_eq!(gate.verdict("good"), "200");
    assert_eq!(server.asked(), 1, "the call went on");
}

#[test]
fn a_server_that_hangs_holds_up_no_jwt() {
    for script in [Script::Hang, Script::Drip] {
        jwts_pass_beside(script);
    }
}

fn jwts_pass_beside(script: Script) {
    let server = server();
    let gate = server.gate().spawn();
    server.script(script);
    let jwt = server.idp.token().sign();
    std::thread::scope(|scope| {
        let waiting: Vec<_> = (0..20)
            .map(|n| {
                scope.spawn({
                    let gate = &gate;
                    move || gate.verdict(&format!("t{n}"))
                })
            })
            .collect();
        server.wait_for(20);
        assert_eq!(gate.verdict(&jwt), "200");
        gate.clock.advance(Duration::from_millis(800));
        for waiting in waiting {
            assert_eq!(waiting.join().unwrap(), UNAVAILABLE);
        }
    });
}

#[test]
fn five_failures_close_the_door_to_the_server_but_not_to_what_is_kept() {
    let server = server();
    let gate = server.gate().spawn();
    assert_eq!(gate.verdict("good"), "200");
    server.script(Script::always(500, ""));
    for n in 0..5 {
        assert_eq!(gate.verdict(&format!("t{n}")), UNAVAILABLE);
    }
    let asked = server.asked();
    assert_eq!(gate.verdict("t5"), UNAVAILABLE);
    assert_eq!(server.asked(), asked, "the breaker is open");
    assert_eq!(gate.verdict("good"), "200");
    let open = r#"doorward_dependency_breaker_open{dependency="introspection",issuer="main"}"#;
    assert!((gate.metric(open) - 1.0).abs() < f64::EPSILON);
    let status = gate.admin("/status").send().json();
    let failure = status["dependencies"][0]["last_failure"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(failure.ends_with("/introspect: status 500"), "{failure}");
    server.script(Script::ByToken);
    server.knows("late", &json!({}));
    gate.clock.advance(Duration::from_secs(1));
    assert_eq!(gate.verdict("late"), "200");
}

#[test]
fn whatever_is_the_servers_fault_closes_the_door() {
    let redirect = Reply {
        headers: "Location: https://elsewhere.example/\r\n".into(),
        ..Reply::new(302, "")
    };
    for (name, script) in [
        ("500", Script::always(500, "")),
        ("429", Script::always(429, "")),
        ("401 to us", Script::always(401, "")),
        ("403 to us", Script::always(403, "")),
        ("a page", Script::always(200, "<html>log in</html>")),
        ("no verdict", Script::always(200, r#"{"active":"true"}"#)),
        (
            "a redirect",
            Script::By(Arc::new(move |_| redirect.clone())),
        ),
        ("a broken connection", Script::Close),
    ] {
        let server = server();
        let gate = server.gate().spawn();
        server.script(script);
        for n in 0..5 {
            assert_eq!(gate.verdict(&format!("t{n}")), UNAVAILABLE, "{name}");
        }
        server.script(Script::ByToken);
        assert_closed(&gate, &server, name);
    }
}

#[test]
fn five_timeouts_close_the_door() {
    let server = server();
    let gate = server.gate().spawn();
    server.script(Script::Hang);
    for n in 1..=5 {
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| gate.verdict(&format!("t{n}")));
            server.wait_for(n);
            gate.clock.advance(Duration::from_secs(2));
            assert_eq!(waiting.join().unwrap(), UNAVAILABLE);
        });
        eventually("the timeout", || {
            let timeouts = gate.metric(&ended("timeout"));
            ((timeouts - f64::from(u32::try_from(n).unwrap())).abs() < f64::EPSILON).then_some(())
        });
    }
    server.script(Script::ByToken);
    assert_closed(&gate, &server, "timeouts");
}

/// Checks that the server, which works again, is not asked for a while.
fn assert_closed(gate: &TestGate, server: &IntrospectionEndpoint, name: &str) {
    let asked = server.asked();
    assert_eq!(gate.verdict("good"), UNAVAILABLE, "{name}");
    assert_eq!(server.asked(), asked, "{name}");
    assert!(
        (gate.metric(&ended("refused")) - 1.0).abs() < f64::EPSILON,
        "{name}"
    );
}

#[test]
fn odd_tokens_that_the_server_rejects_close_no_door() {
    let server = server();
    let gate = server.gate().spawn();
    server.script(Script::By(Arc::new(|question| {
        if question.token().starts_with("odd") {
            Reply::new(400, r#"{"error":"invalid_request"}"#)
        } else {
            Reply::json(&json!({"active": true, "aud": "api"}))
        }
    })));
    for n in 0..10 {
        let odd = format!("odd{n}");
        assert_eq!(
            [&odd, &odd].map(|token| gate.verdict(token)),
            [UNAVAILABLE; 2]
        );
    }
    assert_eq!(server.asked(), 10, "each is kept for a while");
    assert_eq!(gate.verdict("good"), "200");
    let status = gate.admin("/status").send().json();
    assert_eq!(status["dependencies"][0]["consecutive_failures"], 0);
    gate.clock.advance(Duration::from_secs(10));
    assert_eq!(gate.verdict("odd0"), UNAVAILABLE);
    assert_eq!(server.asked(), 12);
}

#[test]
fn a_redirect_carries_the_token_nowhere() {
    let (server, other) = (server(), server());
    let location = format!("Location: {}/introspect\r\n", other.url);
    server.script(Script::By(Arc::new(move |_| Reply {
        headers: location.clone(),
        ..Reply::new(307, "")
    })));
    let gate = server.gate().spawn();
    assert_eq!(gate.verdict("good"), UNAVAILABLE);
    assert_eq!(other.asked(), 0);
}

#[test]
fn metadata_without_an_endpoint_or_with_one_of_another_place_is_no_place_to_ask() {
    for endpoint in [
        json!(null),
        json!("http://idp.example/introspect"),
        json!(1),
    ] {
        let server = server();
        server.describe("introspection_endpoint", endpoint.clone());
        let gate = server.gate().spawn();
        assert_eq!(gate.verdict("good"), UNAVAILABLE, "{endpoint}");
        assert_eq!(server.asked(), 0);
    }
    let server = server();
    server.describe("issuer", json!("https://other.example"));
    let gate = server.gate().spawn();
    assert_eq!(gate.verdict("good"), UNAVAILABLE);
    let status = gate.admin("/status").send().json();
    let failure = status["dependencies"][0]["last_failure"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(failure.contains("another issuer"), "{failure}");
}
