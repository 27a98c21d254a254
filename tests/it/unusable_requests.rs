//! Proxies that ask in the wrong way: an answer, a number and a warning with a guess.

use std::net::SocketAddr;

use serde_json::Value;

use crate::support::{Check, GrpcClient, Request, Service, TestGate, TestIssuer};

const ROUTES: &str = "routes: [{name: all, match: {path: /**}}]\n";

fn count(gate: &TestGate, kind: &str) -> String {
    let series = format!("doorward_unusable_requests_total{{kind=\"{kind}\"}}");
    gate.metric(&series).to_string()
}

#[test]
fn a_wrong_path_is_answered_with_the_right_ones() {
    let gate = TestGate::new().trusting(&TestIssuer::new()).spawn();
    for path in ["/auth", "/verify/", "/verify/nope", "/denial/nope"] {
        let answer = gate.get(path).send();
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.get("content-type"), Some("application/json"));
        assert_eq!(answer.get("cache-control"), Some("no-store"));
        let paths = answer.json()["paths"].as_array().unwrap().clone();
        assert!(paths.contains(&Value::from("/verify/traefik")), "{paths:?}");
    }
    assert_eq!(gate.request("HEAD", "/auth").send().body, "");
}

#[test]
fn every_kind_is_counted_from_zero() {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("PROXY", "traefik")
        .file(ROUTES);
    let untrusting = gate.clone().set("TRUSTED_PROXIES", "192.0.2.0/24").spawn();
    let gate = gate.spawn();
    let kinds = [
        "unknown_path",
        "wrong_dialect",
        "not_described",
        "untrusted_peer",
    ];
    let page = gate.admin("/metrics").send().body;
    for kind in kinds {
        let series = format!("doorward_unusable_requests_total{{kind=\"{kind}\"}} 0\n");
        assert!(page.contains(&series), "{kind}: {page}");
    }
    assert_eq!(gate.get("/auth").send().status, 404);
    for path in ["/verify/nginx", "/verify/envoy"] {
        let asked = gate.get(path).header("X-Forwarded-Uri", "/x").send();
        assert_eq!(asked.verdict(), "403 forwarded_headers_missing", "{path}");
    }
    let described = |gate: &TestGate| {
        gate.get("/verify")
            .header("X-Forwarded-Method", "GET")
            .header("X-Forwarded-Host", "app.example")
            .header("X-Forwarded-Uri", "/x")
            .bearer(&idp.token().sign())
            .send()
            .verdict()
    };
    assert_eq!(
        gate.get("/verify").send().verdict(),
        "403 forwarded_headers_missing"
    );
    assert_eq!(described(&gate), "200");
    assert_eq!(kinds.map(|kind| count(&gate, kind)), ["1", "2", "1", "0"]);
    assert_eq!(described(&untrusting), "403 forwarded_headers_untrusted");
    assert_eq!(
        kinds.map(|kind| count(&untrusting, kind)),
        ["0", "0", "0", "1"]
    );
}

#[test]
fn envoy_by_grpc_is_counted_too() {
    let gate = TestGate::new()
        .trusting(&TestIssuer::new())
        .set("GRPC_LISTEN", "127.0.0.1:0")
        .set("TRUSTED_PROXIES", "192.0.2.0/24")
        .set("PROXY", "envoy")
        .file(ROUTES)
        .spawn();
    assert_eq!(
        GrpcClient::connect(gate.grpc).verdict(Check::get("/x")),
        "403 forwarded_headers_untrusted"
    );
    assert_eq!(count(&gate, "untrusted_peer"), "1");
}

/// The program with these settings and routes, and where it listens.
fn started(settings: &[(&str, &str)]) -> (tempfile::NamedTempFile, Service, SocketAddr) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, ROUTES).unwrap();
    let general = [
        ("LISTEN", "127.0.0.1:0"),
        ("ADMIN_LISTEN", "127.0.0.1:0"),
        ("ISSUER", "me"),
        ("AUDIENCE", "api"),
        ("HMAC_SECRET", "0123456789abcdef0123456789abcdef"),
        ("LOG_FORMAT", "json"),
        ("ACCESS_LOG", "off"),
    ];
    let arguments = ["serve", "--config", file.path().to_str().unwrap()];
    let mut service = Service::start(&arguments, &[&general[..], settings].concat());
    let verify = service.address("verify");
    (file, service, verify)
}

fn warning(service: &mut Service, kind: &str) -> Value {
    serde_json::from_str(&service.wait_for_line(kind)).unwrap()
}

#[test]
fn a_warning_guesses_what_was_meant() {
    let forwarded = ("X-Forwarded-Uri", "/x");
    let (nothing, original) = (
        ("X-Nothing", "x"),
        ("X-Original-URL", "https://app.example/x"),
    );
    let (_file, mut service, verify) = started(&[("PROXY", "nginx")]);
    let ask = |target: &str, (name, value): (&str, &str)| {
        Request::new(verify, "GET", target)
            .header(name, value)
            .send()
            .status
    };
    assert_eq!(ask("/auth", forwarded), 404);
    let told = warning(&mut service, "unknown_path");
    assert_eq!(told["level"], "WARN");
    assert_eq!(
        (&told["path"], &told["peer"], &told["hint"]),
        (
            &"/auth".into(),
            &"127.0.0.1".into(),
            &"there is /verify/traefik".into()
        )
    );
    assert_eq!(told.get("left_out"), None);
    assert_eq!(ask("/verify", forwarded), 403);
    let told = warning(&mut service, "wrong_dialect");
    assert_eq!(
        told["hint"],
        "asked in the dialect of nginx without X-Original-URL, but with X-Forwarded-Uri: is this Traefik, Caddy or HAProxy?"
    );
    assert_eq!(ask("/verify", nothing), 403);
    let told = warning(&mut service, "not_described");
    let hint = told["hint"].as_str().unwrap();
    let missing = "have the proxy send X-Original-Method and X-Original-URL;";
    assert!(hint.starts_with(missing), "{hint}");

    // Each kind once a minute.
    assert_eq!(ask("/verify", forwarded), 403);
    assert_eq!(ask("/other", forwarded), 404);
    service.signal("TERM");
    assert_eq!(service.wait(), Some(0));
    assert_eq!(
        service.log.matches("\"WARN\"").count(),
        3,
        "{}",
        service.log
    );

    let (_file, mut service, verify) = started(&[("PROXY", "traefik")]);
    let asked = Request::new(verify, "GET", "/verify").header(original.0, original.1);
    assert_eq!(asked.send().status, 403);
    let hint = warning(&mut service, "wrong_dialect")["hint"].clone();
    assert!(hint.as_str().unwrap().ends_with("is this nginx?"), "{hint}");
}

#[test]
fn a_path_is_guessed_from_a_slash_too_many() {
    for (path, hint) in [
        ("/verify/nginx/", "there is /verify/nginx"),
        ("/VERIFY", "there is /verify"),
        (
            "/",
            "there are /verify, /verify/nginx, /verify/traefik, /verify/caddy, /verify/haproxy, /verify/envoy, and /policy/NAME in front of these",
        ),
    ] {
        let (_file, mut service, verify) = started(&[("PROXY", "nginx")]);
        assert_eq!(Request::new(verify, "GET", path).send().status, 404);
        assert_eq!(
            warning(&mut service, "unknown_path")["hint"],
            hint,
            "{path}"
        );
    }
}

#[test]
fn a_warning_names_the_peer_that_is_not_trusted() {
    let (_file, mut service, verify) =
        started(&[("PROXY", "traefik"), ("TRUSTED_PROXIES", "192.0.2.0/24")]);
    assert_eq!(
        Request::new(verify, "GET", "/verify").send().verdict(),
        "403 forwarded_headers_untrusted"
    );
    let told = warning(&mut service, "untrusted_peer");
    assert_eq!(told["peer"], "127.0.0.1");
    assert!(told["hint"].as_str().unwrap().contains("`trusted_proxies`"));
}

#[test]
fn a_hostile_path_is_bounded_and_holds_no_token() {
    let (_file, mut service, verify) = started(&[("PROXY", "nginx")]);
    let long = format!("/{}", "a".repeat(4000));
    Request::new(verify, "GET", &long).send();
    let told = warning(&mut service, "unknown_path");
    assert_eq!(told["path"], long[..64]);
    let (_file, mut service, verify) = started(&[("PROXY", "nginx")]);
    Request::new(verify, "GET", "/x%3Ftoken=s3cret").send();
    let told = warning(&mut service, "unknown_path");
    assert_eq!(told["path"], "/x");
    let (_file, mut service, verify) = started(&[("PROXY", "nginx")]);
    Request::new(verify, "GET", "/eyJhbGciOiJIUzI1NiJ9.e30.c2ln").send();
    let line = service.wait_for_line("unknown_path");
    assert!(!line.contains("eyJ") && !line.contains("c2ln"), "{line}");
}
