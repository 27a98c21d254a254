//! Envoy's `ext_authz` by gRPC, as Envoy asks: every decision, what it is answered with, and what
//! is no question.

use envoy_types::ext_authz::v3::pb::{
    CheckResponse, DeniedHttpResponse, HttpResponse, OkHttpResponse,
};
use envoy_types::pb::google::protobuf::Struct;
use envoy_types::pb::google::protobuf::value::Kind;
use serde_json::{Value, json};

use crate::support::grpc::{value, verdict};
use crate::support::{Check, GateBuilder, GrpcClient, TestGate, TestIssuer};

fn gate(idp: &TestIssuer) -> GateBuilder {
    TestGate::new()
        .trusting(idp)
        .set("GRPC_LISTEN", "127.0.0.1:0")
}

fn client(gate: &TestGate) -> GrpcClient {
    GrpcClient::connect(gate.grpc)
}

fn allowed(answer: CheckResponse) -> OkHttpResponse {
    assert_eq!(verdict(&answer), "200");
    match answer.http_response {
        Some(HttpResponse::OkResponse(allowed)) => allowed,
        other => panic!("{other:?}"),
    }
}

fn denied(answer: CheckResponse) -> DeniedHttpResponse {
    match answer.http_response {
        Some(HttpResponse::DeniedResponse(denied)) => denied,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_allowed_request_gets_every_mapped_header() {
    let idp = TestIssuer::new();
    let gate = gate(&idp).spawn();
    let token = idp.token().claim("scope", "read write").sign();
    let allowed = allowed(client(&gate).ask(Check::get("/").bearer(&token)).unwrap());
    let headers: Vec<_> = allowed
        .headers
        .iter()
        .map(|option| option.header.clone().unwrap())
        .collect();
    let headers: Vec<_> = headers
        .iter()
        .map(|header| (header.key.as_str(), header.value.as_str()))
        .collect();
    let issuer = idp.url();
    let expected = [
        ("x-auth-subject", "alice"),
        ("x-auth-issuer", issuer.as_str()),
        ("x-auth-client-id", ""),
        ("x-auth-scopes", "read write"),
        ("x-auth-email", ""),
    ];
    assert_eq!(headers, expected);
    // OVERWRITE_IF_EXISTS_OR_ADD, and an empty one too: nothing of the client's stays.
    assert!(
        allowed
            .headers
            .iter()
            .all(|option| option.append_action == 2 && option.keep_empty_value)
    );
    assert!(allowed.response_headers_to_add.is_empty());
}

#[test]
fn aliases_are_removed_and_mapped_headers_are_not() {
    let idp = TestIssuer::new();
    let gate = gate(&idp)
        .set(
            "CLAIM_HEADERS",
            "sub=X-Auth-Subject,email=Mail,name=X-A-B-C-D,tid=x_y-z",
        )
        .spawn();
    let allowed = allowed(
        client(&gate)
            .ask(Check::get("/").bearer(&idp.token().sign()))
            .unwrap(),
    );
    let expected = [
        "x-auth_subject",
        "x_auth-subject",
        "x_auth_subject",
        "x_a_b_c_d",
        "x_y_z",
    ];
    assert_eq!(allowed.headers_to_remove, expected);
}

#[test]
fn every_denial_is_what_http_answers() {
    let idp = TestIssuer::new();
    let denials =
        json!({"token_expired": {"status": 418, "body": {"tea": true}}, "403": {"body": null}});
    let gate = gate(&idp)
        .set("DENIALS", denials.to_string())
        .set("REQUIRED_SCOPES", "read")
        .spawn();
    let (client, token) = (client(&gate), || idp.token().claim("scope", "read"));
    for (token, code) in [
        (token().expires_in(-60).sign(), 16),
        (token().claim("aud", "another").sign(), 16),
        (token().claim("scope", "write").sign(), 7),
        (token().subject(&"x".repeat(4000)).sign(), 7),
        (token().claim("filler", "x".repeat(16_000)).sign(), 16),
        ("not.a-token".to_owned(), 16),
        ("a,Bearer b".to_owned(), 16),
        (String::new(), 16),
    ] {
        let answer = client.ask(Check::get("/").bearer(&token)).unwrap();
        assert_eq!(answer.status.as_ref().unwrap().code, code);
        assert_eq!(answer.dynamic_metadata, None);
        let http = gate.get("/verify/haproxy").bearer(&token).send();
        assert_eq!(verdict(&answer), http.verdict());
        assert_is(&denied(answer), &http);
    }
    let answer = client
        .ask(Check::get("/").header("authorization", "Basic YTpi"))
        .unwrap();
    assert_is(
        &denied(answer),
        &gate
            .get("/verify/haproxy")
            .header("Authorization", "Basic YTpi")
            .send(),
    );
}

fn assert_is(denied: &DeniedHttpResponse, http: &crate::support::Answer) {
    assert_eq!(
        (denied.status.unwrap().code, denied.body.as_str()),
        (i32::from(http.status), http.body.as_str())
    );
    for name in [
        "www-authenticate",
        "x-auth-reason",
        "content-type",
        "cache-control",
        "retry-after",
    ] {
        assert_eq!(value(&denied.headers, name), http.get(name), "{name}");
    }
    assert!(denied.headers.len() <= 5, "{denied:?}");
}

#[test]
fn missing_keys_are_an_answer_and_no_error() {
    let idp = TestIssuer::new().serve();
    idp.answer_instead(500, "");
    let gate = TestGate::new()
        .discovering(&idp)
        .set("GRPC_LISTEN", "127.0.0.1:0")
        .set("JWKS_WAIT", "10ms")
        .spawn();
    let token = idp.token().sign();
    let answer = client(&gate).ask(Check::get("/").bearer(&token)).unwrap();
    assert_eq!(
        (
            verdict(&answer).as_str(),
            answer.status.as_ref().unwrap().code
        ),
        ("503 keys_unavailable", 14)
    );
    assert_is(
        &denied(answer),
        &gate.get("/verify/haproxy").bearer(&token).send(),
    );
}

const ROUTES: &str = "
routes:
- {name: open, match: {path: /open}, access: anonymous}
- {name: maybe, match: {path: /maybe}, access: optional}
- {name: closed, match: {path: /closed}, access: denied, denials: {route_denied: {status: 404, body: {gone: true}}}}
- {name: put, match: {host: site.example, path: /put, methods: [PUT]}}
- {name: trial, match: {path: /trial}, report_only: true}
- {name: admin, match: {path: '/admin/**'}, require: {claims: [{claim: role, equals: admin}]}}
- {name: site, match: {host: site.example, path: '/site/**'}}
";

#[test]
fn routes_judge_what_envoy_describes() {
    let idp = TestIssuer::new();
    let gate = gate(&idp).set("PROXY", "envoy").file(ROUTES).spawn();
    let (client, token) = (client(&gate), idp.token().sign());
    let with = |path: &str| client.verdict(Check::get(path).bearer(&token));
    let without = |path: &str| client.verdict(Check::get(path));
    assert_eq!(
        (
            without("/open"),
            without("/open?x"),
            with("/maybe"),
            without("/maybe")
        ),
        ("200".into(), "200".into(), "200".into(), "200".into())
    );
    assert_eq!(
        client.verdict(Check::get("/maybe").bearer("x")),
        "401 token_malformed"
    );
    assert_eq!(
        (with("/closed"), without("/trial"), with("/nowhere")),
        (
            "404 route_denied".into(),
            "200".into(),
            "403 route_denied".into()
        )
    );
    assert_eq!(
        (
            with("/put"),
            client.verdict(
                Check::get("/put")
                    .http(|http| http.method = "PUT".into())
                    .bearer(&token)
            )
        ),
        ("403 route_denied".into(), "200".into())
    );
    assert_eq!(
        (with("/admin/x"), with("/site/x"), without("/site/x")),
        (
            "403 policy_denied".into(),
            "200".into(),
            "401 token_missing".into()
        )
    );
    // Nothing is decoded, cleaned up or cut off on the way to the check of the path.
    for path in [
        "/open#",
        "/open#/../site/x",
        "/open%23",
        "/site/../open",
        "/open/%2e",
        "/site%2fx",
        "/open\\",
        "/open%",
        "/ope%6e%00",
    ] {
        assert_eq!(with(path), "403 forwarded_headers_ambiguous", "{path}");
    }
    assert_eq!(
        (with("/o%70en"), with("/open%3fx"), with("//open")),
        (
            "200".into(),
            "403 forwarded_headers_ambiguous".into(),
            "200".into()
        )
    );
    // A host that is none, and one that is not there.
    for (host, expected) in [
        ("site.example:8443", "200"),
        ("SITE.example.", "200"),
        ("a@site.example", "403 forwarded_headers_ambiguous"),
        ("", "403 forwarded_headers_missing"),
    ] {
        assert_eq!(
            client.verdict(
                Check::get("/site/x")
                    .http(|http| http.host = host.into())
                    .bearer(&token)
            ),
            expected,
            "{host}"
        );
    }
}

#[test]
fn what_is_described_in_two_ways_is_not_known() {
    let idp = TestIssuer::new();
    let gate = gate(&idp).set("PROXY", "envoy").file(ROUTES).spawn();
    let client = client(&gate);
    let ask =
        |change: fn(Check) -> Check| client.verdict(change(Check::get("/open").line("x", b"y")));
    let ambiguous = "403 forwarded_headers_ambiguous";
    assert_eq!(ask(|check| check), "200");
    assert_eq!(
        ask(|check| check
            .line(":path", b"/open")
            .line(":method", b"GET")
            .line(":authority", b"site.example")),
        "200"
    );
    assert_eq!(ask(|check| check.line(":path", b"/open\xff")), ambiguous);
    assert_eq!(
        ask(|check| check.line(":path", b"/open").line(":path", b"/open")),
        ambiguous
    );
    assert_eq!(
        ask(|check| check
            .http(|http| http.path = String::new())
            .line(":path", b"/open")),
        ambiguous
    );
    assert_eq!(
        ask(|check| check.http(|http| http.query = "a=b".into())),
        ambiguous
    );
    assert_eq!(
        ask(|check| check.http(|http| http.fragment = "/site/x".into())),
        ambiguous
    );
    assert_eq!(
        client.verdict(Check::get("/open").header(":path", "/closed")),
        ambiguous
    );
}

#[test]
fn pseudo_header_fields_are_no_fields() {
    let idp = TestIssuer::new();
    let gate = gate(&idp)
        .set("PROXY", "envoy")
        .set("ALLOW_PREFLIGHT", "true")
        .spawn();
    let client = client(&gate);
    let preflight = |method: &str, mark: &str| {
        let check = Check::get("/").http(|http| http.method = method.into());
        client.verdict(
            check
                .header(&format!("{mark}origin"), "https://x.example")
                .header("access-control-request-method", "PUT"),
        )
    };
    assert_eq!(
        (
            preflight("OPTIONS", "").as_str(),
            preflight("GET", "").as_str()
        ),
        ("200", "401 token_missing")
    );
    assert_eq!(preflight("OPTIONS", ":"), "401 token_missing");
}

#[test]
fn repeated_fields_are_repeated() {
    let idp = TestIssuer::new();
    let gate = gate(&idp).spawn();
    let (client, token) = (client(&gate), idp.token().sign());
    let bearer = format!("Bearer {token}");
    let lines = |lines: &[(&str, &str)]| {
        let all = lines.iter().fold(Check::get("/"), |check, (name, value)| {
            check.line(name, value.as_bytes())
        });
        client.verdict(all)
    };
    assert_eq!(lines(&[("authorization", &bearer)]), "200");
    assert_eq!(
        lines(&[("authorization", &bearer), ("authorization", &bearer)]),
        "401 token_ambiguous"
    );
    assert_eq!(
        lines(&[("authorization", &bearer), ("Authorization", "Bearer x")]),
        "401 token_ambiguous"
    );
    // What Envoy has joined stays joined.
    assert_eq!(
        client.verdict(Check::get("/").bearer(&format!("{token},{bearer}"))),
        "401 token_malformed"
    );
    assert_eq!(
        client.verdict(
            Check::get("/")
                .bearer(&token)
                .header("Authorization", &bearer)
        ),
        "401 token_ambiguous"
    );
    // `headers` says nothing where there is a `header_map`.
    assert_eq!(
        client.verdict(Check::get("/").bearer(&token).line("x", b"y")),
        "401 token_missing"
    );
    // Two values in one line.
    let both = Check::get("/").line("authorization", bearer.as_bytes());
    let both = both
        .http(|http| http.header_map.as_mut().unwrap().headers[0].value = "Bearer x".to_owned());
    assert_eq!(client.verdict(both), "401 token_ambiguous");
    let text = Check::get("/").line("authorization", b"");
    let text = text.http(|http| {
        http.header_map.as_mut().unwrap().headers[0]
            .value
            .clone_from(&bearer);
    });
    assert_eq!(client.verdict(text), "200");
}

#[test]
fn a_route_is_picked_by_its_name() {
    let idp = TestIssuer::new();
    let gate = gate(&idp).set("PROXY", "envoy").file(ROUTES).spawn();
    let (client, token) = (client(&gate), idp.token().sign());
    let ask = |name: &str| client.verdict(Check::get("/site/x").bearer(&token).policy(name));
    assert_eq!(
        (ask("open"), ask("admin"), ask("site")),
        ("200".into(), "403 policy_denied".into(), "200".into())
    );
    for unknown in ["", "Open", "open ", "nobody", "open/verify"] {
        assert_eq!(ask(unknown), "403 route_denied", "{unknown:?}");
    }
    // A route that is named needs no description of the request.
    assert_eq!(client.verdict(Check::nothing().policy("open")), "200");
    assert_eq!(
        client.verdict(Check::nothing().policy("site")),
        "401 token_missing"
    );
}

#[test]
fn whoever_describes_nothing_gets_no_further_than_without_a_token() {
    let idp = TestIssuer::new();
    let plain = gate(&idp).spawn();
    for nothing in [
        Check::nothing(),
        Check::nothing().without_request(),
        Check::nothing().http(|_| ()),
    ] {
        assert_eq!(client(&plain).verdict(nothing), "401 token_missing");
    }
    let routed = gate(&idp).set("PROXY", "envoy").file(ROUTES).spawn();
    assert_eq!(
        client(&routed).verdict(Check::nothing()),
        "403 forwarded_headers_missing"
    );
    assert_eq!(
        client(&routed).verdict(Check::get("").bearer(&idp.token().sign())),
        "403 forwarded_headers_missing"
    );
}

#[test]
fn only_trusted_peers_describe_requests() {
    let idp = TestIssuer::new();
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("check.sock");
    let listen = format!("127.0.0.1:0,unix:{}", path.display());
    let routed = gate(&idp)
        .set("GRPC_LISTEN", listen)
        .set("TRUSTED_PROXIES", "10.0.0.0/8")
        .set("PROXY", "envoy")
        .file(ROUTES)
        .spawn();
    let check = || Check::get("/site/x").bearer(&idp.token().sign());
    assert_eq!(
        client(&routed).verdict(check()),
        "403 forwarded_headers_untrusted"
    );
    assert_eq!(
        client(&routed).verdict(check().policy("site")),
        "403 forwarded_headers_untrusted"
    );
    // Who may write to the socket file is a proxy.
    assert_eq!(
        GrpcClient::to(format!("unix://{}", path.display()))
            .unwrap()
            .verdict(check()),
        "200"
    );
    // Where nothing of the request counts, no description is needed.
    let plain = gate(&idp).set("TRUSTED_PROXIES", "10.0.0.0/8").spawn();
    assert_eq!(client(&plain).verdict(check()), "200");
}

#[test]
fn protocols_beside_the_token_are_told() {
    let idp = TestIssuer::new();
    let gate = gate(&idp).set("TOKEN_SOURCES", "bearer,websocket").spawn();
    let (client, token) = (client(&gate), idp.token().sign());
    let protocols = |check: Check| {
        let allowed = allowed(client.ask(check).unwrap());
        value(&allowed.headers, "x-auth-websocket-protocol").map(str::to_owned)
    };
    let offer = Check::get("/").header("sec-websocket-protocol", &format!("bearer, {token}, chat"));
    let http = gate
        .get("/verify")
        .header("Sec-WebSocket-Protocol", format!("bearer, {token}, chat"))
        .send();
    assert_eq!(
        protocols(offer).as_deref(),
        http.get("x-auth-websocket-protocol")
    );
    assert!(http.get("x-auth-websocket-protocol").is_some(), "{http:?}");
    let http = gate.get("/verify").bearer(&token).send();
    assert_eq!(
        protocols(Check::get("/").bearer(&token)).as_deref(),
        http.get("x-auth-websocket-protocol")
    );
    // Several lines are one list.
    let name = "sec-websocket-protocol";
    let lines = |lines: [&str; 2]| {
        lines.iter().fold(Check::get("/"), |check, line| {
            check.line(name, line.as_bytes())
        })
    };
    assert_eq!(
        protocols(lines(["chat, bearer", &format!("{token}, v2.chat")])).as_deref(),
        Some("chat, v2.chat")
    );
    assert_eq!(
        client.verdict(lines([&format!("bearer, {token}"), "bearer, x"])),
        "401 token_ambiguous"
    );
    let two_values = lines([&format!("bearer, {token}"), "chat"]);
    let two_values = two_values.http(|http| {
        http.header_map.as_mut().unwrap().headers[1].value = format!("bearer, {token}");
    });
    assert_eq!(client.verdict(two_values), "401 token_ambiguous");
    let two_names = Check::get("/")
        .header(name, &format!("bearer, {token}"))
        .header("Sec-WebSocket-Protocol", "chat");
    assert_eq!(client.verdict(two_names), "401 token_ambiguous");
}

#[test]
fn the_claims_are_metadata_of_what_may_pass() {
    let idp = TestIssuer::new();
    let gate = gate(&idp)
        .set("PROXY", "envoy")
        .file("routes: [{name: open, match: {path: /open}, access: anonymous}, {name: rest, match: {}}]")
        .spawn();
    let client = client(&gate);
    let deep = (0..20).fold(json!("bottom"), |inner, _| json!([inner]));
    let claims = idp.token().claim("deep", deep).claims_text();
    let claims = format!(
        r#"{{"big":9007199254740993,"even":9007199254740992,"tenth":0.1,"long":0.10000000000000001,"huge":1e400,"none":null,"yes":true,"list":[1,"a",{{"b":[]}}],"text":"\u00fc\u0000",{}"#,
        &claims[1..]
    );
    // A number that no double can hold is no JSON for us.
    assert_eq!(
        client.verdict(Check::get("/").bearer(&idp.token().sign_payload(&claims))),
        "401 claim_invalid"
    );
    let token = idp.token().sign_payload(claims.replace("1e400", "1e300"));
    let answer = client.ask(Check::get("/").bearer(&token)).unwrap();
    let metadata = json_of(&answer.dynamic_metadata.clone().unwrap());
    let claims = &metadata["claims"];
    assert_eq!(metadata.as_object().unwrap().len(), 1);
    assert_eq!(
        (&claims["sub"], &claims["iss"], &claims["aud"]),
        (&json!("alice"), &json!(idp.url()), &json!("api"))
    );
    assert_eq!(
        (&claims["big"], &claims["even"]),
        (&json!("9007199254740993"), &json!(9_007_199_254_740_992.0))
    );
    assert_eq!(
        (&claims["tenth"], &claims["long"]),
        (&json!(0.1), &json!("0.10000000000000001"))
    );
    assert_eq!(
        (&claims["none"], &claims["yes"], &claims["list"]),
        (&Value::Null, &json!(true), &json!([1.0, "a", {"b": []}]))
    );
    assert_eq!(claims["text"], "\u{fc}\0");
    // Envoy throws an answer away that is nested deeper than its protobuf reads.
    assert_eq!(
        claims["deep"].to_string(),
        format!(
            "{}\"{}\\\"bottom\\\"{}\"{}",
            "[".repeat(15),
            "[".repeat(5),
            "]".repeat(5),
            "]".repeat(15)
        )
    );
    // No user, no claims.
    for check in [
        Check::get("/"),
        Check::get("/").bearer("x"),
        Check::get("/open").bearer(&token),
    ] {
        assert_eq!(client.ask(check).unwrap().dynamic_metadata, None);
    }
}

fn json_of(fields: &Struct) -> Value {
    Value::Object(
        fields
            .fields
            .iter()
            .map(|(name, member)| (name.clone(), json_of_value(member)))
            .collect(),
    )
}

fn json_of_value(value: &envoy_types::pb::google::protobuf::Value) -> Value {
    match value.kind.as_ref().unwrap() {
        Kind::NullValue(_) => Value::Null,
        Kind::NumberValue(number) => json!(number),
        Kind::StringValue(text) => json!(text),
        Kind::BoolValue(boolean) => json!(boolean),
        Kind::StructValue(fields) => json_of(fields),
        Kind::ListValue(list) => list.values.iter().map(json_of_value).collect(),
    }
}

#[test]
fn decisions_are_counted_and_logged_as_those_of_http() {
    let idp = TestIssuer::new();
    let gate = gate(&idp)
        .set("NAME", "main")
        .set("PROXY", "traefik")
        .file(ROUTES)
        .spawn();
    let (client, token) = (client(&gate), idp.token().sign());
    let field = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let told = [field(("x-request-id", "r-1"))];
    for path in ["/site/x?secret=1", "/trial", "/nowhere", "/open"] {
        let check = told
            .iter()
            .fold(Check::get(path).bearer(&token), |check, (name, value)| {
                check.header(name, value)
            });
        let by_grpc = client.verdict(check);
        let request = gate
            .get("/verify")
            .bearer(&token)
            .header("X-Request-Id", "r-1")
            .header("X-Forwarded-Method", "GET");
        let request = request
            .header("X-Forwarded-Host", "site.example")
            .header("X-Forwarded-Uri", path);
        assert_eq!(by_grpc, request.send().verdict());
    }
    let mut lines = gate.log_lines();
    for line in &mut lines {
        let line = line.as_object_mut().unwrap();
        assert!(line.remove("timestamp").is_some() && line.remove("duration_us").is_some());
    }
    for pair in lines.chunks(2) {
        // The second question about a token finds it in the cache.
        let (mut one, mut other) = (pair[0].clone(), pair[1].clone());
        one.as_object_mut().unwrap().remove("cache");
        other.as_object_mut().unwrap().remove("cache");
        assert_eq!(one, other);
    }
    assert_eq!(
        (lines.len(), &lines[0]["path"], &lines[0]["request_id"]),
        (8, &json!("/site/x"), &json!("r-1"))
    );
    let allowed =
        r#"doorward_decisions_total{issuer="main",reason="ok",route="site",verdict="allow"}"#;
    assert!((gate.metric(allowed) - 2.0).abs() < f64::EPSILON);
    let denied = r#"doorward_decisions_total{issuer="none",reason="route_denied",route="none",verdict="deny"}"#;
    assert!((gate.metric(denied) - 2.0).abs() < f64::EPSILON);
}
