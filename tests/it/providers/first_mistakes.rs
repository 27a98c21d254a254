//! `docs/providers.md`: the usual first mistake with each provider gets the answer that the page
//! says. Keycloak's commands and realm are tried in `keycloak.rs`.

use doorward::jose::encode_base64url;
use serde_json::Value;

use crate::support::{TestGate, TestIssuer, TokenBuilder, shipped};

const PAGE: &str = "docs/providers.md";

/// Those with a section on both pages.
const PROVIDERS: [&str; 7] = [
    "Keycloak", "Auth0", "Entra", "Cognito", "Okta", "Google", "Firebase",
];

#[test]
fn the_first_mistake_gets_the_answer_of_the_page() {
    let (page, presets) = (shipped(PAGE, &[]), shipped("docs/presets.md", &[]));
    for provider in PROVIDERS {
        let own = section(&page, provider);
        let mistake: Value = serde_json::from_str(block(own, "json")).unwrap();
        let idp = TestIssuer::new();
        let gate = TestGate::new()
            .by_time_of(&idp)
            .file(block(section(&presets, &provider.to_lowercase()), "yaml"))
            .set("JWKS", idp.jwks())
            .spawn();
        let answer = gate.verdict(&token(&idp, &mistake));
        assert_eq!(answer, block(own, "text").trim_end(), "{provider}");
    }
}

/// A token in the shape of the mistake, in order apart from that.
fn token(idp: &TestIssuer, mistake: &Value) -> String {
    if !mistake["header"]["enc"].is_null() {
        // Without an encrypted key (RFC 7518 section 4.5); the rest is nothing that could be read.
        return format!("{}..aXY.dGV4dA.dGFn", part(&mistake["header"]));
    }
    let claims = mistake["claims"].as_object().unwrap();
    let token = claims
        .iter()
        .fold(idp.token().without("aud"), |token, (name, value)| {
            token.claim(name, value.clone())
        });
    match mistake["header"]["nonce"].as_str() {
        Some(nonce) => signed_for_another_nonce(&token, nonce),
        None => token.sign(),
    }
}

/// As Microsoft signs what is meant for Graph.
fn signed_for_another_nonce(token: &TokenBuilder, nonce: &str) -> String {
    let [signed, shown] = ["another", nonce].map(|nonce| token.clone().header("nonce", nonce));
    let (signed, shown) = (signed.sign(), shown.sign());
    let (_, claims_and_signature) = signed.split_once('.').unwrap();
    let (header, _) = shown.split_once('.').unwrap();
    format!("{header}.{claims_and_signature}")
}

fn part(value: &Value) -> String {
    encode_base64url(value.to_string())
}

fn section<'a>(page: &'a str, name: &str) -> &'a str {
    let (_, behind) = page.split_once(&format!("\n## {name}\n")).unwrap();
    behind.split("\n## ").next().unwrap()
}

/// The first block in this language.
fn block<'a>(section: &'a str, language: &str) -> &'a str {
    let (_, behind) = section.split_once(&format!("```{language}\n")).unwrap();
    behind.split("```").next().unwrap()
}
