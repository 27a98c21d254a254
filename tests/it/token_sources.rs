//! Where a token may stand besides header fields: in the query of the original URI, and among
//! WebSocket protocols.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::json;

use crate::support::{Answer, Request, TestGate, TestIssuer};

fn behind_traefik(idp: &TestIssuer, sources: &str) -> TestGate {
    TestGate::new()
        .trusting(idp)
        .set("PROXY", "traefik")
        .set("TOKEN_SOURCES", sources)
        .spawn()
}

/// The question of a proxy about this URI.
fn get(gate: &TestGate, uri: &str) -> Request {
    let request = gate
        .get("/verify")
        .header("X-Forwarded-Method", "GET")
        .header("X-Forwarded-Host", "app.example");
    request.header("X-Forwarded-Uri", uri)
}

fn offer(gate: &TestGate, list: &str) -> Request {
    gate.get("/verify").header("Sec-WebSocket-Protocol", list)
}

fn kubernetes(token: &str) -> String {
    format!(
        "base64url.bearer.authorization.k8s.io.{}",
        BASE64_URL_SAFE_NO_PAD.encode(token)
    )
}

#[test]
fn a_token_in_a_cookie() {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("TOKEN_SOURCES", "cookie:tok")
        .spawn();
    let (good, bad) = (idp.token().sign(), idp.token().subject("mallory").sign());
    for (cookies, expected) in [
        (format!("tok={good}"), "200"),
        (format!("a=1; tok={good} ;b=\"x; y\""), "200"),
        (
            format!("prefs={{\"a\":\"b\"}}; tok={good}; tok={good}"),
            "200",
        ),
        ("a=b".to_owned(), "401 token_missing"),
        (format!("tok={good}; tok={bad}"), "401 token_ambiguous"),
        // Python's SimpleCookie reads the second one in each of these.
        (format!("tok={good}; tok ={bad}"), "401 token_ambiguous"),
        (format!("tok={good}; tok\t={bad}"), "401 token_ambiguous"),
        (format!("tok={good}; a=1 tok={bad}"), "401 token_ambiguous"),
        // It is a part of another cookie's value.
        (format!("a=\"x; tok={good}; y\""), "401 token_ambiguous"),
        (format!("a=\"x\\\"; tok={good}; y\""), "401 token_ambiguous"),
        (format!("a=1,tok={bad}; tok={good}"), "401 token_ambiguous"),
        (format!("TOK={bad}; tok={good}"), "401 token_ambiguous"),
        (format!("tok[]={bad}; tok={good}"), "401 token_ambiguous"),
        (format!("tok; tok={good}"), "401 token_ambiguous"),
        (format!("tok=\"{good}\""), "401 token_malformed"),
    ] {
        assert_eq!(
            gate.get("/verify")
                .header("Cookie", &cookies)
                .send()
                .verdict(),
            expected,
            "{cookies}"
        );
    }
}

#[test]
fn a_token_in_the_query() {
    let idp = TestIssuer::new();
    let gate = behind_traefik(&idp, "query:access_token");
    let token = idp.token().sign();
    let expired = idp.token().expires_in(-100).sign();
    for (uri, expected) in [
        (format!("/?access_token={token}"), "200"),
        (format!("/a?b=c&access_token={token}&d"), "200"),
        (
            format!("/?access_token={token}&access_token={token}"),
            "200",
        ),
        (format!("/?access_token={expired}"), "401 token_expired"),
        ("/?access_token=".to_owned(), "401 token_missing"),
        ("/?b=c".to_owned(), "401 token_missing"),
        (
            format!("/?access_token={token}&access_token={expired}"),
            "401 token_ambiguous",
        ),
        (
            format!("/?access_token={token}&ACCESS_TOKEN=x"),
            "401 token_ambiguous",
        ),
        (format!("/?access%5Ftoken={token}"), "401 token_ambiguous"),
        (format!("/?access_token[]={token}"), "401 token_ambiguous"),
        (
            format!("/?access_token={}", token.replace('.', "%2E")),
            "401 token_malformed",
        ),
        ("/?access_token=a.b.c".to_owned(), "401 token_malformed"),
        (
            format!("/?access_token={}", "a".repeat(16_385)),
            "401 token_too_large",
        ),
        (
            format!("/#?access_token={token}"),
            "403 forwarded_headers_ambiguous",
        ),
    ] {
        assert_eq!(get(&gate, &uri).send().verdict(), expected, "{uri}");
    }
    assert_eq!(
        get(&gate, "/").bearer(&token).send().verdict(),
        "401 token_missing",
        "it is no source"
    );
}

#[test]
fn the_query_is_the_original_one() {
    let idp = TestIssuer::new();
    let token = idp.token().sign();
    let gate = behind_traefik(&idp, "query:access_token");
    let own = format!("/verify?access_token={token}");
    assert_eq!(
        gate.get(&own).send().verdict(),
        "403 forwarded_headers_missing"
    );
    assert_eq!(
        gate.get(&own)
            .header("X-Forwarded-Uri", "/")
            .send()
            .verdict(),
        "401 token_missing"
    );
    let twice = get(&gate, &format!("/?access_token={token}")).header("X-Forwarded-Uri", "/");
    assert_eq!(twice.send().verdict(), "403 forwarded_headers_ambiguous");
    let url = format!("https://app.example/a?access_token={token}");
    let of_nginx = || gate.get("/verify/nginx").header("X-Original-Method", "GET");
    assert_eq!(
        of_nginx().header("X-Original-URL", &url).send().verdict(),
        "200"
    );
    assert_eq!(
        of_nginx().header("X-Forwarded-Uri", &url).send().verdict(),
        "403 forwarded_headers_missing"
    );
    let stranger = TestGate::new()
        .trusting(&idp)
        .set("PROXY", "traefik")
        .set("TOKEN_SOURCES", "query:access_token");
    let stranger = stranger.set("TRUSTED_PROXIES", "192.0.2.1").spawn();
    let untrusted = get(&stranger, &format!("/?access_token={token}")).send();
    assert_eq!(untrusted.verdict(), "403 forwarded_headers_untrusted");
}

#[test]
fn a_token_among_websocket_protocols() {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("TOKEN_SOURCES", "websocket")
        .spawn();
    let token = idp.token().sign();
    let other = idp.token().subject("bob").sign();
    for (list, expected, left) in [
        (format!("bearer, {token}"), "200", Some("")),
        (
            format!("chat,Bearer,{token} , v2.chat"),
            "200",
            Some("chat, v2.chat"),
        ),
        (format!("{}, chat", kubernetes(&token)), "200", Some("chat")),
        (format!("bearer, {token}, bearer, {token}"), "200", Some("")),
        ("chat".to_owned(), "401 token_missing", None),
        (String::new(), "401 token_missing", None),
        ("bearer".to_owned(), "401 token_malformed", None),
        (format!("bearer {token}"), "401 token_malformed", None),
        (
            format!("bearer, {token}, bearer, {other}"),
            "401 token_ambiguous",
            None,
        ),
        (
            format!("bearer, {token}, {}", kubernetes(&token)),
            "401 token_ambiguous",
            None,
        ),
        (
            format!("{}=", kubernetes(&token)),
            "401 token_malformed",
            None,
        ),
        (kubernetes(&"a".repeat(20_000)), "401 token_too_large", None),
    ] {
        let answer = offer(&gate, &list)
            .header("X-Auth-WebSocket-Protocol", "mine")
            .send();
        assert_eq!(
            (answer.verdict().as_str(), protocols(&answer)),
            (expected, left),
            "{list}"
        );
    }
    for (lines, expected, left) in [
        (
            [format!("bearer, {token}"), "chat".to_owned()],
            "200",
            Some("chat"),
        ),
        (
            ["chat, bearer".to_owned(), format!("{token}, v2.chat")],
            "200",
            Some("chat, v2.chat"),
        ),
        ([String::new(), format!("bearer, {token}")], "200", Some("")),
        (
            [format!("bearer, {token}"), format!("bearer, {other}")],
            "401 token_ambiguous",
            None,
        ),
        (
            ["chat".to_owned(), "bearer".to_owned()],
            "401 token_malformed",
            None,
        ),
    ] {
        let answer = offer(&gate, &lines[0])
            .header("Sec-WebSocket-Protocol", &lines[1])
            .send();
        assert_eq!(
            (answer.verdict().as_str(), protocols(&answer)),
            (expected, left),
            "{lines:?}"
        );
    }
    assert_eq!(gate.verdict(&token), "401 token_missing", "it is no source");
}

fn protocols(answer: &Answer) -> Option<&str> {
    answer.get("x-auth-websocket-protocol")
}

#[test]
fn the_other_protocols_come_with_every_answer_that_lets_pass() {
    let idp = TestIssuer::new();
    let file = "
proxy: traefik
token_sources: [bearer, websocket]
allow_preflight: true
routes:
  - {name: open, match: {path: /open}, access: anonymous}
  - {name: shop, match: {path: /shop}, access: optional}
  - {name: trial, match: {path: /trial}, report_only: true}
  - {name: elsewhere, match: {path: /elsewhere}, token_sources: [bearer]}
  - {name: rest, match: {}}
";
    let gate = TestGate::new().trusting(&idp).file(file).spawn();
    let token = idp.token().sign();
    let with = |uri: &str, list: &str| get(&gate, uri).header("Sec-WebSocket-Protocol", list);
    let carrying = format!("bearer, {token}, chat");
    for (request, what, left) in [
        (with("/", &carrying), "a token", Some("chat")),
        (
            with("/", "chat").bearer(&token),
            "a token in another source",
            Some("chat"),
        ),
        (get(&gate, "/").bearer(&token), "no offer", Some("")),
        (with("/shop", "chat"), "no token", Some("chat")),
        (
            with("/open", &carrying),
            "a token that is not looked at",
            Some("chat"),
        ),
        (
            with("/open", "bearer"),
            "no list that can be read",
            Some(""),
        ),
        (
            with("/trial", "bearer, x, chat"),
            "a denial that is only reported",
            Some("chat"),
        ),
        (
            with("/elsewhere", &carrying).bearer(&token),
            "another source",
            None,
        ),
    ] {
        let answer = request.send();
        assert_eq!((answer.status, protocols(&answer)), (200, left), "{what}");
    }
    let preflight = gate
        .get("/verify")
        .header("X-Forwarded-Method", "OPTIONS")
        .header("X-Forwarded-Uri", "/");
    let preflight = preflight
        .header("X-Forwarded-Host", "a")
        .header("Origin", "https://a.example");
    let answer = preflight
        .header("Access-Control-Request-Method", "PUT")
        .send();
    assert_eq!((answer.status, protocols(&answer)), (200, Some("")));
    let denied = with("/", "chat").send();
    assert_eq!(
        (denied.verdict().as_str(), protocols(&denied)),
        ("401 token_missing", None)
    );
}

#[test]
fn several_sources_are_looked_at_and_must_agree() {
    let idp = TestIssuer::new();
    let gate = behind_traefik(&idp, "bearer, query:access_token, websocket");
    let (alice, bob) = (idp.token().sign(), idp.token().subject("bob").sign());
    let uri = |token: &str| format!("/?access_token={token}");
    let protocol = |token: &str| format!("bearer, {token}");
    let ask = |uri: &str, list: &str| get(&gate, uri).header("Sec-WebSocket-Protocol", list);
    for (request, expected) in [
        (ask(&uri(&alice), ""), "200"),
        (ask("/", &protocol(&alice)), "200"),
        (ask(&uri(&alice), &kubernetes(&alice)).bearer(&alice), "200"),
        (ask(&uri(&alice), &protocol(&bob)), "401 token_ambiguous"),
        (ask(&uri(&alice), "").bearer(&bob), "401 token_ambiguous"),
        (
            ask("/", &kubernetes(&alice)).bearer(&bob),
            "401 token_ambiguous",
        ),
        (
            ask("/", "").header("Authorization", "Basic YTpi"),
            "401 scheme_unsupported",
        ),
    ] {
        assert_eq!(request.send().verdict(), expected);
    }
}

/// URIs are written to many places; a token must not get there with them.
#[test]
fn no_token_is_written_down() {
    let idp = TestIssuer::new();
    let file = "
proxy: traefik
token_sources: ['query:access_token', websocket]
access_log: all
routes:
  - {name: all, match: {path: '/**'}}
";
    let gate = TestGate::new().trusting(&idp).file(file).spawn();
    let good = idp.token().sign();
    let bad = "canary.canary.canary".to_owned();
    for token in [&good, &bad] {
        get(&gate, &format!("/a?access_token={token}")).send();
        get(&gate, "/a")
            .header("Sec-WebSocket-Protocol", format!("bearer, {token}"))
            .send();
    }
    let explain =
        |description: &serde_json::Value| gate.explain(description.to_string()).send().body;
    let mut told = Vec::new();
    for token in [&good, &bad] {
        let uri = format!("/a?access_token={token}");
        told.push(explain(
            &json!({"method": "GET", "host": "a.example", "uri": uri}),
        ));
        told.push(explain(
            &json!({"method": "GET", "host": "a.example", "uri": "/a?x=y", "token": token}),
        ));
    }
    assert!(
        told[0].contains(r#""verdict":"allow""#) && told[1].contains(r#""verdict":"allow""#),
        "{told:?}"
    );
    told.extend(gate.log_lines().iter().map(ToString::to_string));
    told.push(gate.admin("/metrics").send().body);
    told.extend(gate.events());
    let signature = good.rsplit('.').next().unwrap();
    assert!(told.len() > 8);
    for text in told {
        assert!(
            !text.contains(signature) && !text.contains("canary"),
            "{text}"
        );
    }
}

#[test]
fn explain_puts_the_token_where_it_is_looked_for() {
    let idp = TestIssuer::new();
    let token = idp.token().sign();
    let verdict = |sources: &str, description: serde_json::Value| {
        let gate = behind_traefik(&idp, sources);
        let answer = gate.explain(description.to_string()).send();
        answer.json()["reason"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        verdict("query:t", json!({"uri": "/a", "token": token})),
        "ok"
    );
    assert_eq!(
        verdict("query:t", json!({"uri": "/a?b", "token": token})),
        "ok"
    );
    assert_eq!(
        verdict("query:t", json!({"token": token})),
        "forwarded_headers_missing"
    );
    assert_eq!(verdict("websocket", json!({"token": token})), "ok");
}

#[test]
fn problems_of_sources_are_told() {
    let problems = |file: &str| {
        let issuer = "issuer: https://idp.example\naudience: api\n";
        TestGate::new()
            .file(format!("{issuer}{file}"))
            .configuration()
            .map(drop)
            .unwrap_err()
    };
    let told = [
        problems(
            "proxy: traefik\ntoken_sources: [query, 'query:', 'query:a b', 'query:a%5f', websocket:x, body]\n",
        ),
        problems("token_sources: [bearer, 'query:access_token']\n"),
        problems(
            "routes:\n  - {name: a, token_sources: ['query:t'], match: {}}\n  - {name: b, token_sources: [websocket], match: {}}\n",
        ),
        problems("claim_headers: [{claim: sub, header: X-Auth-WebSocket-Protocol}]\n"),
        problems("routes: [{name: a, access: anonymous, token_sources: [websocket], match: {}}]\n"),
    ];
    insta::assert_snapshot!(told.join("\n--\n"), @r#"
    doorward.yaml:4:17: token_sources[0]: "query" is not understood (write bearer, basic, header:NAME, header:NAME:SCHEME, cookie:NAME, query:NAME or websocket)
    doorward.yaml:4:24: token_sources[1]: "query:" is not understood (write bearer, basic, header:NAME, header:NAME:SCHEME, cookie:NAME, query:NAME or websocket)
    doorward.yaml:4:34: token_sources[2]: "query:a b" is not understood (write bearer, basic, header:NAME, header:NAME:SCHEME, cookie:NAME, query:NAME or websocket)
    doorward.yaml:4:47: token_sources[3]: "query:a%5f" is not understood (write bearer, basic, header:NAME, header:NAME:SCHEME, cookie:NAME, query:NAME or websocket)
    doorward.yaml:4:61: token_sources[4]: "websocket:x" is not understood (write bearer, basic, header:NAME, header:NAME:SCHEME, cookie:NAME, query:NAME or websocket)
    doorward.yaml:4:74: token_sources[5]: "body" is not understood (write bearer, basic, header:NAME, header:NAME:SCHEME, cookie:NAME, query:NAME or websocket)
    --
    doorward.yaml:3:1: token_sources: needs the query as a named proxy describes it (set proxy to the proxy in front, such as nginx)
    --
    doorward.yaml:4:15: routes[0].token_sources: needs the request as a named proxy describes it (set proxy to the proxy in front, such as nginx)
    --
    doorward.yaml:3:30: claim_headers[0].header: X-Auth-WebSocket-Protocol means something else already (choose a name such as X-Auth-…)
    --
    doorward.yaml:3:39: routes[0].token_sources: has no effect where tokens are not looked at (leave it out, or change `access`)
    "#);
}
