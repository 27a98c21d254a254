//! The shortest way through the whole fixture.

use doorward::jose::Algorithm;

use crate::support::{TestGate, TestIssuer, key};

#[test]
fn a_good_token_passes_and_the_claims_come_back() {
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).spawn();
    let answer = gate
        .get("/verify")
        .bearer(&idp.token().claim("email", "a@example.com").sign())
        .send();
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    assert_eq!(answer.get("x-auth-subject"), Some("alice"));
    assert_eq!(answer.get("x-auth-email"), Some("a@example.com"));
    assert_eq!(answer.get("x-auth-scopes"), Some(""));
    assert_eq!(answer.get("cache-control"), Some("no-store"));
}

#[test]
fn no_token_is_challenged() {
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).spawn();
    let answer = gate.get("/verify").send();
    assert_eq!(answer.verdict(), "401 token_missing");
    assert_eq!(
        answer.get("www-authenticate"),
        Some("Bearer realm=\"doorward\"")
    );
    assert_eq!(answer.json()["code"], "token_missing");
}

#[test]
fn keys_come_by_discovery() {
    let idp = TestIssuer::with_keys(vec![key(Algorithm::EdDSA)]).serve();
    let gate = TestGate::new().discovering(&idp).spawn();
    gate.wait_for("/readyz", |answer| answer.status == 200);
    assert_eq!(gate.verdict(&idp.token().sign()), "200");
    assert_eq!(idp.fetches(), 1);
}
