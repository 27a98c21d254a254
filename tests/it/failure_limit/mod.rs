//! `failure_limit`: a client address with too many failures has to wait, and others do not.

mod addresses;
mod behind_proxies;
mod counting;
mod credentials;

use std::sync::atomic::{AtomicU32, Ordering};

use doorward::jose::{Algorithm, SigningKey};

use crate::support::{Answer, GateBuilder, Request, TestGate, TestIssuer};

/// A client, and another one.
const MALLORY: &str = "203.0.113.66";
const ALICE: &str = "203.0.113.9";

/// A service behind Traefik with a limit of three failures a minute.
fn limited(idp: &TestIssuer) -> GateBuilder {
    TestGate::new()
        .trusting(idp)
        .set("PROXY", "traefik")
        .set("FAILURE_LIMIT", "3/1m")
}

/// A token with the signature of another key.
fn forged(idp: &TestIssuer) -> String {
    let other = SigningKey::generate(Algorithm::ES256).unwrap();
    idp.token().signed_by(other.into()).sign()
}

/// A token that was never seen before.
fn new_token(idp: &TestIssuer) -> String {
    static SERIAL: AtomicU32 = AtomicU32::new(0);
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
    idp.token().claim("jti", serial.to_string()).sign()
}

/// Asks as Traefik does for this client.
fn ask(gate: &TestGate, client: &str, token: &str) -> Request {
    gate.get("/verify")
        .header("X-Forwarded-For", client)
        .bearer(token)
}

fn verdict(gate: &TestGate, client: &str, token: &str) -> String {
    ask(gate, client, token).send().verdict()
}

/// Has this client fail three times, which is the limit.
fn exhaust(gate: &TestGate, idp: &TestIssuer, client: &str) {
    for _ in 0..3 {
        assert_eq!(
            verdict(gate, client, &forged(idp)),
            "401 signature_invalid",
            "{client}"
        );
    }
}

fn is_limited(gate: &TestGate, idp: &TestIssuer, client: &str) -> bool {
    match verdict(gate, client, &new_token(idp)).as_str() {
        "200" => false,
        "429 rate_limited" => true,
        other => panic!("{other}"),
    }
}

fn counted(gate: &TestGate, result: &str) -> u32 {
    let value = gate.metric(&format!(
        "doorward_rate_limited_total{{result=\"{result}\"}}"
    ));
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let count = value as u32;
    count
}

fn retry_after(answer: &Answer) -> Option<&str> {
    answer.get("retry-after")
}
