//! What is read out of a description, and what a transcript leaves behind.

use serde_json::json;

use super::explained;
use crate::support::{TestGate, TestIssuer};

#[test]
fn a_token_is_put_where_the_route_looks_for_it() {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("TOKEN_SOURCES", "cookie:session")
        .spawn();
    let token = idp.token().sign();
    assert_eq!(
        explained(&gate, &json!({ "token": token }))["verdict"],
        "allow"
    );
    let elsewhere = json!({"headers": {"Authorization": format!("Bearer {token}")}});
    assert_eq!(explained(&gate, &elsewhere)["reason"], "token_missing");
    let own = json!({"headers": {"Cookie": format!("session={token}")}});
    assert_eq!(explained(&gate, &own)["verdict"], "allow");
}

#[test]
fn explaining_leaves_no_traces() {
    let idp = TestIssuer::new().serve();
    let gate = TestGate::new().discovering(&idp).spawn();
    assert_eq!(gate.verdict(&idp.token().sign()), "200");
    let count = || {
        let page = gate.admin("/metrics").send().body;
        let counted = page.lines().filter(|line| {
            line.starts_with("doorward_decision") || line.starts_with("doorward_token")
        });
        counted.map(str::to_owned).collect::<Vec<_>>()
    };
    let (before, fetched, lines) = (count(), idp.fetches(), gate.log_lines().len());
    let unknown = idp.token().header("kid", "nobody").sign();
    for token in [idp.token().subject("other").sign(), unknown, "x".to_owned()] {
        let told = explained(&gate, &json!({ "token": token })).to_string();
        let signature = token.rsplit('.').next().unwrap();
        assert!(signature.len() < 5 || !told.contains(signature), "{told}");
    }
    assert_eq!(
        (count(), idp.fetches(), gate.log_lines().len()),
        (before, fetched, lines)
    );
}

#[test]
fn what_is_no_description_is_refused_without_being_echoed() {
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).spawn();
    for body in [
        "",
        "{",
        "[]",
        r#"{"tokn": "secret"}"#,
        r#"{"token": 1}"#,
        r#"{"token": "secret"} x"#,
    ] {
        let answer = gate.explain(body).send();
        assert_eq!(answer.status, 400, "{body}");
        assert!(!answer.body.contains("secret"), "{answer:?}");
    }
    let long = json!({"token": "x".repeat(70_000)}).to_string();
    assert_eq!(gate.explain(&long).send().status, 413);
    assert_eq!(gate.admin("/explain").send().status, 405);
}
