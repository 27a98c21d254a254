//! Who may ask: a transcript shows claims and rules.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use serde_json::json;

use crate::support::{Request, TestGate, TestIssuer};

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
