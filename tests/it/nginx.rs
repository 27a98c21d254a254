//! nginx with the configuration that we ship, in front of an application.

use std::path::Path;
use std::process::Command;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::support::proxy_suite::connections_for;
use crate::support::{
    Answer, Client, Component, Echo, Proxy, Request, Site, TestGate, TestIssuer, Wiring, blocks,
    program, proxy_suite, shipped,
};

pub const NGINX: Proxy = Proxy {
    dialect: "nginx",
    start,
    when_down: 503,
    two_authorizations: "400",
    passes_on_503: true,
};

proxy_suite!(NGINX);

/// What surrounds the shipped files on a server, in a directory of its own.
const SURROUNDINGS: &str = "
daemon off;
pid nginx.pid;
error_log stderr warn;
events {}
http {
    access_log off;
    client_body_temp_path tmp/body;
    proxy_temp_path tmp/proxy;
    fastcgi_temp_path tmp/fastcgi;
    uwsgi_temp_path tmp/uwsgi;
    scgi_temp_path tmp/scgi;
    include doorward.conf;
}
";

fn start(wiring: &Wiring) -> Component {
    start_with(wiring, &wiring.shipped(HEADERS, &[]))
}

const HEADERS: &str = "deploy/nginx/snippets/doorward-headers.conf";

/// With other headers than the shipped ones.
pub fn start_with(wiring: &Wiring, headers: &str) -> Component {
    Component::listening(|directory, port| {
        write_configuration(directory, port, wiring, headers);
        command(directory)
    })
}

/// With another site than the shipped one.
pub fn start_changed(wiring: &Wiring, change: &dyn Fn(&str) -> String) -> Component {
    Component::listening(|directory, port| {
        let headers = shipped("deploy/nginx/snippets/doorward-headers.conf", &[]);
        write_configuration(directory, port, wiring, &headers);
        let site = directory.join("doorward.conf");
        std::fs::write(&site, change(&std::fs::read_to_string(&site).unwrap())).unwrap();
        command(directory)
    })
}

pub fn command(directory: &Path) -> Command {
    let mut command = Command::new(program("nginx"));
    command
        .args(["-e", "stderr", "-p"])
        .arg(directory)
        .arg("-c")
        .arg(directory.join("nginx.conf"));
    command
}

fn write_configuration(directory: &Path, port: u16, wiring: &Wiring, headers: &str) {
    let site = wiring.shipped(
        "deploy/nginx/doorward.conf",
        &[
            ("listen 80;", &format!("listen 127.0.0.1:{port};")),
            ("127.0.0.1:8080", &wiring.doorward),
            ("127.0.0.1:3000", &wiring.application),
        ],
    );
    surround(directory);
    std::fs::create_dir(directory.join("snippets")).unwrap();
    for (file, text) in [
        ("doorward.conf", site.as_str()),
        ("snippets/doorward-headers.conf", headers),
    ] {
        std::fs::write(directory.join(file), text).unwrap();
    }
}

/// What includes `doorward.conf`.
pub fn surround(directory: &Path) {
    std::fs::create_dir(directory.join("tmp")).unwrap();
    std::fs::write(directory.join("nginx.conf"), SURROUNDINGS).unwrap();
}

#[test]
fn doorward_behind_a_unix_socket() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("doorward.sock");
    // The workers of nginx, if it is started by root, are another user.
    open_to_everybody(directory.path());
    let address = format!("unix:{}", socket.display());
    let idp = TestIssuer::new();
    let _gate = TestGate::new()
        .trusting(&idp)
        .set("LISTEN", &address)
        .set("UNIX_SOCKET_MODE", "0666")
        .spawn();
    let application = Echo::start();
    let nginx = start(&Wiring::new(address, application.address));

    let allowed = Request::new(nginx.address, "GET", "/")
        .bearer(&idp.token().sign())
        .send();
    assert_eq!(Site::echoed(&allowed).get("X-Auth-Subject"), "alice");
    let denied = Request::new(nginx.address, "GET", "/")
        .bearer(&idp.token().expires_in(-60).sign())
        .send();
    assert_eq!(
        (denied.status, denied.json()["code"].as_str()),
        (401, Some("token_expired"))
    );
    assert_eq!(application.requests(), 1);
}

fn open_to_everybody(directory: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// A denial may hold two for a moment, and never more: the questions of all clients share what is
/// open.
#[test]
fn clients_share_the_connections_to_doorward() {
    let connections = connections_for(&NGINX, 4);
    assert!(
        (1..=8).contains(&connections),
        "{connections} connections for 400 requests of 4 clients"
    );
}

/// The locations of the guard are internal to nginx: no client can request them.
#[test]
fn the_internal_locations_are_not_there_for_clients() {
    let site = Site::behind(&NGINX, &[]);
    let token = site.idp.token().sign();
    for target in ["/_doorward", "/_doorward_denied", "/_doorward_failed"] {
        assert_eq!(
            site.refused(site.get(target).bearer(&token)).status,
            404,
            "{target}"
        );
    }
}

/// nginx picks the server by the request line (RFC 9112 section 3.2.2), and `$http_host` is the
/// other field: with two servers a client could have one checked and be served by the other.
#[test]
fn the_host_judged_is_the_host_served() {
    let idp = TestIssuer::new();
    let routes = "routes:\n- {name: open, match: {host: www.example}, access: anonymous}\n- {name: rest, match: {}}\n";
    let gate = TestGate::new()
        .trusting(&idp)
        .set("PROXY", "nginx")
        .file(routes)
        .spawn();
    let (open, guarded) = (Echo::start(), Echo::start());
    let nginx = start_two_sites(&gate, &open, &guarded);
    let ask = |line_host: &str, host: &str| {
        let head =
            format!("GET {line_host}/x HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        Client::connect(nginx.address)
            .send_bytes(head.as_bytes(), false)
            .status
    };
    for (line_host, host, status) in [
        ("", "www.example", 200),
        ("", "WWW.example.:80", 200),
        ("http://www.example", "www.example", 200),
        ("http://www.example:80", "www.example:8080", 200),
        ("", "app.example", 401),
        ("http://app.example", "app.example", 401),
        ("http://app.example", "www.example", 400),
        ("http://www.example", "app.example", 400),
        ("http://app.example", "www.example|app.example", 400),
        ("http://app.example", "www.example/app.example", 400),
        // No server has this name, so the first one serves it. Programs differ about its end.
        ("", "www.example?x", 403),
        ("", "www.example#x", 403),
        ("", "www.example:80?x", 400),
    ] {
        assert_eq!(
            ask(line_host, host),
            status,
            "{line_host:?} with Host: {host}"
        );
    }
    assert_eq!((open.requests(), guarded.requests()), (4, 0));
}

/// As over HTTP/3, which has no Host field: the host by which nginx selects the server is checked
/// and passed on.
#[test]
fn without_a_host_field_the_host_judged_is_the_host_served() {
    let idp = TestIssuer::new();
    let routes = "routes:\n- {name: open, match: {host: www.example}, access: anonymous}\n- {name: app, match: {host: app.example}}\n";
    let gate = TestGate::new()
        .trusting(&idp)
        .set("PROXY", "nginx")
        .file(routes)
        .spawn();
    let (open, guarded) = (Echo::start(), Echo::start());
    let nginx = start_two_sites(&gate, &open, &guarded);
    let token = idp.token().sign();
    let ask = |target: &str, fields: &str| {
        let head = format!("GET {target} HTTP/1.0\r\n{fields}\r\n");
        Client::connect(nginx.address).send_bytes(head.as_bytes(), false)
    };
    let bearer = format!("Authorization: Bearer {token}\r\n");
    for (target, host) in [
        ("http://app.example/x", "app.example"),
        ("http://APP.example:80/x", "app.example"),
        ("/x", "app.example"),
    ] {
        assert_eq!(ask(target, "").verdict(), "401 token_missing", "{target}");
        let seen = Site::echoed(&ask(target, &bearer));
        let got = [
            seen.get("Host"),
            seen.get("X-Forwarded-Host"),
            seen.get("X-Auth-Subject"),
            &seen.target,
        ];
        assert_eq!(got, [host, host, "alice", "/x"], "{target}");
    }
    let seen = Site::echoed(&ask("http://www.example/x", &bearer));
    assert_eq!(
        [seen.get("Host"), seen.get("X-Auth-Subject")],
        ["www.example", ""]
    );
    // A server without a route.
    assert_eq!(
        ask("http://other.example/x", &bearer).verdict(),
        "403 route_denied"
    );
    for (line, field) in [("app", "www"), ("www", "app")] {
        let answer = ask(
            &format!("http://{line}.example/x"),
            &format!("Host: {field}.example\r\n{bearer}"),
        );
        assert_eq!(
            answer.verdict(),
            "400",
            "{line}.example with Host: {field}.example"
        );
    }
    assert_eq!((open.requests(), guarded.requests()), (1, 3));
}

/// `app.example` with what is guarded, and `www.example` with what is open.
fn start_two_sites(gate: &TestGate, open: &Echo, guarded: &Echo) -> Component {
    let wiring = Wiring::new(gate.verify.to_string(), guarded.address);
    Component::listening(|directory, port| {
        let headers = shipped("deploy/nginx/snippets/doorward-headers.conf", &[]);
        write_configuration(directory, port, &wiring, &headers);
        let file = directory.join("doorward.conf");
        let site = std::fs::read_to_string(&file)
            .unwrap()
            .replace("app.example.com", "app.example");
        let server = site.find("server {\n    listen ").unwrap();
        let second = site[server..].replace("app.example", "www.example");
        let second = second.replace("http://application", &format!("http://{}", open.address));
        std::fs::write(file, site + &second).unwrap();
        command(directory)
    })
}

/// The headers that the page adds, on whatever the client gets.
#[test]
fn headers_of_the_site_are_on_denials_too() {
    let own = blocks("docs/nginx.md", "conf").remove(0);
    let names = [
        "access-control-allow-origin",
        "access-control-expose-headers",
        "strict-transport-security",
        "vary",
    ];
    let seen = |answer: &Answer| names.map(|name| answer.get(name).unwrap_or_default().to_owned());
    let expected = [
        "https://shop.example.com",
        "WWW-Authenticate",
        "max-age=31536000",
        "Origin",
    ];
    assert_eq!(own.lines().count(), names.len());

    let mut site = Site::behind(
        &Proxy {
            start: start_with_own_headers,
            ..NGINX
        },
        &[("REQUIRED_SCOPES", "read")],
    );
    let good = site.idp.token().claim("scope", "read").sign();
    let allowed = site.get("/").bearer(&good).send();
    assert_eq!(
        (allowed.status, seen(&allowed)),
        (200, expected.map(str::to_owned))
    );
    for (request, verdict, challenge) in [
        (site.get("/"), "401 token_missing", "Bearer"),
        (
            site.get("/").bearer(&site.idp.token().sign()),
            "403 scope_insufficient",
            "insufficient_scope",
        ),
    ] {
        let denied = site.refused(request);
        assert_eq!(
            (denied.verdict().as_str(), seen(&denied)),
            (verdict, expected.map(str::to_owned))
        );
        assert!(denied.get("www-authenticate").unwrap().contains(challenge));
    }
    site.stop_doorward();
    let failed = site.refused(site.get("/").bearer(&good));
    assert_eq!(
        (failed.status, seen(&failed)),
        (503, expected.map(str::to_owned))
    );
    assert_eq!(failed.get("cache-control"), Some("no-store"));
}

/// What the page warns of, so that it goes when it is no longer true.
#[test]
fn headers_at_the_server_alone_are_not_on_denials() {
    let site = Site::behind(
        &Proxy {
            start: start_with_headers_at_the_server,
            ..NGINX
        },
        &[],
    );
    let origin = |answer: Answer| answer.get("access-control-allow-origin").map(str::to_owned);
    let allowed = site.get("/").bearer(&site.idp.token().sign()).send();
    assert_eq!(origin(allowed).as_deref(), Some("https://shop.example.com"));
    assert_eq!(origin(site.refused(site.get("/"))), None);
}

const INCLUDE: &str = "#include snippets/site-headers.conf;";

fn start_with_own_headers(wiring: &Wiring) -> Component {
    start_changed(wiring, &|site| {
        assert_eq!(site.matches(INCLUDE).count(), 3);
        site.replace(INCLUDE, &blocks("docs/nginx.md", "conf")[0])
    })
}

fn start_with_headers_at_the_server(wiring: &Wiring) -> Component {
    start_changed(wiring, &|site| {
        site.replacen(INCLUDE, &blocks("docs/nginx.md", "conf")[0], 1)
    })
}

/// Only WebSocket may leave HTTP.
#[test]
fn h2c_is_not_passed_on() {
    let site = Site::behind(&NGINX, &[]);
    let request = site
        .get("/")
        .header("Connection", "Upgrade, HTTP2-Settings")
        .header("Upgrade", "h2c");
    let seen = site.served(
        request
            .header("HTTP2-Settings", "AAMAAABkAAQAoAAAAAIAAAAA")
            .bearer(&site.idp.token().sign()),
    );
    assert_eq!((seen.get("Upgrade"), seen.get("Connection")), ("", ""));
}

/// The lines of the snippet that are for the token source `websocket`.
#[test]
fn a_token_among_websocket_protocols_stays_with_nginx() {
    let with_protocols = |wiring: &Wiring| {
        let set = (
            "#auth_request_set $doorward_protocols",
            "auth_request_set $doorward_protocols",
        );
        let pass = (
            "#proxy_set_header Sec-WebSocket-Protocol",
            "proxy_set_header Sec-WebSocket-Protocol",
        );
        start_with(
            wiring,
            &shipped("deploy/nginx/snippets/doorward-headers.conf", &[set, pass]),
        )
    };
    let proxy = Proxy {
        start: with_protocols,
        ..NGINX
    };
    let site = Site::behind(&proxy, &[("TOKEN_SOURCES", "bearer, websocket")]);
    let token = site.idp.token().sign();
    let offering = |list: &str| site.get("/live").header("Sec-WebSocket-Protocol", list);
    for (list, left) in [
        (format!("bearer, {token}, chat, v2.chat"), "chat, v2.chat"),
        (
            format!(
                "chat, base64url.bearer.authorization.k8s.io.{}",
                BASE64_URL_SAFE_NO_PAD.encode(&token)
            ),
            "chat",
        ),
        (format!("bearer, {token}"), ""),
    ] {
        let seen = site.served(offering(&list).header("X-Auth-WebSocket-Protocol", "mine"));
        assert_eq!(
            (
                seen.get("X-Auth-Subject"),
                seen.get("Sec-WebSocket-Protocol")
            ),
            ("alice", left),
            "{list}"
        );
        assert_eq!(seen.get("X-Auth-WebSocket-Protocol"), "");
    }
    let seen = site.served(offering("chat").bearer(&token));
    assert_eq!(seen.get("Sec-WebSocket-Protocol"), "chat");
    assert_eq!(site.refused(offering("chat")).status, 401);
    let handshake = offering(&format!("bearer, {token}, chat"));
    let handshake = handshake
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket");
    assert_eq!(
        site.connect()
            .send(&handshake.header("Sec-WebSocket-Version", "13"))
            .status,
        101
    );
}
