//! Routes on the wire: which one a request takes, and what holds there.

use std::time::Duration;

use crate::support::{Answer, Request, TestGate, TestIssuer};

/// A service behind Traefik with one issuer and these routes.
fn behind_traefik(idp: &TestIssuer, routes: &str) -> TestGate {
    TestGate::new()
        .trusting(idp)
        .set("PROXY", "traefik")
        .file(format!("routes:\n{routes}"))
        .spawn()
}

/// The question of a proxy about this request.
fn ask(gate: &TestGate, method: &str, host: &str, uri: &str) -> Request {
    let request = gate.get("/verify").header("X-Forwarded-Method", method);
    request
        .header("X-Forwarded-Host", host)
        .header("X-Forwarded-Uri", uri)
}

fn get(gate: &TestGate, uri: &str) -> Request {
    ask(gate, "GET", "app.example", uri)
}

const HOUSE: &str = "
  - {name: health, match: {path: /healthz}, access: anonymous}
  - {name: closed, match: {path: /internal/**}, access: denied}
  - {name: shop, match: {path: /shop/**}, access: optional}
  - name: admin
    match: {host: '*.example', path: '/admin/**', methods: [GET, POST]}
    require:
      scopes: [admin]
      claims:
        - {claim: realm_access.roles, contains: boss}
  - {name: api, match: {path: '/api/**'}}
";

#[test]
fn access_is_a_matter_of_the_route() {
    let idp = TestIssuer::new();
    let gate = behind_traefik(&idp, HOUSE);
    let good = idp.token().sign();
    let bad = idp.token().expires_in(-100).sign();
    for (uri, without, with_bad, with_good) in [
        ("/healthz", "200", "200", "200"),
        (
            "/internal/x",
            "403 route_denied",
            "403 route_denied",
            "403 route_denied",
        ),
        ("/shop/cart", "200", "401 token_expired", "200"),
        ("/api/x", "401 token_missing", "401 token_expired", "200"),
        (
            "/elsewhere",
            "403 route_denied",
            "403 route_denied",
            "403 route_denied",
        ),
    ] {
        assert_eq!(
            get(&gate, uri).send().verdict(),
            without,
            "{uri} without a token"
        );
        assert_eq!(
            get(&gate, uri).bearer(&bad).send().verdict(),
            with_bad,
            "{uri} with an expired token"
        );
        assert_eq!(
            get(&gate, uri).bearer(&good).send().verdict(),
            with_good,
            "{uri} with a good token"
        );
    }
    let alone = |uri: &str| {
        get(&gate, uri)
            .header("Authorization", &good)
            .send()
            .verdict()
    };
    assert_eq!(
        [alone("/healthz"), alone("/shop/cart")],
        ["200", "401 authorization_malformed"]
    );
}

#[test]
fn identity_is_told_only_where_a_token_was_judged() {
    let idp = TestIssuer::new();
    let gate = behind_traefik(&idp, HOUSE);
    let good = idp.token().sign();
    let subject = |answer: &Answer| answer.get("x-auth-subject").map(str::to_owned);
    assert_eq!(
        subject(&get(&gate, "/healthz").bearer(&good).send()).as_deref(),
        Some(""),
        "anonymous looks at no token"
    );
    assert_eq!(subject(&get(&gate, "/shop").send()).as_deref(), Some(""));
    assert_eq!(
        subject(&get(&gate, "/shop").bearer(&good).send()).as_deref(),
        Some("alice")
    );
    assert_eq!(
        subject(&get(&gate, "/admin").bearer(&good).send()),
        None,
        "a denial tells nothing"
    );
}

#[test]
fn a_route_asks_for_scopes_and_claims() {
    let idp = TestIssuer::new();
    let gate = behind_traefik(&idp, HOUSE);
    let roles = |roles: &[&str]| serde_json::json!({ "roles": roles });
    let admin = |scope: &str, held: &[&str]| {
        let token = idp
            .token()
            .claim("scope", scope)
            .claim("realm_access", roles(held))
            .sign();
        ask(&gate, "POST", "a.example", "/admin/users")
            .bearer(&token)
            .send()
    };
    assert_eq!(admin("admin read", &["boss"]).verdict(), "200");
    assert_eq!(admin("admin", &["clerk"]).verdict(), "403 policy_denied");
    let denied = admin("read", &["boss"]);
    assert_eq!(denied.verdict(), "403 scope_insufficient");
    assert!(
        denied
            .get("www-authenticate")
            .unwrap()
            .contains(r#"scope="admin""#),
        "{denied:?}"
    );
    // Other methods are another matter.
    let token = idp.token().claim("scope", "admin").sign();
    assert_eq!(
        ask(&gate, "HEAD", "a.example", "/admin")
            .bearer(&token)
            .send()
            .verdict(),
        "403 route_denied"
    );
}

#[test]
fn a_condition_decides_over_claims_request_and_time() {
    let idp = TestIssuer::new();
    let gate = behind_traefik(
        &idp,
        r#"
  - name: tenants
    match: {path: '/tenants/**'}
    require:
      scopes: [read]
      when: |
        claims.tenant == request.path.split('/')[2] &&
        (request.method == 'GET' || claims.level >= 2) &&
        claims.groups.exists(group, group.matches('^team-[a-z]+$'))
  - name: fresh
    match: {path: '/fresh'}
    require: {when: "now - timestamp(claims.auth_time) < duration('5m')"}
  - {name: rest, match: {}, require: {when: claims.level}}
"#,
    );
    let token = |tenant: &str, level: u8, groups: &[&str]| {
        let token = idp
            .token()
            .claim("scope", "read")
            .claim("tenant", tenant)
            .claim("level", level);
        token
            .claim("groups", groups)
            .claim("auth_time", idp.clock.secs() - 299)
            .sign()
    };
    let acme = token("acme", 1, &["all", "team-red"]);
    for (method, uri, token, expected) in [
        ("GET", "/tenants/acme/files", &acme, "200"),
        ("GET", "//tenants/%61cme?x=/tenants/other", &acme, "200"),
        ("GET", "/tenants/other/files", &acme, "403 policy_denied"),
        ("GET", "/tenants/", &acme, "403 policy_denied"),
        (
            "GET",
            "/tenants/acme;x/files",
            &acme,
            "403 forwarded_headers_ambiguous",
        ),
        (
            "GET",
            "/tenants/other/../acme",
            &acme,
            "403 forwarded_headers_ambiguous",
        ),
        ("PUT", "/tenants/acme", &acme, "403 policy_denied"),
        (
            "PUT",
            "/tenants/acme",
            &token("acme", 2, &["team-red"]),
            "200",
        ),
        (
            "GET",
            "/tenants/acme",
            &token("acme", 1, &["team-7"]),
            "403 policy_denied",
        ),
        (
            "GET",
            "/tenants/acme",
            &idp.token().claim("scope", "read").sign(),
            "403 policy_denied",
        ),
        ("GET", "/fresh", &acme, "200"),
        ("GET", "/else", &acme, "403 policy_denied"),
    ] {
        // Once verified, and once from the cache.
        for _ in 0..2 {
            assert_eq!(
                ask(&gate, method, "a.example", uri)
                    .bearer(token)
                    .send()
                    .verdict(),
                expected,
                "{method} {uri}"
            );
        }
    }
    idp.clock.advance(Duration::from_secs(1));
    assert_eq!(
        get(&gate, "/fresh").bearer(&acme).send().verdict(),
        "403 policy_denied"
    );
}

#[test]
fn a_condition_on_the_request_needs_its_description() {
    let idp = TestIssuer::new();
    let gate = behind_traefik(
        &idp,
        r#"
  - {name: hosts, require: {when: "request.host == 'app.example'"}, match: {}}
  - {name: free, require: {when: "claims.sub == 'alice'"}, match: {}}
"#,
    );
    let token = idp.token().sign();
    assert_eq!(get(&gate, "/").bearer(&token).send().verdict(), "200");
    let undescribed = gate.get("/verify").bearer(&token).send();
    assert_eq!(undescribed.verdict(), "403 forwarded_headers_missing");
    let twice = get(&gate, "/")
        .header("X-Forwarded-Host", "app.example")
        .bearer(&token)
        .send();
    assert_eq!(twice.verdict(), "403 forwarded_headers_ambiguous");
    // A route by its name gets the same request.
    for (path, expected) in [
        ("/policy/hosts/verify", "403 forwarded_headers_missing"),
        ("/policy/free/verify", "200"),
    ] {
        assert_eq!(
            gate.get(path).bearer(&token).send().verdict(),
            expected,
            "{path}"
        );
    }
}

#[test]
fn a_condition_of_an_untrusted_peer_is_not_judged() {
    let idp = TestIssuer::new();
    let routes = "routes:\n  - {name: hosts, require: {when: \"request.host == 'app.example'\"}, match: {}}\n";
    let gate = TestGate::new()
        .trusting(&idp)
        .set("PROXY", "traefik")
        .set("TRUSTED_PROXIES", "192.0.2.1");
    let gate = gate.file(routes).spawn();
    let answer = get(&gate, "/").bearer(&idp.token().sign()).send();
    assert_eq!(answer.verdict(), "403 forwarded_headers_untrusted");
}

#[test]
fn a_route_has_issuers_audiences_sources_and_denials_of_its_own() {
    let (main, legacy) = (
        TestIssuer::new(),
        TestIssuer::new().named("https://legacy.example"),
    );
    legacy.rotate("key-ES256");
    let file = format!(
        "
proxy: traefik
issuers:
  - {{name: main, issuer: '{}', jwks: {}, audience: [api]}}
  - {{name: legacy, issuer: '{}', jwks: {}, audience: [api]}}
routes:
  - name: billing
    match: {{path: '/billing/**'}}
    issuers: [main]
    audience: [billing]
    token_sources: ['header:X-Billing']
    denials:
      '*': {{status: 418, body: no}}
  - name: rest
    match: {{}}
denials:
  '*': {{status: 400}}
",
        main.url(),
        main.jwks(),
        legacy.url(),
        legacy.jwks()
    );
    let gate = TestGate::new().by_time_of(&main).file(file).spawn();
    let billing = |token: &str| get(&gate, "/billing/x").header("X-Billing", token).send();
    let for_billing = main.token().claim("aud", "billing").sign();
    assert_eq!(billing(&for_billing).status, 200);
    assert_eq!(
        billing(&main.token().sign()).verdict(),
        "418 audience_mismatch",
        "the audience replaces the general one"
    );
    assert_eq!(
        billing(&legacy.token().claim("aud", "billing").sign()).verdict(),
        "418 issuer_unknown"
    );
    assert_eq!(
        get(&gate, "/billing/x")
            .bearer(&for_billing)
            .send()
            .verdict(),
        "418 token_missing"
    );
    assert_eq!(billing("x").body, r#""no""#);
    // The same token is cached by now, and no good elsewhere; and the other way round.
    assert_eq!(
        get(&gate, "/x").bearer(&for_billing).send().verdict(),
        "400 audience_mismatch"
    );
    let usual = legacy.token().sign();
    assert_eq!(get(&gate, "/x").bearer(&usual).send().verdict(), "200");
    assert_eq!(billing(&usual).verdict(), "418 issuer_unknown");
    assert_eq!(
        get(&gate, "/x").bearer("x").send().verdict(),
        "400 token_malformed"
    );
}

/// However the route is found, and in every dialect.
#[test]
fn a_route_has_resource_metadata_of_its_own() {
    let idp = TestIssuer::new();
    let metadata = "resource_metadata: 'https://api.example/files.json'";
    let gate = behind_traefik(
        &idp,
        &format!(
            "
  - {{name: files, match: {{path: /files}}, {metadata}, require: {{claims: [{{claim: role, equals: x}}]}}}}
  - {{name: mail, match: {{path: /mail}}}}
"
        ),
    );
    let challenge = |answer: &Answer| answer.get("www-authenticate").map(str::to_owned);
    let of_files = r#"Bearer realm="doorward", resource_metadata="https://api.example/files.json""#;
    let of_mail = r#"Bearer realm="doorward""#;
    assert_eq!(
        challenge(&get(&gate, "/files").send()).as_deref(),
        Some(of_files)
    );
    assert_eq!(
        challenge(&get(&gate, "/mail").send()).as_deref(),
        Some(of_mail)
    );
    let to_nginx = gate.get("/policy/files/verify/nginx").send();
    assert_eq!(challenge(&to_nginx).as_deref(), Some(of_files));
    // It has no denials of its own, and the place where they are described no challenge: nginx adds
    // it.
    assert_eq!(to_nginx.get("x-auth-denial"), Some("/denial/token_missing"));
    let described = gate.get("/policy/files/denial/token_missing").send();
    assert_eq!(
        (described.verdict().as_str(), challenge(&described)),
        ("401", None)
    );
    let good = idp.token().sign();
    let without_role = get(&gate, "/files").bearer(&good).send();
    assert_eq!(
        (without_role.verdict().as_str(), challenge(&without_role)),
        ("403 policy_denied", None)
    );

    let explained = |uri: &str| {
        let description =
            serde_json::json!({"method": "GET", "host": "app.example", "uri": uri, "token": "x"});
        gate.explain(description.to_string()).send().json()["challenge"].clone()
    };
    let malformed = r#", error="invalid_token", error_description="the token is malformed""#;
    let metadata = r#", resource_metadata="https://api.example/files.json""#;
    assert_eq!(
        explained("/files"),
        format!("{of_mail}{malformed}{metadata}")
    );
    assert_eq!(explained("/mail"), format!("{of_mail}{malformed}"));
    assert_eq!(explained("/elsewhere"), serde_json::Value::Null, "403");
}

#[test]
fn claims_follow_rules() {
    let idp = TestIssuer::new();
    let gate = behind_traefik(
        &idp,
        "
  - name: rules
    match: {}
    require:
      any_scope: [read, write]
      claims:
        - {claim: level, equals: 3}
        - {claim: plan, one_of: [gold, silver]}
        - {claim: groups, contains: staff}
        - {claim: email, matches: '[^@]+@example\\.com'}
        - {claim: tenant, exists: true}
",
    );
    let token = || {
        let token = idp
            .token()
            .claim("scope", "write")
            .claim("level", 3)
            .claim("plan", "gold");
        let token = token
            .claim("groups", vec!["staff", "x"])
            .claim("email", "a@example.com");
        token.claim("tenant", "t")
    };
    let verdict = |token: crate::support::TokenBuilder| {
        get(&gate, "/").bearer(&token.sign()).send().verdict()
    };
    assert_eq!(verdict(token()), "200");
    assert_eq!(
        verdict(token().claim("scope", "list")),
        "403 scope_insufficient"
    );
    for changed in [
        token().claim("level", "3"),
        token().claim("plan", "bronze"),
        token().claim("groups", "staffer"),
        token().claim("email", "a@example.com.evil"),
        token().claim("email", "a@exampleXcom"),
        token().without("tenant"),
    ] {
        assert_eq!(verdict(changed), "403 policy_denied");
    }
}

/// A loop over the roles of a token looked through 100 KiB of a path in each round.
#[test]
fn a_condition_reads_no_more_than_8_kib_of_a_path() {
    let idp = TestIssuer::new();
    let routes = "  - {name: by-role, match: {}, require: {when: 'claims.roles.exists(r, request.path.indexOf(r) >= 0)'}}\n";
    let gate = behind_traefik(&idp, routes);
    let token = idp
        .token()
        .claim(
            "roles",
            vec!["no"; 100]
                .into_iter()
                .chain(["yes"])
                .collect::<Vec<_>>(),
        )
        .sign();
    for (bytes, verdict) in [
        (8192, "200"),
        (8193, "403 policy_denied"),
        (100_000, "403 policy_denied"),
    ] {
        let path = format!("/{}yes", "x".repeat(bytes - 4));
        assert_eq!(
            get(&gate, &path).bearer(&token).send().verdict(),
            verdict,
            "{bytes}"
        );
    }
}

#[test]
fn a_path_that_looks_like_a_regular_expression_is_warned_of_at_the_start() {
    let idp = TestIssuer::new();
    let file = "proxy: traefik\nroutes:\n  - {name: admin, match: {path: '/admin/.*'}}\n";
    let gate = TestGate::new().trusting(&idp).file(file).spawn();
    let warning = "WARN routes[0] admin: the path \"/admin/.*\" is no regular expression";
    assert!(
        gate.events().iter().any(|event| event.starts_with(warning)),
        "{:?}",
        gate.events()
    );
}

#[test]
fn a_route_can_be_asked_for_by_name() {
    let idp = TestIssuer::new();
    let file = "routes:\n  - {name: api, require: {scopes: [read]}, match: {}}\n  - {name: open, access: anonymous, match: {}}\n";
    let gate = TestGate::new().trusting(&idp).file(file).spawn();
    let verdict = |target: &str| {
        gate.get(target)
            .bearer(&idp.token().sign())
            .send()
            .verdict()
    };
    assert_eq!(
        verdict("/verify"),
        "403 scope_insufficient",
        "the first one matches everything"
    );
    let warning = "routes[1] open is never reached by matching: routes[0] api (authenticated) takes every request first";
    assert!(
        gate.events().iter().any(|event| event.contains(warning)),
        "{:?}",
        gate.events()
    );
    assert_eq!(verdict("/policy/open/verify"), "200");
    assert_eq!(verdict("/policy/api/verify"), "403 scope_insufficient");
    assert_eq!(
        verdict("/policy/api/verify/traefik"),
        "403 scope_insufficient"
    );
    assert_eq!(verdict("/policy/nobody/verify"), "403 route_denied");
    assert_eq!(verdict("/policy/Open/verify"), "403 route_denied");
    for target in [
        "/policy/open",
        "/policy/open/",
        "/policy//verify/",
        "/policy/open/verify/",
        "/policy/open/verify/x",
    ] {
        assert_eq!(verdict(target), "404", "{target}");
    }
    let without_routes = TestGate::new().trusting(&idp).spawn();
    let answer = without_routes
        .get("/policy/any/verify")
        .bearer(&idp.token().sign())
        .send();
    assert_eq!(answer.verdict(), "403 route_denied");
}

#[test]
fn what_is_only_reported_passes_without_identity() {
    let idp = TestIssuer::new();
    let gate = behind_traefik(
        &idp,
        "  - {name: trial, match: {path: /**}, report_only: true, require: {scopes: [x]}}\n",
    );
    for (token, reason, issuer) in [
        (idp.token().sign(), "scope_insufficient", "idp.example"),
        (
            idp.token().expires_in(-100).sign(),
            "token_expired",
            "idp.example",
        ),
        ("x".to_owned(), "token_malformed", "none"),
    ] {
        let answer = get(&gate, "/a").bearer(&token).send();
        assert_eq!(
            (answer.verdict().as_str(), answer.get("x-auth-subject")),
            ("200", Some("")),
            "{reason}"
        );
        let series = format!(
            r#"doorward_decisions_total{{issuer="{issuer}",reason="{reason}",route="trial",verdict="allow"}}"#
        );
        assert!(gate.metric(&series) > 0.5, "{series}");
        let line = gate.log_lines().pop().unwrap();
        assert_eq!(
            (line["verdict"].as_str(), line["reason"].as_str()),
            (Some("would_deny"), Some(reason))
        );
    }
    let answer = get(&gate, "/a")
        .bearer(&idp.token().claim("scope", "x").sign())
        .send();
    assert_eq!(
        (answer.verdict().as_str(), answer.get("x-auth-subject")),
        ("200", Some("alice"))
    );
    // What the proxy says is not up for trial.
    assert_eq!(
        get(&gate, "/a/../b").send().verdict(),
        "403 forwarded_headers_ambiguous"
    );
}

#[test]
fn routes_are_counted_and_logged_by_name() {
    let idp = TestIssuer::new();
    let gate = behind_traefik(&idp, HOUSE);
    get(&gate, "/api/x").bearer(&idp.token().sign()).send();
    get(&gate, "/nowhere").send();
    let ok =
        r#"doorward_decisions_total{issuer="idp.example",reason="ok",route="api",verdict="allow"}"#;
    let none = r#"doorward_decisions_total{issuer="none",reason="route_denied",route="none",verdict="deny"}"#;
    assert!((gate.metric(ok) - 1.0).abs() < 0.1 && (gate.metric(none) - 1.0).abs() < 0.1);
    let routes: Vec<_> = gate
        .log_lines()
        .into_iter()
        .map(|line| line["route"].clone())
        .collect();
    assert_eq!(routes, [serde_json::json!("api"), serde_json::Value::Null]);
}

#[test]
fn the_original_request_is_believed_from_proxies_only() {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("PROXY", "traefik")
        .set("TRUSTED_PROXIES", "10.0.0.0/8");
    let gate = gate
        .file("routes:\n  - {name: open, match: {path: /open}, access: anonymous}\n")
        .spawn();
    assert_eq!(
        get(&gate, "/open").send().verdict(),
        "403 forwarded_headers_untrusted"
    );
    assert_eq!(
        gate.get("/policy/open/verify").send().verdict(),
        "403 forwarded_headers_untrusted"
    );
}

#[test]
fn nothing_is_assumed_about_a_request_that_is_not_described() {
    let idp = TestIssuer::new();
    let gate = behind_traefik(&idp, HOUSE);
    let token = idp.token().sign();
    for (target, headers, expected) in [
        ("/verify", &[][..], "403 forwarded_headers_missing"),
        (
            "/verify",
            &[("X-Original-URL", "http://a.example/healthz")][..],
            "403 forwarded_headers_missing",
        ),
        (
            "/verify?uri=/healthz",
            &[("X_Forwarded_Uri", "/healthz")],
            "403 forwarded_headers_missing",
        ),
        (
            "/verify",
            &[
                ("X-Forwarded-Uri", "/healthz"),
                ("X-Forwarded-Uri", "/healthz"),
            ],
            "403 forwarded_headers_ambiguous",
        ),
        ("/verify", &[("X-Forwarded-Uri", "/healthz")], "200"),
        (
            "/verify/nginx",
            &[("X-Original-URL", "http://a.example/healthz")],
            "200",
        ),
        (
            "/verify/nginx",
            &[("X-Forwarded-Uri", "/healthz")],
            "403 forwarded_headers_missing",
        ),
        (
            "/verify/nginx",
            &[("X-Original-URL", "/healthz")],
            "403 forwarded_headers_missing",
        ),
    ] {
        let request = headers
            .iter()
            .fold(gate.get(target), |request, (name, value)| {
                request.header(name, *value)
            });
        assert_eq!(
            request.bearer(&token).send().verdict(),
            expected,
            "{target} {headers:?}"
        );
    }
}

#[test]
fn preflights_pass_where_they_may() {
    let idp = TestIssuer::new();
    let routes = "
  - {name: api, match: {path: '/api/**', methods: [GET, OPTIONS]}, allow_preflight: true}
  - {name: rest, match: {path: /**}}
";
    let gate = behind_traefik(&idp, routes);
    let preflight = |gate: &TestGate, uri: &str| {
        let request =
            ask(gate, "OPTIONS", "app.example", uri).header("Origin", "https://a.example");
        request
            .header("Access-Control-Request-Method", "GET")
            .send()
            .verdict()
    };
    assert_eq!(preflight(&gate, "/api/x"), "200");
    assert_eq!(preflight(&gate, "/x"), "401 token_missing");
    let general = TestGate::new()
        .trusting(&idp)
        .set("PROXY", "traefik")
        .set("ALLOW_PREFLIGHT", "true")
        .file(
            "
routes:
  - {name: closed, match: {path: /closed}, access: denied}
  - {name: strict, match: {path: /strict}, allow_preflight: false}
  - {name: api, match: {path: '/api/**', methods: [GET]}}
",
        );
    let general = general.spawn();
    assert_eq!(
        preflight(&general, "/api/x"),
        "200",
        "no route is for its method"
    );
    assert_eq!(preflight(&general, "/closed"), "403 route_denied");
    assert_eq!(preflight(&general, "/strict"), "401 token_missing");
    assert_eq!(
        preflight(&general, "/a/../b"),
        "403 forwarded_headers_ambiguous"
    );
}

#[test]
fn numbers_of_the_file_lose_no_digit() {
    let idp = TestIssuer::new();
    let route = |rule: &str| {
        format!("routes: [{{name: a, match: {{}}, require: {{claims: [{{claim: n, {rule}}}]}}}}]\n")
    };
    for (rule, taken, refused) in [
        (
            "equals: 18446744073709551616",
            "18446744073709551616",
            "18446744073709552000",
        ),
        ("equals: 0.10000000000000001", "0.10000000000000001", "0.1"),
        (
            "one_of: [1, 9007199254740993.0]",
            "9007199254740993",
            "9007199254740992",
        ),
        (
            "contains: 123456789012345678901234567890",
            "[123456789012345678901234567890]",
            "[123456789012345680000000000000]",
        ),
        ("equals: 0x10", "16", "0"),
    ] {
        let gate = TestGate::new().trusting(&idp).file(route(rule)).spawn();
        let verdict = |number: &str| {
            let claims = idp
                .token()
                .claims_text()
                .replacen('{', &format!("{{\"n\":{number},"), 1);
            gate.verdict(&idp.token().sign_payload(claims))
        };
        assert_eq!(
            (verdict(taken).as_str(), verdict(refused).as_str()),
            ("200", "403 policy_denied"),
            "{rule}"
        );
    }
    let told = TestGate::new()
        .trusting(&idp)
        .file(route("equals: .1"))
        .configuration()
        .unwrap_err();
    assert!(
        told.contains(
            "equals: a number that JSON writes otherwise (write it as JSON does, or quote a text)"
        ),
        "{told}"
    );
}
