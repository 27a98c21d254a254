//! Who may ask: a transcript shows claims and rules.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use base64::Engine;
use doorward::hints::Hint;
use serde_json::json;

use crate::listed::{Files, user, with_passwords};
use crate::support::{Request, TestGate, TestIssuer};

/// The hints that the tests of this file try.
pub fn tried() -> Vec<Hint> {
    vec![Hint::ExplainPassword]
}

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

/// Limits on failures do not apply to an explanation, so it would be a way to try passwords.
#[test]
fn a_password_is_compared_only_for_loopback_and_the_token() {
    let files = Files::new();
    let settings = with_passwords(&files.write("htpasswd", user("alice", "secret")))
        .set("ADMIN_LISTEN", "0.0.0.0:0");
    let describe = |pair: &str| {
        let pair = base64::prelude::BASE64_STANDARD.encode(pair);
        json!({"headers": {"authorization": format!("Basic {pair}")}}).to_string()
    };
    let explain = |gate: &TestGate, address: IpAddr, token: &str, pair: &str| {
        let to = SocketAddr::new(address, gate.admin.port());
        let request = Request::new(to, "POST", "/explain").host(&to.to_string());
        let told = request.bearer(token).body(describe(pair)).send().json();
        let stage = told["stages"].as_array().unwrap().last().unwrap();
        (told["verdict"].clone(), stage["found"].clone(), told)
    };
    let open = settings.clone().set("EXPLAIN", "true").spawn();
    let unknown = explain(&open, own_address(), "x", "alice:secret");
    assert_eq!(
        (&unknown.0, &unknown.1),
        (&json!("unknown"), &json!("would be compared"))
    );
    assert_eq!(unknown.2["hint"], Hint::ExplainPassword.text());
    for pair in ["alice:wrong", "bob:secret"] {
        assert_eq!(explain(&open, own_address(), "x", pair), unknown, "{pair}");
    }
    let loopback = "127.0.0.1".parse().unwrap();
    let told = explain(&open, loopback, "x", "alice:wrong");
    assert_eq!(told.1, "another password than that of \"alice\"");

    let token = "a-token-of-at-least-thirty-two-characters";
    let guarded = settings.set("ADMIN_TOKEN", token).spawn();
    let told = explain(&guarded, own_address(), token, "bob:secret");
    assert_eq!((told.0, told.1), (json!("deny"), json!("no user \"bob\"")));
}
