//! Who may ask the admin listener: pages of other sites may not, and with a token only who has it
//! may.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;

use serde_json::json;

use crate::explain::own_address;
use crate::support::{
    Answer, Client, GateBuilder, IntrospectionEndpoint, Request, TestGate, TestIssuer, doorward,
};

const TOKEN: &str = "correct-horse-battery-staple";
const BARE: &str = r#"Bearer realm="doorward admin""#;
const INVALID: &str = r#"Bearer realm="doorward admin", error="invalid_token""#;

fn settings() -> GateBuilder {
    TestGate::new()
        .trusting(&TestIssuer::new())
        .set("EXPLAIN", "true")
}

fn with_token() -> GateBuilder {
    settings().set("ADMIN_TOKEN", TOKEN)
}

/// The status for this target and `Host`.
fn by_host(gate: &TestGate, target: &str, host: &str) -> u16 {
    gate.admin(target).host(host).send().status
}

/// What comes of `POST /explain` with these fields, as a page may send it without asking first.
fn posted(gate: &TestGate, fields: &[(&str, &str)]) -> u16 {
    let request = gate.explain("{}").header("Content-Type", "text/plain");
    fields
        .iter()
        .fold(request, |request, (name, value)| {
            request.header(name, value)
        })
        .send()
        .status
}

#[test]
fn a_name_that_somebody_else_gives_our_address_is_not_ours() {
    let gate = settings().spawn();
    for host in [
        "evil.example",
        "evil.example:8081",
        "localhost.evil.example",
        "a.localhost",
        "127.0.0.1.evil.example",
        "127.1",
        "0x7f.0.0.1",
        "2130706433",
        "localhost:8081:1",
        "localhost:x",
        "localhost:+1",
        "localhost:99999",
        "localhost,evil.example",
        "user@localhost",
        "localhost/x",
        "localhost..",
        "::1",
        "[::1",
        "[::1]x",
        "[fe80::1%25lo]",
        "",
        ".",
    ] {
        let answer = gate.admin("/status").host(host).send();
        assert_eq!(
            (answer.status, answer.get("cache-control")),
            (421, Some("no-store")),
            "{host}"
        );
        assert!(answer.body.contains("admin_hosts"), "{}", answer.body);
        assert_eq!(gate.explain("{}").host(host).send().status, 421, "{host}");
        assert_eq!(by_host(&gate, "/nothing", host), 421, "{host}");
        for open in ["/healthz", "/readyz", "/metrics"] {
            assert_eq!(by_host(&gate, open, host), 200, "{open} of {host}");
        }
    }
}

#[test]
fn addresses_and_localhost_are_answered_in_every_spelling() {
    let gate = settings().spawn();
    for host in [
        "127.0.0.1",
        "127.0.0.1:8081",
        "10.1.2.3:8081",
        "[::1]",
        "[::1]:8081",
        "[2001:DB8::1]:9",
        "[::ffff:127.0.0.1]",
        "localhost",
        "localhost:8081",
        "LocalHost:1",
        "localhost.",
        "localhost.:8081",
    ] {
        assert_eq!(by_host(&gate, "/status", host), 200, "{host}");
    }
}

#[test]
fn other_names_have_to_be_configured_with_or_without_their_port() {
    let hosts = "doorward.internal, Console.Example.:8443, [2001:db8::1]:9090";
    let gate = settings().set("ADMIN_HOSTS", hosts).spawn();
    for (host, status) in [
        ("doorward.internal", 200),
        ("doorward.internal:8081", 200),
        ("DOORWARD.internal.:1", 200),
        ("console.example:8443", 200),
        ("CONSOLE.EXAMPLE:8443", 200),
        ("console.example", 421),
        ("console.example:8081", 421),
        ("x.doorward.internal", 421),
        ("doorward.internal.evil.example", 421),
    ] {
        assert_eq!(by_host(&gate, "/status", host), status, "{host}");
    }
    // A proxy in front may have TLS, and may exchange the host.
    for (host, origin, status) in [
        ("doorward.internal", "https://doorward.internal", 200),
        ("localhost:8081", "https://console.example:8443", 200),
        ("localhost:8081", "https://console.example", 403),
        ("localhost:8081", "http://[2001:db8::1]:9090", 200),
        ("localhost:8081", "http://[2001:db8::1]", 403),
    ] {
        let request = gate.explain("{}").host(host).header("Origin", origin);
        assert_eq!(request.send().status, status, "{origin} to {host}");
    }
}

#[test]
fn the_target_and_the_field_must_name_the_same_host() {
    let gate = settings().set("ADMIN_HOSTS", "doorward.internal").spawn();
    for (target, host, status) in [
        ("http://localhost:8081/status", "localhost:8081", 200),
        ("http://LOCALHOST.:8081/status", "localhost:8081", 200),
        ("http://doorward.internal/status", "doorward.internal", 200),
        ("http://evil.example/status", "localhost", 421),
        ("http://localhost/status", "evil.example", 421),
        ("http://doorward.internal/status", "localhost", 421),
        ("http://localhost:1/status", "localhost:2", 421),
        ("http://evil.example/status", "evil.example", 421),
        ("http://user@localhost/status", "localhost", 421),
        ("http://evil.example/healthz", "evil.example", 200),
    ] {
        assert_eq!(by_host(&gate, target, host), status, "{target} with {host}");
    }
}

#[test]
fn a_request_without_or_with_two_hosts_is_refused() {
    let gate = settings().spawn();
    let status = |head: &str| {
        Client::connect(gate.admin)
            .send_bytes(head.as_bytes(), false)
            .status
    };
    assert_eq!(status("GET /status HTTP/1.1\r\n\r\n"), 400);
    assert_eq!(
        status("GET /status HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n"),
        400
    );
    assert_eq!(status("GET /status HTTP/1.0\r\n\r\n"), 421);
    assert_eq!(status("GET /healthz HTTP/1.0\r\n\r\n"), 200);
}

#[test]
fn pages_of_other_sites_may_not_ask() {
    let gate = settings().spawn();
    let own = format!("http://{}", gate.admin);
    for origin in [
        "https://evil.example",
        "http://evil.example:8081",
        "null",
        "",
        "http://localhost",
        "http://localhost:3000",
        "http://127.0.0.1",
        "http://127.0.0.1.evil.example",
        "file://localhost:8081",
        "chrome-extension://localhost:8081",
        "ftp://localhost:8081",
        "localhost:8081",
        "http://u@localhost:8081",
        "http://localhost:8081/",
        "http://localhost:8081 http://evil.example",
        "http://evil.example, http://localhost:8081",
    ] {
        for host in ["localhost:8081", &gate.admin.to_string()] {
            let request = |target: &str| gate.admin(target).host(host).header("Origin", origin);
            let post = gate
                .explain("{}")
                .host(host)
                .header("Content-Type", "text/plain")
                .header("Origin", origin);
            assert_eq!(post.send().status, 403, "{origin} to {host}");
            assert_eq!(request("/status").send().status, 403, "{origin} to {host}");
            for open in ["/healthz", "/readyz", "/metrics"] {
                assert_eq!(request(open).send().status, 200, "{open} from {origin}");
            }
        }
    }
    let same = |host: &str, origin: &str| {
        gate.explain("{}")
            .host(host)
            .header("Origin", origin)
            .send()
            .status
    };
    assert_eq!(same(&gate.admin.to_string(), &own), 200);
    assert_eq!(same("localhost:8081", "http://localhost:8081"), 200);
    assert_eq!(same("localhost", "http://localhost"), 200);
    assert_eq!(same("localhost:80", "http://localhost"), 200);
    assert_eq!(same("[::1]:8081", "http://[::1]:8081"), 200);
    assert_eq!(
        posted(
            &gate,
            &[
                ("Origin", "http://localhost"),
                ("Origin", "http://localhost")
            ]
        ),
        403
    );
    // Without a page there is no origin.
    assert_eq!(posted(&gate, &[]), 200);
}

#[test]
fn what_the_browser_says_of_the_page_counts() {
    let gate = settings().spawn();
    for (site, status) in [
        ("none", 200),
        ("same-origin", 200),
        ("same-site", 200),
        ("cross-site", 403),
        ("Cross-Site", 403),
        ("", 403),
        ("same-origin, cross-site", 403),
    ] {
        assert_eq!(posted(&gate, &[("Sec-Fetch-Site", site)]), status, "{site}");
        assert_eq!(
            gate.admin("/status")
                .header("Sec-Fetch-Site", site)
                .send()
                .status,
            status,
            "{site}"
        );
        assert_eq!(
            gate.admin("/metrics")
                .header("Sec-Fetch-Site", site)
                .send()
                .status,
            200,
            "{site}"
        );
    }
    assert_eq!(
        posted(
            &gate,
            &[("Sec-Fetch-Site", "none"), ("Sec-Fetch-Site", "cross-site")]
        ),
        403
    );
    assert_eq!(
        posted(
            &gate,
            &[
                ("Sec-Fetch-Site", "same-site"),
                ("Origin", "http://localhost:3000")
            ]
        ),
        403
    );
}

#[test]
fn with_a_token_every_path_but_health_asks_for_it() {
    let gate = with_token().spawn();
    for path in [
        "/metrics",
        "/status",
        "/nothing",
        "/",
        "/healthz/",
        "//healthz",
        "/%68ealthz",
        "/readyz%2f",
        "/Healthz",
    ] {
        let answer = gate.admin(path).send();
        assert_eq!(
            (answer.status, answer.get("www-authenticate")),
            (401, Some(BARE)),
            "{path}"
        );
        assert_eq!(answer.get("cache-control"), Some("no-store"));
        assert_ne!(gate.admin(path).bearer(TOKEN).send().status, 401, "{path}");
    }
    assert_eq!(gate.explain("{}").send().status, 401);
    assert_eq!(gate.explain("{}").bearer(TOKEN).send().status, 200);
    for path in ["/healthz", "/readyz", "/healthz?x", "/readyz?token=x"] {
        assert_eq!(gate.admin(path).send().status, 200, "{path}");
        assert_eq!(
            gate.admin(path).bearer("wrong").send().status,
            200,
            "{path}"
        );
    }
}

#[test]
fn the_token_must_be_there_once_and_right_to_the_byte() {
    let gate = with_token().spawn();
    let longer = format!("{TOKEN}x");
    let wrong = [
        &longer,
        &TOKEN[..27],
        "wrong",
        &TOKEN.to_uppercase(),
        "correct-horse battery-staple",
        "",
    ];
    let answer = |request: Request| challenged(&request.send());
    for token in wrong {
        let expected = if token.is_empty() { BARE } else { INVALID };
        let presented = format!("Bearer {token}");
        let asked = gate
            .admin("/status")
            .header("Authorization", presented.trim_end());
        assert_eq!(answer(asked), (401, Some(expected.to_owned())), "{token}");
    }
    for (value, expected) in [
        (format!("Basic {TOKEN}"), BARE),
        (format!("DPoP {TOKEN}"), BARE),
        (TOKEN.to_owned(), BARE),
        (format!("Bearer{TOKEN}"), BARE),
        (format!("Bearer,{TOKEN}"), BARE),
        (format!("Bearer {TOKEN},"), INVALID),
        (format!("Bearer {TOKEN}, Bearer {TOKEN}"), INVALID),
        (format!("Bearer token={TOKEN}"), INVALID),
        (format!("Bearer \"{TOKEN}\""), INVALID),
    ] {
        let asked = gate.admin("/status").header("Authorization", &value);
        assert_eq!(answer(asked), (401, Some(expected.to_owned())), "{value}");
    }
    for scheme in ["Bearer ", "bearer ", "BEARER ", "Bearer   "] {
        let asked = gate
            .admin("/status")
            .header("Authorization", format!("{scheme}{TOKEN}"));
        assert_eq!(answer(asked), (200, None), "{scheme:?}");
    }
    let repeated = r#"Bearer realm="doorward admin", error="invalid_request""#;
    for second in [TOKEN, "wrong"] {
        let twice = gate.admin("/status").bearer(TOKEN).bearer(second);
        assert_eq!(answer(twice), (401, Some(repeated.to_owned())));
        assert_eq!(
            answer(gate.admin("/metrics").bearer(second).bearer(TOKEN)),
            (401, Some(repeated.to_owned()))
        );
    }
    // No other place will do: a link has a query, and a browser sends cookies by itself.
    assert_eq!(
        gate.admin(&format!("/status?access_token={TOKEN}"))
            .send()
            .status,
        401
    );
    assert_eq!(
        gate.admin("/status")
            .header("Cookie", format!("admin_token={TOKEN}"))
            .send()
            .status,
        401
    );
}

fn challenged(answer: &Answer) -> (u16, Option<String>) {
    (
        answer.status,
        answer.get("www-authenticate").map(str::to_owned),
    )
}

#[test]
fn a_request_with_the_token_is_answered_from_wherever_it_comes() {
    let gate = with_token().set("EXPLAIN", "false").spawn();
    let foreign = |request: Request| {
        let request = request
            .host("evil.example")
            .header("Origin", "https://evil.example");
        request.header("Sec-Fetch-Site", "cross-site")
    };
    assert_eq!(foreign(gate.explain("{}")).bearer(TOKEN).send().status, 200);
    assert_eq!(
        foreign(gate.admin("/status")).bearer(TOKEN).send().status,
        200
    );
    // A wrong one is no better than none, and who is foreign does not get so far as to try.
    assert_eq!(
        foreign(gate.admin("/status")).bearer("wrong").send().status,
        421
    );
    assert_eq!(
        gate.admin("/status")
            .header("Origin", "null")
            .bearer("wrong")
            .send()
            .status,
        403
    );
    assert_eq!(
        foreign(gate.admin("/metrics"))
            .bearer("wrong")
            .send()
            .status,
        401
    );
    assert_eq!(foreign(gate.admin("/metrics")).send().status, 401);
}

#[test]
fn explain_answers_others_than_loopback_by_the_token_alone() {
    let gate = with_token()
        .set("EXPLAIN", "false")
        .set("ADMIN_LISTEN", "0.0.0.0:0")
        .spawn();
    let to = SocketAddr::new(own_address(), gate.admin.port());
    let ask = || {
        Request::new(to, "POST", "/explain")
            .host(&to.to_string())
            .body("{}")
    };
    assert_eq!(ask().send().status, 401);
    assert_eq!(ask().bearer(TOKEN).send().status, 200);
}

/// Another service would be asked in our name, without the limits that hold for requests.
#[test]
fn others_than_loopback_have_nobody_asked_without_the_token() {
    let server = IntrospectionEndpoint::start();
    server.knows("good", &json!({}));
    let settings = server
        .gate()
        .set("EXPLAIN", "true")
        .set("ADMIN_LISTEN", "0.0.0.0:0");
    let ask = |gate: &TestGate, online: bool, token: &str| {
        let to = SocketAddr::new(own_address(), gate.admin.port());
        let described = json!({"token": "good", "online": online}).to_string();
        let request = Request::new(to, "POST", "/explain").host(&to.to_string());
        let answer = request.bearer(token).body(described).send();
        (answer.status, answer.json())
    };
    let open = settings.clone().spawn();
    let refusal = "only loopback peers may have other services asked, unless `admin_token` is set";
    assert_eq!(
        ask(&open, true, TOKEN),
        (403, json!({ "error": refusal })),
        "a token where none is configured"
    );
    let (status, told) = ask(&open, false, "");
    assert_eq!((status, &told["verdict"]), (200, &json!("unknown")));
    let closed = settings.clone().set("EXPLAIN", "false").spawn();
    assert_eq!(ask(&closed, true, "").0, 403);
    assert_eq!(server.asked(), 0);

    let with_token = settings.set("ADMIN_TOKEN", TOKEN).spawn();
    assert_eq!(ask(&with_token, true, "wrong").0, 401);
    assert_eq!(server.asked(), 0);
    let (status, told) = ask(&with_token, true, TOKEN);
    assert_eq!((status, &told["verdict"]), (200, &json!("allow")));
    assert_eq!(server.asked(), 1);
}

#[test]
fn metrics_can_do_without_the_token() {
    let gate = with_token().set("ADMIN_TOKEN_METRICS", "false").spawn();
    assert_eq!(gate.admin("/metrics").send().status, 200);
    assert_eq!(
        gate.admin("/metrics")
            .host("doorward-admin")
            .bearer("wrong")
            .send()
            .status,
        200
    );
    assert_eq!(gate.admin("/status").send().status, 401);
    assert_eq!(gate.admin("/metrics/").send().status, 401);
}

#[test]
fn without_a_token_an_authorization_field_means_nothing() {
    let gate = settings().spawn();
    assert_eq!(gate.admin("/status").bearer("whatever").send().status, 200);
    assert_eq!(
        gate.admin("/status")
            .host("evil.example")
            .bearer("")
            .send()
            .status,
        421
    );
}

#[test]
fn a_unix_socket_asks_for_the_same() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("admin.sock");
    let _gate = with_token()
        .set("ADMIN_LISTEN", format!("unix:{}", path.display()))
        .spawn();
    let status = |fields: &str| {
        let mut stream = UnixStream::connect(&path).unwrap();
        write!(
            stream,
            "GET /status HTTP/1.1\r\nConnection: close\r\n{fields}\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap().to_owned()
    };
    assert_eq!(status("Host: localhost\r\n"), "401");
    assert_eq!(status("Host: evil.example\r\n"), "421");
    assert_eq!(
        status(&format!(
            "Host: evil.example\r\nAuthorization: Bearer {TOKEN}\r\n"
        )),
        "200"
    );
}

#[test]
fn a_body_that_is_refused_unread_is_no_further_request() {
    let gate = with_token().spawn();
    let smuggled = "GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut client = Client::connect(gate.admin);
    assert_eq!(client.send(&gate.explain(smuggled)).status, 401);
    client.write_what_is_taken(&gate.admin("/healthz").bytes());
    let next = client.read_answer(false);
    assert!(
        next.is_none_or(|answer| answer.body.contains("alive")),
        "the body was read as a request"
    );
}

#[test]
fn a_new_configuration_has_another_token() {
    let idp = TestIssuer::new();
    let file = |more: &str| {
        format!(
            "issuers: [{{name: a, issuer: '{}', audience: api, jwks: '{}'}}]\n{more}",
            idp.url(),
            idp.jwks()
        )
    };
    let gate = TestGate::new().by_time_of(&idp).file(file("")).spawn();
    let status = |token: &str| gate.admin("/status").bearer(token).send().status;
    assert_eq!(
        (status("x"), by_host(&gate, "/status", "doorward.internal")),
        (200, 421)
    );
    gate.rewrite(&file(&format!(
        "admin_token: {TOKEN}\nadmin_token_metrics: false\nadmin_hosts: [doorward.internal]\n"
    )));
    assert!(gate.reload());
    assert_eq!((status("x"), status(TOKEN)), (401, 200));
    assert_eq!(by_host(&gate, "/status", "doorward.internal"), 401);
    gate.rewrite(&file(&format!(
        "admin_token: {}\nadmin_token_metrics: false\n",
        TOKEN.to_uppercase()
    )));
    assert!(gate.reload());
    assert_eq!((status(TOKEN), status(&TOKEN.to_uppercase())), (401, 200));
    let lines = gate.events_in_full().concat() + &gate.log.text();
    assert!(!lines.to_lowercase().contains(TOKEN), "{lines}");
}

#[test]
fn health_needs_no_token_and_does_not_read_it() {
    let gate = with_token().spawn();
    let address = gate.admin.to_string();
    let settings = [
        ("ADMIN_LISTEN", address.as_str()),
        ("ADMIN_TOKEN_FILE", "/nowhere/to/be/found"),
    ];
    let ended = doorward(&["health"], &settings, "");
    assert!(ended.status.success(), "{ended:?}");
}

#[test]
fn a_token_comes_from_a_file_too() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("token");
    std::fs::write(&path, format!("{TOKEN}\n")).unwrap();
    let gate = settings()
        .set("ADMIN_TOKEN_FILE", path.display().to_string())
        .spawn();
    assert_eq!(gate.admin("/status").bearer(TOKEN).send().status, 200);
    assert_eq!(gate.admin("/status").send().status, 401);
}
