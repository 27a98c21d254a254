//! Who may ask: a transcript shows claims and rules.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use serde_json::json;

use crate::support::{Request, TestDatabase, TestGate, TestIssuer};

/// An address of this machine that is not loopback: a packet to the documentation network would
/// leave from it. None is sent, connecting a UDP socket only asks for the route.
pub fn own_address() -> IpAddr {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    socket
        .connect("192.0.2.1:9")
        .expect("needs a network interface beside loopback");
    let address = socket.local_addr().unwrap().ip();
    assert!(!address.is_loopback());
    address
}

fn ask(gate: &TestGate, address: IpAddr) -> (u16, String) {
    let to = SocketAddr::new(address, gate.admin.port());
    let answer = Request::new(to, "POST", "/explain")
        .host(&to.to_string())
        .body("{}")
        .send();
    (answer.status, answer.body)
}

#[test]
fn others_than_loopback_are_answered_only_if_the_setting_says_so() {
    let idp = TestIssuer::new();
    let settings = TestGate::new()
        .trusting(&idp)
        .set("ADMIN_LISTEN", "0.0.0.0:0");
    let loopback = "127.0.0.1".parse().unwrap();
    let gate = settings.clone().spawn();
    assert_eq!(ask(&gate, loopback).0, 200);
    let refusal =
        json!({"error": "only loopback peers may ask, unless `explain` or `admin_token` is set"})
            .to_string();
    assert_eq!(ask(&gate, own_address()), (403, refusal));
    let open = settings.set("EXPLAIN", "true").spawn();
    assert_eq!(ask(&open, own_address()).0, 200);
}

/// A row has more personal data than a token. With `explain` others may ask, and see that there is a
/// row; they see its values only with the token of the admin listener.
#[test]
fn rows_are_shown_on_loopback_and_with_the_token_only() {
    let (idp, database) = (TestIssuer::new(), TestDatabase::sqlite());
    database.run(
        "CREATE TABLE users (id TEXT, email TEXT); INSERT INTO users VALUES ('alice', 'alice@private.example')",
    );
    let settings = TestGate::new()
        .trusting(&idp)
        .set("ADMIN_LISTEN", "0.0.0.0:0")
        .set("EXPLAIN", "true")
        .set("DIRECTORY_URL", &database.url)
        .set(
            "DIRECTORY_QUERY",
            "SELECT id, email FROM users WHERE id = ?",
        )
        .set("DIRECTORY_KEY", "id")
        .set("DIRECTORY_TIMEOUT", "10s")
        .set("DEPENDENCY_WAIT", "20s")
        .set("CLAIM_HEADERS", "user:email=X-User-Email");
    let token = idp.token().sign();
    let loopback = "127.0.0.1".parse().unwrap();
    let shown = |gate: &TestGate, address: IpAddr, secret: Option<&str>| {
        let to = SocketAddr::new(address, gate.admin.port());
        let request = Request::new(to, "POST", "/explain").host(&to.to_string());
        let request = secret.into_iter().fold(request, Request::bearer);
        let answer = request.body(json!({"token": token}).to_string()).send();
        assert_eq!(answer.json()["verdict"], "allow", "{answer:?}");
        answer.body.contains("private.example")
    };
    let gate = settings.clone().spawn();
    assert_eq!(gate.verdict(&token), "200", "the row is kept");
    assert!(shown(&gate, loopback, None));
    assert!(!shown(&gate, own_address(), None));
    let secret = "0123456789abcdef0123456789abcdef";
    let gate = settings.set("ADMIN_TOKEN", secret).spawn();
    assert_eq!(gate.verdict(&token), "200");
    assert!(shown(&gate, own_address(), Some(secret)));
}
