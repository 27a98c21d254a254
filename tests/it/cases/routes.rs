//! Group I: the trust boundary and routes; and what routes have to do with the token cache.

use crate::cases::wire::{assert_denied, hits};
use crate::support::{Request, TestGate, TestIssuer};

/// Everyone may read `/public`; everything else needs a token.
const SITE: &str = "
routes:
  - {name: public, match: {host: a.example, path: '/public/**'}, access: anonymous}
  - {name: health, match: {path: /healthz, methods: [GET]}, access: anonymous}
  - {name: rest, match: {path: '/**'}}
";

fn site(idp: &TestIssuer) -> TestGate {
    TestGate::new()
        .trusting(idp)
        .set("PROXY", "traefik")
        .file(SITE)
        .spawn()
}

fn ask(gate: &TestGate, method: &str, host: &str, uri: impl AsRef<str>) -> Request {
    let request = gate.get("/verify").header("X-Forwarded-Method", method);
    request
        .header("X-Forwarded-Host", host)
        .header("X-Forwarded-Uri", uri.as_ref())
}

fn verdict(gate: &TestGate, uri: impl AsRef<str>) -> String {
    ask(gate, "GET", "a.example", uri).send().verdict()
}

#[test]
fn i1_query_and_prefix_never_make_a_path_public() {
    let gate = site(&TestIssuer::new());
    for uri in [
        "/public",
        "/public/",
        "/public/a",
        "/public?x=/admin",
        "/public/a?../admin",
        "/healthz?token=x",
    ] {
        assert_eq!(verdict(&gate, uri), "200", "{uri}");
    }
    for uri in [
        "/admin?/public",
        "/admin?x=/public/a",
        "/admin?/healthz",
        "/publicly",
        "/public.html",
        "/Public",
        "/PUBLIC/a",
        "/admin/public",
        "/healthz/",
        "/healthz/x",
        "/healthzz",
        "/x/healthz",
        "/?uri=/healthz",
        "/a//public",
    ] {
        assert_eq!(verdict(&gate, uri), "401 token_missing", "{uri}");
    }
    for (method, host) in [
        ("POST", "a.example"),
        ("HEAD", "a.example"),
        ("get", "a.example"),
    ] {
        assert_eq!(
            ask(&gate, method, host, "/healthz").send().verdict(),
            "401 token_missing",
            "{method}"
        );
    }
    assert_eq!(
        ask(&gate, "GET", "b.example", "/public").send().verdict(),
        "401 token_missing"
    );
}

#[test]
fn i2_a_fragment_is_no_part_of_a_path() {
    let gate = site(&TestIssuer::new());
    for uri in [
        "/admin#/public",
        "/public#/../admin",
        "/public%23/x",
        "/healthz#",
        "/healthz%23x",
        "#/public",
        "/#",
    ] {
        let answer = ask(&gate, "GET", "a.example", uri).send();
        assert_denied(&answer, "forwarded_headers_ambiguous", uri);
    }
}

#[test]
fn i3_a_path_with_two_readings_is_refused() {
    let gate = site(&TestIssuer::new());
    for uri in [
        "/public/../admin",
        "/public/..",
        "/public/.",
        "/public/./a",
        "/./public",
        "/public/%2e%2e/admin",
        "/public/%2E./admin",
        "/public/.%2e/admin",
        "/public/..;/admin",
        "/public/..;x=y/admin",
        "/public/%2e%2e;/admin",
        "/public/..%00/admin",
        "/public/...",
        "/public/.. /admin",
        "/public/..%20/admin",
        "/public/%252e%252e/admin",
        "/public/..%c0%af/admin",
        "/public\\..\\admin",
        "/public/a;x=y",
        "/public;/admin",
        "/;/public",
        "/public/%",
        "/public/%4",
        "/public/%zz",
        "/public/%u002e",
        "/public/%ff",
        "http://a.example/public",
        "public",
        "*",
        "",
    ] {
        assert_denied(
            &ask(&gate, "GET", "a.example", uri).send(),
            "forwarded_headers_ambiguous",
            uri,
        );
    }
    for uri in [
        "//public",
        "/public//a",
        "/%70ublic",
        "/p%75blic/%61",
        "/public/a.b",
        "/public/.a",
        "/public/..a",
    ] {
        assert_eq!(verdict(&gate, uri), "200", "{uri}");
    }
}

#[test]
fn i4_encoded_slashes_and_odd_hosts_are_refused() {
    let gate = site(&TestIssuer::new());
    for uri in [
        "/public%2fa",
        "/public%2Fa",
        "/public/%2e%2e%2fadmin",
        "/public%5ca",
        "/a%2f..%2fpublic",
        "/%2fpublic",
    ] {
        assert_denied(
            &ask(&gate, "GET", "a.example", uri).send(),
            "forwarded_headers_ambiguous",
            uri,
        );
    }
    for host in [
        "A.Example",
        "a.example.",
        "a.example:443",
        "A.EXAMPLE.:8080",
        "a.example:",
    ] {
        assert_eq!(
            ask(&gate, "GET", host, "/public").send().verdict(),
            "200",
            "{host}"
        );
    }
    for host in [
        "user@a.example",
        "a.example@b.example",
        "a.example,b.example",
        "a.example b.example",
        "a.example/public",
        "a.example#",
        "a.example?",
        "a.example\\b",
        "a..example",
        ".a.example",
        "a.example..",
        "a.example:99999",
        "a.example:x",
        "a.example:80:80",
        "[::1",
        "a%2eexample",
        "http://a.example",
    ] {
        let answer = ask(&gate, "GET", host, "/public").send();
        assert_denied(&answer, "forwarded_headers_ambiguous", host);
    }
    for host in [
        "xa.example",
        "a.example.evil",
        "b.a.example",
        "a-example",
        "127.0.0.1",
        "[::1]",
    ] {
        assert_eq!(
            ask(&gate, "GET", host, "/public").send().verdict(),
            "401 token_missing",
            "{host}"
        );
    }
}

#[test]
fn i5_other_spellings_of_forwarded_headers_are_ignored() {
    let gate = site(&TestIssuer::new());
    for (name, value) in [
        ("X_Forwarded_Uri", "/public"),
        ("X-Forwarded-Url", "/public"),
        ("X-Forwarded-Path", "/public"),
        ("X-Original-URL", "http://a.example/public"),
        ("X-Original-Uri", "/public"),
        ("X-Rewrite-Url", "/public"),
        ("X-Forwarded-Prefix", "/public"),
        ("Forwarded", "host=a.example;proto=https"),
        ("X-HTTP-Method-Override", "GET"),
    ] {
        let request = || ask(&gate, "GET", "a.example", "/admin").header(name, value);
        assert_eq!(
            request().send().verdict(),
            "401 token_missing",
            "{name} beside the real ones"
        );
        let alone = gate
            .get("/verify")
            .header(name, value)
            .header("X-Forwarded-Host", "b.example")
            .send();
        assert_denied(&alone, "forwarded_headers_missing", name);
    }
}

#[test]
fn i6_only_proxies_describe_requests() {
    let idp = TestIssuer::new();
    let foreign = TestGate::new()
        .trusting(&idp)
        .set("PROXY", "traefik")
        .set("TRUSTED_PROXIES", "192.0.2.0/24");
    let gate = foreign.file(SITE).spawn();
    let token = idp.token().sign();
    for uri in ["/public", "/admin"] {
        let answer = ask(&gate, "GET", "a.example", uri).bearer(&token).send();
        assert_denied(&answer, "forwarded_headers_untrusted", uri);
    }
    let everybody = TestGate::new()
        .trusting(&idp)
        .set("TRUSTED_PROXIES", "0.0.0.0/0")
        .configuration();
    assert!(everybody.unwrap_err().contains("believes everybody"));
}

/// Only the socket shows who asks, whatever proxies write about their clients.
#[test]
fn i7_an_address_in_a_header_is_never_used() {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("PROXY", "traefik")
        .file(SITE);
    let foreign = gate.clone().set("TRUSTED_PROXIES", "192.0.2.0/24").spawn();
    let gate = gate.set("TRUSTED_PROXIES", "127.0.0.0/8").spawn();
    let token = idp.token().sign();
    let decisions = |add: &dyn Fn(Request) -> Request| {
        let asked = [(&gate, "/public"), (&gate, "/admin"), (&foreign, "/public")];
        let bearing = asked.map(|(gate, uri)| {
            add(ask(gate, "GET", "a.example", uri).bearer(&token))
                .send()
                .verdict()
        });
        let explained = add(gate.explain("{}")).send().status;
        (
            bearing,
            add(ask(&gate, "GET", "a.example", "/admin"))
                .send()
                .verdict(),
            explained,
        )
    };
    let expected = decisions(&|request| request);
    assert_eq!(
        expected.0,
        ["200", "200", "403 forwarded_headers_untrusted"]
    );
    let (line, series) = (last_line(&gate), decision_series(&gate));
    let mut asked = 1;
    for name in ADDRESS_HEADERS {
        for value in ADDRESSES {
            assert_eq!(
                decisions(&|request| request.header(name, value)),
                expected,
                "{name}: {value}"
            );
            assert_eq!(last_line(&gate), line, "{name}: {value}");
            asked += 1;
        }
    }
    let twice = |request: Request| {
        ADDRESS_HEADERS
            .iter()
            .fold(request, |r, name| r.header(name, "::1").header(name, "x"))
    };
    assert_eq!(decisions(&twice), expected);
    let expected: Vec<_> = series
        .into_iter()
        .map(|(labels, count)| (labels, count * (asked + 1)))
        .collect();
    assert_eq!(decision_series(&gate), expected);
    assert!(!gate.log.text().contains("203.0.113") && !foreign.log.text().contains("203.0.113"));
}

const ADDRESS_HEADERS: [&str; 9] = [
    "X-Forwarded-For",
    "X-Real-IP",
    "X-Client-IP",
    "X-Cluster-Client-IP",
    "True-Client-IP",
    "CF-Connecting-IP",
    "X-Original-Forwarded-For",
    "X-ProxyUser-Ip",
    "Forwarded",
];

const ADDRESSES: [&str; 16] = [
    "",
    "127.0.0.1",
    "192.0.2.1",
    "203.0.113.9",
    "203.0.113.9:4711",
    "203.0.113.9, 127.0.0.1, 192.0.2.1",
    ", ,,203.0.113.9,",
    "0.0.0.0",
    "256.1.2.3",
    "0x7f.1",
    "::1",
    "[::1]:80",
    "fe80::1%eth0",
    "::ffff:192.0.2.1",
    "for=\"[2001:db8::1%25lo]:4711\";proto=https;by=203.0.113.43, for=192.0.2.1",
    "for=\"_hidden\\\"; for=unknown, \u{fc}",
];

/// The last line of the access log, without what is never equal.
fn last_line(gate: &TestGate) -> serde_json::Value {
    let mut line = gate.log_lines().pop().unwrap();
    for varying in ["timestamp", "duration_us"] {
        line[varying].take();
    }
    line
}

/// How often each decision was made.
fn decision_series(gate: &TestGate) -> Vec<(String, u64)> {
    let page = gate.admin("/metrics").send().body;
    let lines = page.lines().filter_map(|line| {
        line.strip_prefix("doorward_decisions_total")?
            .rsplit_once(' ')
    });
    lines
        .map(|(labels, count)| (labels.to_owned(), count.parse().unwrap()))
        .collect()
}

#[test]
fn i8_connection_takes_no_header_away() {
    let idp = TestIssuer::new();
    let gate = site(&idp);
    let listed = "authorization, x-forwarded-uri, x-forwarded-host, x-auth-subject";
    let answer = ask(&gate, "GET", "a.example", "/admin")
        .header("Connection", listed)
        .send();
    assert_denied(&answer, "token_missing", listed);
    let good = idp.token().sign();
    let answer = ask(&gate, "GET", "a.example", "/admin")
        .header("Connection", listed)
        .bearer(&good)
        .send();
    assert_eq!(
        (answer.status, answer.get("x-auth-subject")),
        (200, Some("alice"))
    );
}

#[test]
fn i9_who_asks_changes_no_route() {
    let gate = site(&TestIssuer::new());
    for agent in [
        "kube-probe/1.30",
        "GoogleHC/1.0",
        "ELB-HealthChecker/2.0",
        "Traefik",
        "curl/8",
    ] {
        let answer = ask(&gate, "GET", "a.example", "/admin")
            .header("User-Agent", agent)
            .send();
        assert_denied(&answer, "token_missing", agent);
    }
}

#[test]
fn i10_a_description_that_stands_twice_is_refused() {
    let gate = site(&TestIssuer::new());
    for (name, value) in [
        ("X-Forwarded-Uri", "/public"),
        ("X-Forwarded-Host", "a.example"),
        ("x-forwarded-uri", "/admin"),
    ] {
        let answer = ask(&gate, "GET", "a.example", "/public")
            .header(name, value)
            .send();
        assert_denied(&answer, "forwarded_headers_ambiguous", name);
    }
    let answer = ask(&gate, "GET", "a.example", "/healthz")
        .header("X-Forwarded-Method", "GET")
        .send();
    assert_denied(&answer, "forwarded_headers_ambiguous", "method");
}

#[test]
fn i11_patterns_are_anchored_and_linear() {
    let idp = TestIssuer::new();
    let routes = r"
routes:
  - name: only
    match: {}
    require: {claims: [{claim: email, matches: '(a+)+@example\.com'}]}
";
    let gate = TestGate::new().trusting(&idp).file(routes).spawn();
    let verdict = |email: &str| gate.verdict(&idp.token().claim("email", email).sign());
    assert_eq!(verdict("aaa@example.com"), "200");
    for email in [
        "xaaa@example.com",
        "aaa@example.com.evil",
        "aaa@exampleXcom",
        "aaa@example.com\n",
        "b\naaa@example.com",
    ] {
        assert_eq!(verdict(email), "403 policy_denied", "{email:?}");
    }
    // An engine that backtracks would not come back from this.
    assert_eq!(
        verdict(&format!("{}!", "a".repeat(4_000))),
        "403 policy_denied"
    );
}

#[test]
fn i12_what_no_route_takes_is_denied() {
    let idp = TestIssuer::new();
    let routes = "routes:\n  - {name: only, match: {path: /only}}\n";
    let gate = TestGate::new()
        .trusting(&idp)
        .set("PROXY", "traefik")
        .file(routes)
        .spawn();
    let good = idp.token().sign();
    let asked = |uri: &str| ask(&gate, "GET", "a.example", uri).bearer(&good).send();
    assert_eq!(asked("/only").verdict(), "200");
    assert_denied(&asked("/other"), "route_denied", "good token, no route");
    for (file, told) in [
        ("routes: []", "an empty list"),
        ("routes:\n", "no value"),
        ("routes: [", "unclosed"),
    ] {
        let read = TestGate::new()
            .trusting(&idp)
            .file(file)
            .configuration()
            .map(drop)
            .unwrap_err();
        assert!(read.contains(told), "{file}: {read}");
    }
}

#[test]
fn f5_a_cached_token_is_judged_by_each_route() {
    let idp = TestIssuer::new();
    let routes = "
routes:
  - {name: open, match: {path: /open}}
  - {name: scoped, match: {path: /scoped}, require: {scopes: [admin]}}
  - {name: other, match: {path: /other}, audience: [other]}
  - {name: claims, match: {path: /claims}, require: {claims: [{claim: role, equals: boss}]}}
";
    let gate = TestGate::new()
        .trusting(&idp)
        .set("PROXY", "traefik")
        .set("WORKERS", "1")
        .file(routes)
        .spawn();
    let (narrow, wide) = (
        idp.token().claim("role", "clerk").sign(),
        idp.token()
            .claim("role", "boss")
            .claim("scope", "admin")
            .claim("aud", vec!["api", "other"])
            .sign(),
    );
    for round in 0..3 {
        for (uri, expected) in [
            ("/open", "200"),
            ("/scoped", "403 scope_insufficient"),
            ("/other", "401 audience_mismatch"),
            ("/claims", "403 policy_denied"),
        ] {
            let verdict = |token: &str| {
                ask(&gate, "GET", "a.example", uri)
                    .bearer(token)
                    .send()
                    .verdict()
            };
            assert_eq!(
                (verdict(&wide).as_str(), verdict(&narrow).as_str()),
                ("200", expected),
                "{uri} in round {round}"
            );
        }
    }
    assert_eq!(hits(&gate), 2 * (3 * 4 - 1), "each token was verified once");
}
