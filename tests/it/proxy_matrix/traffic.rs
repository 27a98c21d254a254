//! Requests of every kind that are allowed.

use super::{Case, Stand};
use crate::support::Site;
use crate::support::proxy_suite::connections_for;

pub const CASES: &[Case] = &[
    Case {
        name: "`POST` with 1 MiB",
        look: |stand| arrives(stand, "POST"),
    },
    Case {
        name: "`PUT` with 1 MiB",
        look: |stand| arrives(stand, "PUT"),
    },
    Case {
        name: "`HEAD`",
        look: head,
    },
    Case {
        name: "a CORS preflight, with `allow_preflight`",
        look: preflight,
    },
    Case {
        name: "a WebSocket",
        look: websocket,
    },
    Case {
        name: "a token of 12 KiB",
        look: |stand| long_token(stand, 9_000),
    },
    Case {
        name: "a token of 16 KiB",
        look: |stand| long_token(stand, 12_000),
    },
    Case {
        name: "connections to doorward for 100 requests of one client",
        look: |stand| connections_for(stand.proxy, 1).to_string(),
    },
];

fn arrives(stand: &Stand, method: &str) -> String {
    let body = "b".repeat(1024 * 1024);
    let seen = stand.site.served(
        stand
            .site
            .request(method, "/upload")
            .bearer(&stand.token())
            .body(&body),
    );
    assert_eq!((seen.method.as_str(), seen.body == body), (method, true));
    "arrives whole".into()
}

fn head(stand: &Stand) -> String {
    let mut client = stand.site.connect();
    let answer = client.send(&stand.site.request("HEAD", "/").bearer(&stand.token()));
    assert_eq!(
        (answer.status, answer.get("x-application")),
        (200, Some("echo"))
    );
    assert_eq!(client.send(&stand.site.request("HEAD", "/")).status, 401);
    "answered without a body".into()
}

fn preflight(stand: &Stand) -> String {
    let asked = stand
        .site
        .request("OPTIONS", "/")
        .header("Origin", "https://shop.example");
    let seen = stand.site.served(
        asked
            .header("Access-Control-Request-Method", "PUT")
            .header("X-Auth-Subject", "m"),
    );
    assert_eq!(seen.get("X-Auth-Subject"), "");
    "passes, without identity".into()
}

fn websocket(stand: &Stand) -> String {
    let upgrade = stand
        .site
        .get("/live")
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket");
    let upgrade = upgrade
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    let mut client = stand.site.connect();
    assert_eq!(client.send(&upgrade.bearer(&stand.token())).status, 101);
    client.write(b"hello");
    assert_eq!(client.read_bytes(5), b"hello");
    "opens".into()
}

fn long_token(stand: &Stand, filler: usize) -> String {
    let token = stand
        .site
        .idp
        .token()
        .claim("scope", "read")
        .claim("filler", "x".repeat(filler))
        .sign();
    assert!(token.len() <= 16_384, "{}", token.len());
    let answer = stand.site.get("/").bearer(&token).send();
    if answer.status != 200 {
        return answer.verdict();
    }
    assert_eq!(Site::echoed(&answer).get("X-Auth-Subject"), "alice");
    "passes".into()
}
