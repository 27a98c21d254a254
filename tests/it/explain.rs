//! `POST /explain`: why a request is refused, or passes.

use serde_json::{Value, json};

use crate::support::{Request, TestGate, TestIssuer};

const ROUTES: &str = "
proxy: traefik
routes:
  - {name: health, match: {path: /healthz}, access: anonymous}
  - name: admin
    match: {path: '/admin/**', methods: [GET]}
    require: {scopes: [admin], claims: [{claim: role, equals: boss}]}
  - {name: trial, match: {path: /trial}, report_only: true}
";

fn explained(gate: &TestGate, description: &Value) -> Value {
    let answer = Request::new(gate.admin, "POST", "/explain").body(description.to_string()).send();
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// The verdict, the reason, and the last stage with what was expected and found.
fn last(gate: &TestGate, description: &Value) -> String {
    let told = explained(gate, description);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let stage = told["stages"].as_array().unwrap().last().unwrap().clone();
    let [verdict, reason] = ["verdict", "reason"].map(|name| text(&told[name]));
    let [name, expected, found] = ["stage", "expected", "found"].map(|name| text(&stage[name]));
    format!("{verdict} {reason} | {name} | {expected} | {found}")
}

fn get(uri: &str, token: &str) -> Value {
    json!({"method": "GET", "host": "a.example", "uri": uri, "token": token})
}

#[test]
fn each_stage_tells_what_was_expected_and_found() {
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).file(ROUTES).spawn();
    let admin = || idp.token().claim("scope", "admin").claim("role", "boss");
    let ask = |uri: &str, token: &str| last(&gate, &get(uri, token));
    let told = [
        ask("/nowhere?x=secret", ""),
        ask("/admin/../x", ""),
        ask("/healthz", "x"),
        last(&gate, &json!({"method": "GET", "host": "a.example", "uri": "/admin"})),
        ask("/admin", "x.y"),
        ask("/admin", &admin().claim("iss", "https://other.example").sign()),
        ask("/admin", &admin().header("kid", "nobody").sign()),
        ask("/admin", &admin().claim("aud", "other").sign()),
        ask("/admin", &idp.token().claim("scope", "read").sign()),
        ask("/admin", &admin().claim("role", "clerk").sign()),
        last(&gate, &json!({"policy": "nobody", "token": "x"})),
        ask("/trial", "x.y"),
    ];
    insta::assert_snapshot!(told.join("\n"), @r#"
    deny route_denied | route | health is for another path; admin is for another path; trial is for another path | method GET, host a.example, path /nowhere
    deny forwarded_headers_ambiguous | route | health needs the path (forwarded_headers_ambiguous) | method GET, host a.example, path /admin/../x
    allow ok | access | anything but denied | anonymous
    deny token_missing | token | bearer | no token that can be used
    deny token_malformed | form | a compact JWS (RFC 7515) | a first part that is no base64url of a text
    deny issuer_unknown | issuer | "https://idp.example" | "https://other.example"
    deny key_unknown | key | key "nobody" for ES256 | "key-ES256" (ES256, known for 0 s)
    deny audience_mismatch | audience | one of api | "other"
    deny scope_insufficient | requirement | all of admin | read
    deny policy_denied | requirement | role equals "boss" | "clerk"
    deny route_denied | route | the route "nobody", by its name | method absent, host absent, path absent
    would_deny token_malformed | form | a compact JWS (RFC 7515) | a first part that is no base64url of a text
    "#);
    let expired = ask("/admin", &admin().expires_in(-100).sign());
    assert!(expired.starts_with("deny token_expired | claims | now "), "{expired}");
    let allowed = explained(&gate, &get("/admin", &admin().sign()));
    assert_eq!(
        (&allowed["verdict"], &allowed["reason"], &allowed["hint"]),
        (&json!("allow"), &json!("ok"), &Value::Null)
    );
    let names: Vec<_> = allowed["stages"].as_array().unwrap().iter().map(|stage| stage["stage"].clone()).collect();
    assert_eq!(names.len(), 15, "{names:?}");
}

#[test]
fn a_condition_tells_what_it_came_to() {
    let idp = TestIssuer::new();
    let routes = r#"
proxy: traefik
routes:
  - {name: tenants, match: {path: '/tenants/**'}, require: {when: "claims.tenant == request.path.split('/')[2]"}}
  - {name: rest, require: {when: "claims.level > 1 && request.method == 'GET'"}}
  - {name: number, require: {when: claims.level}}
  - {name: long, require: {when: "claims.long + 1 == 2"}}
"#;
    let gate = TestGate::new().trusting(&idp).file(routes).spawn();
    let token = idp.token().claim("tenant", "acme").claim("level", 1).claim("long", "é".repeat(500)).sign();
    let no_tenant = idp.token().sign();
    let named = |policy: &str, method: &str| {
        let told = last(&gate, &json!({"policy": policy, "method": method, "token": token}));
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
    allow ok | claim headers | they fit | X-Auth-Subject: alice; X-Auth-Issuer: https://idp.example; X-Auth-Client-Id: ; X-Auth-Scopes: ; X-Auth-Email: 
    deny policy_denied | requirement | when claims.tenant == request.path.split('/')[2] | false
    deny policy_denied | requirement | when claims.tenant == request.path.split('/')[2] | Index out of bounds: Int(2)
    deny policy_denied | requirement | when claims.tenant == request.path.split('/')[2] | No such key: tenant
    deny policy_denied | requirement | when claims.level > 1 && request.method == 'GET' | false
    deny forwarded_headers_missing | requirement | when claims.level > 1 && request.method == 'GET' | a part of the request is not known (forwarded_headers_missing)
    deny policy_denied | requirement | when claims.level | a value of type int, neither true nor false
    deny policy_denied | requirement | when claims.long + 1 == 2 | Unsupported binary operator 'add': String("éééééééééééééé
    "#);
}

#[test]
fn a_token_is_put_where_the_route_looks_for_it() {
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).set("TOKEN_SOURCES", "cookie:session").spawn();
    let token = idp.token().sign();
    assert_eq!(explained(&gate, &json!({ "token": token }))["verdict"], "allow");
    let elsewhere = json!({"headers": {"Authorization": format!("Bearer {token}")}});
    assert_eq!(explained(&gate, &elsewhere)["reason"], "token_missing");
    let own = json!({"headers": {"Cookie": format!("session={token}")}});
    assert_eq!(explained(&gate, &own)["verdict"], "allow");
}

#[test]
fn explaining_leaves_no_traces() {
    let idp = TestIssuer::new().serve();
    let gate = TestGate::new().discovering(&idp).spawn();
    assert_eq!(gate.judge(&idp.token().sign()), "200");
    let count = || {
        let page = gate.admin("/metrics").send().body;
        let counted =
            page.lines().filter(|line| line.starts_with("doorward_decision") || line.starts_with("doorward_token"));
        counted.map(str::to_owned).collect::<Vec<_>>()
    };
    let (before, fetched, lines) = (count(), idp.fetches(), gate.log_lines().len());
    let unknown = idp.token().header("kid", "nobody").sign();
    for token in [idp.token().subject("other").sign(), unknown, "x".to_owned()] {
        let told = explained(&gate, &json!({ "token": token })).to_string();
        let signature = token.rsplit('.').next().unwrap();
        assert!(signature.len() < 5 || !told.contains(signature), "{told}");
    }
    assert_eq!((count(), idp.fetches(), gate.log_lines().len()), (before, fetched, lines));
}

#[test]
fn what_is_no_description_is_refused_without_being_echoed() {
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).spawn();
    for body in ["", "{", "[]", r#"{"tokn": "secret"}"#, r#"{"token": 1}"#, r#"{"token": "secret"} x"#] {
        let answer = Request::new(gate.admin, "POST", "/explain").body(body).send();
        assert_eq!(answer.status, 400, "{body}");
        assert!(!answer.body.contains("secret"), "{answer:?}");
    }
    let long = json!({"token": "x".repeat(70_000)}).to_string();
    assert_eq!(Request::new(gate.admin, "POST", "/explain").body(&long).send().status, 413);
    assert_eq!(gate.admin("/explain").send().status, 404);
}
