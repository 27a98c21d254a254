//! `/explain` shows the operator the details that the response to the client leaves out.

use doorward::hints::Hint;
use serde_json::{Value, json};

use super::{Files, api_key, entry, metric, user};
use crate::support::{TestGate, TestIssuer};

/// The hints that the test of this file tries.
pub fn tried() -> Vec<Hint> {
    [Hint::CredentialUnknown, Hint::CredentialsInvalid].into()
}

#[test]
fn what_one_answer_hides_is_explained() {
    let (files, keys) = (Files::new(), [api_key(), api_key(), api_key(), api_key()]);
    let idp = TestIssuer::new();
    let lines = [
        entry("old", &keys[1], ", expires: 2026-01-31"),
        entry("off", &keys[2], ", disabled: true"),
        entry("ci", &keys[3], ""),
    ];
    let gate = TestGate::new()
        .trusting(&idp)
        .set("API_KEYS_FILE", files.write("keys.yaml", lines.concat()))
        .set(
            "HTPASSWD_FILE",
            files.write("htpasswd", user("alice", "secret")),
        )
        .set("TOKEN_SOURCES", "bearer, basic")
        .spawn();
    let explained = |request: Value| -> (String, String, String) {
        let answer = gate.explain(request.to_string()).send();
        let told: Value = serde_json::from_str(&answer.body).unwrap();
        for secret in ["wrong", "secret", keys[0].as_str(), &keys[3]] {
            assert!(!answer.body.contains(secret), "{}", answer.body);
        }
        let stage = told["stages"].as_array().unwrap().iter().rev();
        let mut stage = stage.filter(|stage| {
            ["api key", "password", "form"].contains(&stage["stage"].as_str().unwrap())
        });
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let hint = tried()
            .into_iter()
            .find(|hint| hint.when() == format!("`{}`", text(&told["reason"])));
        if let Some(hint) = hint {
            assert_eq!(told["hint"], hint.with(&[]), "{told}");
        }
        let stage = stage.next().unwrap();
        (
            text(&told["reason"]),
            text(&stage["stage"]),
            text(&stage["found"]),
        )
    };
    let token = |token: &str| json!({"token": token});
    let basic = |pair: &str| {
        use base64::Engine;
        let pair = base64::prelude::BASE64_STANDARD.encode(pair);
        json!({"headers": {"authorization": format!("Basic {pair}")}})
    };
    for (request, reason, stage, found) in [
        (
            token(&keys[0]),
            "credential_unknown",
            "api key",
            "none with this hash",
        ),
        (
            token(&keys[1]),
            "credential_unknown",
            "api key",
            "a key that has expired",
        ),
        (
            token(&keys[2]),
            "credential_unknown",
            "api key",
            "a key that is disabled",
        ),
        (token(&keys[3]), "ok", "api key", "the key \"ci\""),
        (token("dw_short"), "token_malformed", "form", "too short"),
        (
            basic("alice:wrong"),
            "credentials_invalid",
            "password",
            "another password than that of \"alice\"",
        ),
        (
            basic("bob:wrong"),
            "credentials_invalid",
            "password",
            "no user \"bob\"",
        ),
        (
            basic("alice:secret"),
            "ok",
            "password",
            "the password of \"alice\"",
        ),
    ] {
        assert_eq!(
            explained(request),
            (reason.into(), stage.into(), found.into())
        );
    }
    // Nothing is counted, and nothing is remembered.
    assert_eq!(
        metric(
            &gate,
            r#"doorward_token_cache_requests_total{result="miss"}"#
        ),
        "0"
    );
    assert_eq!(metric(&gate, "doorward_token_cache_entries"), "0");
}
