//! Decisions as spans, at a collector.

use crate::support::{Collector, GateBuilder, TestGate, TestIssuer, attribute};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const NOT_SAMPLED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

fn gate(idp: &TestIssuer, collector: &Collector) -> GateBuilder {
    let gate = TestGate::new().trusting(idp).set("PROXY", "nginx");
    gate.set(
        "OTLP_ENDPOINT",
        format!("http://{}/otel/", collector.address),
    )
}

#[test]
fn a_decision_continues_the_callers_trace() {
    let (idp, collector) = (TestIssuer::new(), Collector::start());
    let gate = gate(&idp, &collector)
        .set("OTLP_HEADERS", "X-Key: s3cr3t")
        .set("TRACE_SAMPLE_RATIO", "0");
    // A collector on loopback is asked without a proxy; none answers there.
    let gate = gate.egress(&[("HTTP_PROXY", "http://127.0.0.1:1")]).spawn();
    let ask = |parent: &str| {
        let asked = gate
            .get("/verify")
            .header("X-Original-Method", "PUT")
            .header("traceparent", parent);
        asked
            .header("X-Original-URL", "https://a.example/orders?token=secret")
            .header("tracestate", "vendor=x")
    };
    assert_eq!(ask(NOT_SAMPLED).send().status, 401);
    assert_eq!(
        ask(PARENT)
            .bearer(&idp.token().subject("alice").sign())
            .send()
            .status,
        200
    );
    assert_eq!(gate.get("/verify").send().status, 401);
    drop(gate);

    let posted = collector.next();
    assert!(
        posted.head.starts_with("POST /otel/v1/traces HTTP/1.1\r\n"),
        "{}",
        posted.head
    );
    assert!(
        posted.head.contains("x-key: s3cr3t") && posted.head.contains("application/x-protobuf"),
        "{}",
        posted.head
    );
    let named = |name: &str| {
        posted
            .resource
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, value)| value.as_str())
    };
    assert_eq!(named("service.name"), Some("doorward"));
    let [span] = &posted.spans[..] else {
        panic!("{:?}", posted.spans)
    };
    assert_eq!(hex(&span.trace_id), "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(hex(&span.parent_span_id), "b7ad6b7169203331");
    assert_ne!(hex(&span.span_id), "b7ad6b7169203331");
    assert_eq!(
        (span.name.as_str(), span.trace_state.as_str(), span.kind),
        ("decide", "vendor=x", 2)
    );
    assert!(span.start_time_unix_nano <= span.end_time_unix_nano && span.start_time_unix_nano > 0);
    for (name, value) in [
        ("doorward.verdict", Some("allow")),
        ("doorward.reason", Some("ok")),
        ("doorward.cache", Some("miss")),
        ("doorward.issuer", Some("idp.example")),
        ("http.request.method", Some("PUT")),
        ("server.address", Some("a.example")),
        ("url.path", Some("/orders")),
        ("network.peer.address", Some("127.0.0.1")),
        ("client.address", None),
        ("doorward.route", None),
    ] {
        assert_eq!(attribute(span, name), value, "{name}");
    }
    assert!(!format!("{span:?}").contains("secret") && !format!("{span:?}").contains("alice"));
}

#[test]
fn a_span_has_the_fields_that_the_access_log_was_asked_for() {
    let (idp, collector) = (TestIssuer::new(), Collector::start());
    let gate = gate(&idp, &collector)
        .set("ACCESS_LOG_FIELDS", "client, claim:sub")
        .set("ACCESS_LOG", "off")
        .spawn();
    gate.get("/verify")
        .header("traceparent", PARENT)
        .header("X-Forwarded-For", "203.0.113.9")
        .bearer(&idp.token().subject("alice").sign())
        .send();
    drop(gate);
    let posted = collector.next();
    let span = &posted.spans[0];
    assert_eq!(attribute(span, "client.address"), Some("203.0.113.9"));
    assert_eq!(attribute(span, "doorward.claim.sub"), Some("alice"));
}

#[test]
fn without_a_caller_chance_decides() {
    let (idp, collector) = (TestIssuer::new(), Collector::start());
    let gate = gate(&idp, &collector)
        .set("TRACE_SAMPLE_RATIO", "1")
        .spawn();
    for parent in [
        "",
        "00-0-0-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "ff",
        "\u{fc}",
    ] {
        assert_eq!(
            gate.get("/verify")
                .header("traceparent", parent)
                .send()
                .status,
            401
        );
    }
    // Of two callers it is not known which one it was.
    assert_eq!(
        gate.get("/verify")
            .header("traceparent", PARENT)
            .header("traceparent", PARENT)
            .send()
            .status,
        401
    );
    drop(gate);
    let spans = collector.next().spans;
    assert_eq!(spans.len(), 6);
    for span in &spans {
        assert!(
            span.parent_span_id.is_empty() && hex(&span.trace_id) != "0".repeat(32),
            "{span:?}"
        );
        assert_eq!(attribute(span, "doorward.reason"), Some("token_missing"));
        assert_eq!(
            span.status.as_ref().map_or(0, |status| status.code),
            0,
            "a denial is no failure of ours"
        );
    }
}

#[test]
fn missing_keys_are_a_failure() {
    let (idp, collector) = (TestIssuer::new().serve(), Collector::start());
    idp.answer_instead(500, "");
    let settings = TestGate::new()
        .discovering(&idp)
        .set("JWKS_WAIT", "10ms")
        .set("TRACE_SAMPLE_RATIO", "1");
    let gate = settings
        .set("OTLP_ENDPOINT", format!("http://{}", collector.address))
        .spawn();
    assert_eq!(
        gate.get("/verify")
            .bearer(&idp.token().sign())
            .send()
            .status,
        503
    );
    drop(gate);
    let span = collector.next().spans.remove(0);
    let status = span.status.as_ref().unwrap();
    assert_eq!(
        (status.code, status.message.as_str()),
        (2, "keys_unavailable")
    );
}

/// No request waits for a collector, and no answer changes because of it.
#[test]
fn a_collector_that_is_gone_changes_nothing() {
    let idp = TestIssuer::new();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("TRACE_SAMPLE_RATIO", "1");
    let gate = gate
        .set("OTLP_ENDPOINT", format!("http://{nobody}"))
        .spawn();
    let token = idp.token().sign();
    for _ in 0..5000 {
        assert_eq!(gate.verdict(&token), "200");
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from_digit(digit.into(), 16).unwrap())
        .collect()
}
