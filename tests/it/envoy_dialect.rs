//! Questions in the words of Envoy's HTTP service of `ext_authz`: the client's own request line
//! behind a prefix.

use crate::support::{Request, TestGate, TestIssuer};

const ROUTES: &str = "
routes:
  - {name: public, match: {host: a.example, path: /public/**, methods: [GET]}, access: anonymous}
  - {name: admin, match: {path: /admin/**}, require: {scopes: [admin]}}
  - {name: rest, match: {host: a.example}}
";

fn gate(idp: &TestIssuer) -> TestGate {
    TestGate::new()
        .trusting(idp)
        .set("PROXY", "envoy")
        .file(ROUTES)
        .spawn()
}

/// The question about this request.
fn ask(gate: &TestGate, method: &str, uri: &str) -> Request {
    gate.request(method, &format!("/verify/envoy{uri}"))
        .host("a.example")
}

#[test]
fn the_request_line_and_the_host_are_the_original_request() {
    let idp = TestIssuer::new();
    let gate = gate(&idp);
    for (method, uri, verdict, route) in [
        ("GET", "/public/x?y=/../z", "200", "public"),
        ("POST", "/public/x", "401 token_missing", "rest"),
        ("PROPFIND", "/x", "401 token_missing", "rest"),
        ("OPTIONS", "/admin", "401 token_missing", "admin"),
        ("GET", "/", "401 token_missing", "rest"),
        ("GET", "//admin///x", "401 token_missing", "admin"),
        ("GET", "/verify/envoy/public/x", "401 token_missing", "rest"),
    ] {
        assert_eq!(
            ask(&gate, method, uri).send().verdict(),
            verdict,
            "{method} {uri}"
        );
        let line = gate.log_lines().pop().unwrap();
        let path = uri.split('?').next().unwrap();
        let seen = ["route", "method", "host", "path"]
            .map(|name| line[name].as_str().unwrap_or_default().to_owned());
        assert_eq!(seen, [route, method, "a.example", path], "{line}");
    }
    let elsewhere = gate.get("/verify/envoy/public/x").host("b.example").send();
    assert_eq!(elsewhere.verdict(), "403 route_denied");
}

#[test]
fn odd_paths_are_refused_as_in_any_dialect() {
    let idp = TestIssuer::new();
    let gate = gate(&idp);
    let token = idp.token().claim("scope", "admin").sign();
    for uri in [
        "/public/../admin",
        "/public/%2e%2e/admin",
        "/public/..%2fadmin",
        "/public%5cx",
        "/public/x%23",
        "/public/%00",
        "/public;x/y",
        "/public/%zz",
        "/../verify",
        "/..",
    ] {
        let answer = ask(&gate, "GET", uri).bearer(&token).send();
        assert_eq!(answer.verdict(), "403 forwarded_headers_ambiguous", "{uri}");
    }
}

#[test]
fn no_header_describes_another_request() {
    let idp = TestIssuer::new();
    let gate = gate(&idp);
    let lies = [
        "X-Forwarded-Uri",
        "X-Original-URI",
        "X-Envoy-Original-Path",
        "X-Rewrite-URL",
    ];
    let request = lies
        .iter()
        .fold(ask(&gate, "GET", "/admin"), |request, name| {
            request.header(name, "/public/x")
        });
    let request = request
        .header("X-Forwarded-Method", "GET")
        .header("X-Forwarded-Host", "a.example");
    let request = request.header("X-Original-URL", "http://a.example/public/x");
    assert_eq!(request.send().verdict(), "401 token_missing");
}

#[test]
fn what_is_no_client_path_is_none() {
    let idp = TestIssuer::new();
    let gate = gate(&idp);
    for (target, verdict) in [
        ("/verify/envoy", "403 forwarded_headers_missing"),
        ("/verify/envoy?/public/x", "403 forwarded_headers_missing"),
        ("/policy/admin/verify/envoy", "401 token_missing"),
        ("/policy/public/verify/envoy/admin", "200"),
        ("/policy/nobody/verify/envoy/public/x", "403 route_denied"),
        // The plain path has no tail in any dialect.
        ("/verify", "403 forwarded_headers_missing"),
        ("/verify/envoyx", "404"),
        ("/verify/envoy%2fpublic/x", "404"),
        ("/verify/Envoy/public/x", "404"),
        ("/verify/nginx/public/x", "404"),
    ] {
        assert_eq!(
            gate.get(target).host("a.example").send().verdict(),
            verdict,
            "{target}"
        );
    }
}

/// Envoy removes what is named here after it has set the identity.
#[test]
fn other_spellings_of_the_identity_are_to_be_removed() {
    let idp = TestIssuer::new();
    let headers = "sub=X-Auth-Subject, email=Mail, team=X-Team";
    let gate = TestGate::new()
        .trusting(&idp)
        .set("CLAIM_HEADERS", headers)
        .spawn();
    let asked = |target: &str| gate.get(target).bearer(&idp.token().sign()).send();
    let answer = asked("/verify/envoy/x");
    assert_eq!(
        (answer.status, answer.get("x-auth-subject")),
        (200, Some("alice"))
    );
    assert_eq!(
        answer.get("x-envoy-auth-headers-to-remove"),
        Some("x-auth_subject, x_auth-subject, x_auth_subject, x_team")
    );
    assert_eq!(asked("/verify").get("x-envoy-auth-headers-to-remove"), None);
    let denied = gate.get("/verify/envoy/x").send();
    assert_eq!(
        (
            denied.verdict().as_str(),
            denied.get("x-envoy-auth-headers-to-remove")
        ),
        ("401 token_missing", None)
    );

    let plain = TestGate::new()
        .trusting(&idp)
        .set("CLAIM_HEADERS", "sub=Subject")
        .spawn();
    let answer = plain
        .get("/verify/envoy/x")
        .bearer(&idp.token().sign())
        .send();
    assert_eq!(
        (answer.status, answer.get("x-envoy-auth-headers-to-remove")),
        (200, None)
    );
}

#[test]
fn a_token_in_the_query_is_the_clients() {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("PROXY", "envoy")
        .set("TOKEN_SOURCES", "query:access_token")
        .spawn();
    let token = idp.token().sign();
    let asked = |uri: &str| ask(&gate, "GET", uri).send().verdict();
    assert_eq!(asked(&format!("/x?a=b&access_token={token}")), "200");
    assert_eq!(
        asked(&format!("/x?access_token={token}&access_token=x")),
        "401 token_ambiguous"
    );
    assert_eq!(asked("/x"), "401 token_missing");
    assert_eq!(
        gate.get(&format!("/verify?access_token={token}"))
            .send()
            .verdict(),
        "403 forwarded_headers_missing"
    );
}
