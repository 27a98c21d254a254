//! Routes: which were skipped and why, and what the one that decides asks for.

use std::fmt::Write;

use serde_json::json;

use super::{explained, get, last, told};
use crate::support::{TestGate, TestIssuer};

const ROUTES: &str = "
proxy: traefik
routes:
  - {name: health, match: {path: /healthz}, access: anonymous}
  - name: admin
    match: {host: '*.example', path: '/admin/**', methods: [GET, HEAD]}
    require: {scopes: [admin], claims: [{claim: role, equals: boss}]}
  - {name: images, match: {host: cdn.example, path: '/img-*.png'}}
  - {name: closed, match: {path: /closed}, access: denied}
  - {name: perhaps, match: {path: /perhaps}, access: optional}
  - {name: trial, match: {path: /trial}, report_only: true}
";

#[test]
fn skipped_routes_tell_their_pattern_and_what_they_saw() {
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).file(ROUTES).spawn();
    let ask = |method: &str, uri: &str| {
        told(
            &gate,
            &json!({"method": method, "host": "a.example", "uri": uri}),
        )
    };
    insta::assert_snapshot!(ask("POST", "/admin/x?secret=1"), @r#"
    passed  request | described by a trusted proxy | method POST, host a.example, path /admin/x (by a trusted proxy)
    skipped route | health: path /healthz | path /admin/x
    skipped route | admin: method GET or HEAD | method POST
    skipped route | images: host cdn.example | host a.example
    skipped route | closed: path /closed | path /admin/x
    skipped route | perhaps: path /perhaps | path /admin/x
    skipped route | trial: path /trial | path /admin/x
    failed  route | one for this request | none
    deny route_denied (add a route for this request, or see why the existing routes were skipped)
    "#);
    insta::assert_snapshot!(ask("GET", "/admin/../x"), @r#"
    passed  request | described by a trusted proxy | method GET, host a.example, path /admin/../x (by a trusted proxy)
    failed  route | health: path /healthz | path unknown: the description of the original request is ambiguous
    deny forwarded_headers_ambiguous (have the proxy normalise paths, and send each header once)
    "#);
    insta::assert_snapshot!(ask("GET", "/admin;a=b"), @r#"
    passed  request | described by a trusted proxy | method GET, host a.example, path /admin;a=b (by a trusted proxy)
    failed  route | health: path /healthz | path /admin and parameters (;)
    deny forwarded_headers_ambiguous (have the proxy normalise paths, and send each header once)
    "#);
    insta::assert_snapshot!(told(&gate, &json!({})), @r#"
    passed  request | described by a trusted proxy | method absent, host absent, path absent (by a trusted proxy)
    failed  route | health: path /healthz | path unknown: the proxy did not describe the original request
    deny forwarded_headers_missing (have the proxy send the headers of its dialect; see `proxy`)
    "#);
}

#[test]
fn routes_that_settle_it_without_a_token() {
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).file(ROUTES).spawn();
    let ask = |uri: &str| {
        told(
            &gate,
            &json!({"method": "GET", "host": "a.example", "uri": uri}),
        )
    };
    insta::assert_snapshot!(ask("/healthz"), @r#"
    passed  request | described by a trusted proxy | method GET, host a.example, path /healthz (by a trusted proxy)
    passed  route | health: path /healthz | host a.example, path /healthz, method GET
    passed  access | anything but denied | anonymous
    allow ok (no hint)
    "#);
    insta::assert_snapshot!(ask("/closed"), @r#"
    passed  request | described by a trusted proxy | method GET, host a.example, path /closed (by a trusted proxy)
    skipped route | health: path /healthz | path /closed
    skipped route | admin: path /admin/** | path /closed
    skipped route | images: host cdn.example | host a.example
    passed  route | closed: path /closed | host a.example, path /closed, method GET
    failed  access | anything but denied | denied
    deny route_denied (the route says `access: denied`; see why the earlier ones were skipped)
    "#);
    insta::assert_snapshot!(ask("/perhaps"), @r#"
    passed  request | described by a trusted proxy | method GET, host a.example, path /perhaps (by a trusted proxy)
    skipped route | health: path /healthz | path /perhaps
    skipped route | admin: path /admin/** | path /perhaps
    skipped route | images: host cdn.example | host a.example
    skipped route | closed: path /closed | path /perhaps
    passed  route | perhaps: path /perhaps | host a.example, path /perhaps, method GET
    passed  access | anything but denied | optional
    skipped token source | bearer | nothing
    passed  token | bearer, at most 16384 bytes | no token was presented
    allow ok (no hint)
    "#);
    insta::assert_snapshot!(ask("/trial"), @r#"
    passed  request | described by a trusted proxy | method GET, host a.example, path /trial (by a trusted proxy)
    skipped route | health: path /healthz | path /trial
    skipped route | admin: path /admin/** | path /trial
    skipped route | images: host cdn.example | host a.example
    skipped route | closed: path /closed | path /trial
    skipped route | perhaps: path /perhaps | path /trial
    passed  route | trial: path /trial | host a.example, path /trial, method GET
    passed  access | anything but denied | authenticated
    skipped token source | bearer | nothing
    failed  token | bearer, at most 16384 bytes | no token was presented
    would_deny token_missing (send the token where `token_sources` looks, and have the proxy pass that header on)
    "#);
}

#[test]
fn routes_by_name() {
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).file(ROUTES).spawn();
    insta::assert_snapshot!(told(&gate, &json!({"policy": "nobody", "token": "x"})), @r#"
    passed  request | described by a trusted proxy | method absent, host absent, path absent (by a trusted proxy)
    failed  policy | one of the name "nobody" | none
    deny route_denied (ask for the name of a route, as in `/policy/NAME/verify`)
    "#);
    insta::assert_snapshot!(told(&gate, &json!({"policy": "closed", "token": "x"})), @r#"
    passed  request | described by a trusted proxy | method absent, host absent, path absent (by a trusted proxy)
    passed  policy | one of the name "closed" | it
    failed  access | anything but denied | denied
    deny route_denied (the route says `access: denied`; see why the earlier ones were skipped)
    "#);
}

#[test]
fn requirements() {
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).file(ROUTES).spawn();
    let ask = |scope: &str, role: &str| {
        told(
            &gate,
            &get(
                "/admin",
                &idp.token().claim("scope", scope).claim("role", role).sign(),
            ),
        )
    };
    insta::assert_snapshot!(ask("read", "boss"), @r#"
    passed  request | described by a trusted proxy | method GET, host a.example, path /admin (by a trusted proxy)
    skipped route | health: path /healthz | path /admin
    passed  route | admin: host *.example, path /admin/**, method GET or HEAD | host a.example, path /admin, method GET
    passed  access | anything but denied | authenticated
    passed  token source | bearer | a token of 290 bytes
    passed  form | a compact JWS (RFC 7515) | parts: 3, header {"alg":"ES256","kid":"key-ES256"}
    passed  issuer | "https://idp.example" | "https://idp.example"
    passed  issuer of the route | any | idp.example
    passed  algorithm | RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, ES256K, EdDSA, ML-DSA-44, ML-DSA-65, ML-DSA-87 | ES256
    passed  key | key "key-ES256" for ES256 | "key-ES256" (ES256, known for 0 s)
    passed  signature | made by one of these keys | "key-ES256" made it
    passed  typ | none, JWT or at+jwt | absent
    passed  exp | after 1779999970 (now 1780000000, leeway 30 s) | 1780000300
    passed  nbf | absent, or at most 1780000030 (now 1780000000, leeway 30 s) | absent
    passed  iat | absent, or at most 1780000030 (now 1780000000, leeway 30 s) | 1780000000
    passed  sub | absent, or a text | "alice"
    passed  cnf | absent | absent
    passed  scope | scope, or else scp: absent, a text, or an array of texts | scope "read"
    passed  aud | one of api | "api"
    passed  scopes of the issuer | none | read
    failed  requirement | all of admin | read
    deny scope_insufficient (request the token with these scopes, and grant them to the client)
    "#);
    insta::assert_snapshot!(ask("admin", "clerk"), @r#"
    passed  request | described by a trusted proxy | method GET, host a.example, path /admin (by a trusted proxy)
    skipped route | health: path /healthz | path /admin
    passed  route | admin: host *.example, path /admin/**, method GET or HEAD | host a.example, path /admin, method GET
    passed  access | anything but denied | authenticated
    passed  token source | bearer | a token of 292 bytes
    passed  form | a compact JWS (RFC 7515) | parts: 3, header {"alg":"ES256","kid":"key-ES256"}
    passed  issuer | "https://idp.example" | "https://idp.example"
    passed  issuer of the route | any | idp.example
    passed  algorithm | RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, ES256K, EdDSA, ML-DSA-44, ML-DSA-65, ML-DSA-87 | ES256
    passed  key | key "key-ES256" for ES256 | "key-ES256" (ES256, known for 0 s)
    passed  signature | made by one of these keys | "key-ES256" made it
    passed  typ | none, JWT or at+jwt | absent
    passed  exp | after 1779999970 (now 1780000000, leeway 30 s) | 1780000300
    passed  nbf | absent, or at most 1780000030 (now 1780000000, leeway 30 s) | absent
    passed  iat | absent, or at most 1780000030 (now 1780000000, leeway 30 s) | 1780000000
    passed  sub | absent, or a text | "alice"
    passed  cnf | absent | absent
    passed  scope | scope, or else scp: absent, a text, or an array of texts | scope "admin"
    passed  aud | one of api | "api"
    passed  scopes of the issuer | none | admin
    passed  requirement | all of admin | admin
    failed  requirement | role equals "boss" | "clerk"
    deny policy_denied (the token lacks what `require` of the route asks for)
    "#);
    let allowed = explained(
        &gate,
        &get(
            "/admin",
            &idp.token()
                .claim("scope", "admin")
                .claim("role", "boss")
                .sign(),
        ),
    );
    assert_eq!(
        (&allowed["verdict"], &allowed["hint"]),
        (&json!("allow"), &json!(null))
    );
}

#[test]
fn issuers_and_audiences_of_a_route() {
    let [one, two] =
        ["https://one.example", "https://two.example"].map(|iss| TestIssuer::new().named(iss));
    let file = format!(
        "proxy: traefik
issuers:
  - {{name: one, issuer: https://one.example, jwks: '{}', audience: api}}
  - {{name: two, issuer: https://two.example, jwks: '{}', audience: api}}
routes:
  - {{name: second, match: {{path: /second}}, issuers: [two]}}
  - {{name: other, match: {{path: /other}}, audience: [other]}}
",
        one.jwks(),
        two.jwks()
    );
    let gate = TestGate::new().by_time_of(&one).file(file).spawn();
    insta::assert_snapshot!(told(&gate, &get("/second", &one.token().sign())), @r#"
    passed  request | described by a trusted proxy | method GET, host a.example, path /second (by a trusted proxy)
    passed  route | second: path /second | host a.example, path /second, method GET
    passed  access | anything but denied | authenticated
    passed  token source | bearer | a token of 251 bytes
    passed  form | a compact JWS (RFC 7515) | parts: 3, header {"alg":"ES256","kid":"key-ES256"}
    passed  issuer | "https://one.example", "https://two.example" | "https://one.example"
    failed  issuer of the route | two | one
    deny issuer_unknown (add the issuer to `issuers` of the route, or request a token of another issuer)
    "#);
    insta::assert_snapshot!(last(&gate, &get("/other", &two.token().sign())), @r#"deny audience_mismatch: failed  aud | one of other | "api""#);
}

#[test]
fn a_condition_tells_what_it_came_to() {
    let idp = TestIssuer::new();
    let routes = r#"
proxy: traefik
routes:
  - {name: tenants, match: {path: '/tenants/**'}, require: {when: "claims.tenant == request.path.split('/')[2]"}}
  - {name: rest, require: {when: "claims.level > 1 && request.method == 'GET'"}, match: {}}
  - {name: number, require: {when: claims.level}, match: {}}
  - {name: long, require: {when: "claims.long + 1 == 2"}, match: {}}
"#;
    let gate = TestGate::new().trusting(&idp).file(routes).spawn();
    let token = idp
        .token()
        .claim("tenant", "acme")
        .claim("level", 1)
        .claim("long", "é".repeat(500))
        .sign();
    let no_tenant = idp.token().sign();
    let named = |policy: &str, method: &str| {
        let told = last(
            &gate,
            &json!({"policy": policy, "method": method, "token": token}),
        );
        // Long values are cut.
        assert!(told.len() < 400, "{told}");
        told
    };
    let told = [
        last(&gate, &get("/tenants/acme", &token)),
        last(&gate, &get("/tenants/other", &token)),
        last(&gate, &get("/tenants", &token)),
        last(&gate, &get("/tenants/acme", &no_tenant)),
        named("rest", "GET"),
        last(&gate, &json!({"policy": "rest", "token": token})),
        named("number", "GET"),
        named("long", "GET").chars().take(120).collect(),
    ];
    insta::assert_snapshot!(told.join("\n"), @r#"
    allow ok: passed  claim headers | at most 3072 bytes | X-Auth-Subject: alice; X-Auth-Issuer: https://idp.example; X-Auth-Client-Id: ; X-Auth-Scopes: ; X-Auth-Email:
    deny policy_denied: failed  requirement | when claims.tenant == request.path.split('/')[2] | false
    deny policy_denied: failed  requirement | when claims.tenant == request.path.split('/')[2] | Index out of bounds: Int(2)
    deny policy_denied: failed  requirement | when claims.tenant == request.path.split('/')[2] | No such key: tenant
    deny policy_denied: failed  requirement | when claims.level > 1 && request.method == 'GET' | false
    deny forwarded_headers_missing: failed  requirement | when claims.level > 1 && request.method == 'GET' | a part of the request is not known (forwarded_headers_missing)
    deny policy_denied: failed  requirement | when claims.level | a value of type int, neither true nor false
    deny policy_denied: failed  requirement | when claims.long + 1 == 2 | Unsupported binary operator 'add': String("ééééééé
    "#);
}

#[test]
fn of_many_routes_twenty_are_told() {
    let idp = TestIssuer::new();
    let mut file = "proxy: traefik\nroutes:\n".to_owned();
    for number in 0..1000 {
        writeln!(file, "  - {{name: r{number}, match: {{path: /{number}}}}}").unwrap();
    }
    let gate = TestGate::new().trusting(&idp).file(file).spawn();
    let told = told(&gate, &get("/999", "x"));
    assert_eq!(told.matches("skipped route").count(), 21, "{told}");
    assert!(
        told.contains("skipped route | and 979 more | for other requests as well\n"),
        "{told}"
    );
    assert!(
        told.contains("passed  route | r999: path /999 | host a.example, path /999, method GET\n"),
        "{told}"
    );
}

#[test]
fn of_many_stages_the_last_is_always_told() {
    let idp = TestIssuer::new();
    let claims: Vec<_> = (0..200).map(|number| format!("c{number}")).collect();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("REQUIRED_CLAIMS", claims.join(","))
        .spawn();
    let token = claims
        .iter()
        .take(199)
        .fold(idp.token(), |token, name| token.claim(name, 1));
    let told = told(&gate, &json!({"token": token.sign()}));
    assert_eq!(told.lines().count(), 130, "{told}");
    assert!(
        told.contains("failed  required claim | c199, not empty | absent\n"),
        "{told}"
    );
}

#[test]
fn a_preflight_passes_where_it_may() {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .file(ROUTES)
        .set("ALLOW_PREFLIGHT", "true")
        .spawn();
    let headers = json!({"Origin": "https://x.example", "Access-Control-Request-Method": "GET"});
    let ask = |method: &str| json!({"method": method, "host": "a.example", "uri": "/nowhere", "headers": headers});
    insta::assert_snapshot!(told(&gate, &ask("OPTIONS")), @r#"
    passed  request | described by a trusted proxy | method OPTIONS, host a.example, path /nowhere (by a trusted proxy)
    passed  method | known, to tell a preflight | OPTIONS
    passed  preflight | passes without a token | a preflight
    passed  access | anything but denied | authenticated
    passed  method | known, to tell a preflight | OPTIONS
    passed  preflight | passes without a token | a preflight
    allow ok (no hint)
    "#);
    insta::assert_snapshot!(last(&gate, &json!({"host": "a.example", "uri": "/perhaps"})), @r#"deny forwarded_headers_missing: failed  method | known, to tell a preflight | absent"#);
}
