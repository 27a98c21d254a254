//! Key documents, metadata and tokens in the shapes in which providers write them; the keys are our
//! own.
//!
//! Each file of `tests/providers/` is a provider: settings, documents, what must come of its keys,
//! and tokens with what must come of them. In its texts `{a.n}` means the modulus of the key
//! `a`; `0` in front of a member is a zero in front of the number, `-` a number without the zeros
//! in front of it, and `=` behind it the padding of base64. Times that are 0 are filled in.

mod first_mistakes;
mod keys;
mod spellings;

use std::path::Path;

use doorward::domain::Clock;
use serde_json::{Map, Value, json};

use crate::support::{FaultyIssuer, TestGate};
use keys::{filled_in, signed};

/// Whose documents there must be.
const PROVIDERS: [&str; 22] = [
    "adfs",
    "auth0",
    "authentik",
    "clerk",
    "cloudflare-access",
    "cognito",
    "dotnet",
    "entra",
    "entra-external-id",
    "firebase",
    "firebase-session-cookie",
    "forgerock",
    "gitlab",
    "google",
    "hydra",
    "java",
    "keycloak",
    "kubernetes",
    "okta",
    "supabase",
    "teleport",
    "zitadel",
];

#[test]
fn every_provider_is_there() {
    let files = std::fs::read_dir(directory())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut names: Vec<_> = files
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort_unstable();
    assert_eq!(names, PROVIDERS);
}

/// Providers whose keys metadata do not lead to; `about` of the file says why.
const WITHOUT_METADATA: [&str; 3] = ["adfs", "cloudflare-access", "firebase-session-cookie"];

#[test]
fn every_provider_has_metadata_and_a_token_that_is_refused() {
    for name in PROVIDERS {
        let provider = read(name);
        let has_metadata = provider.get("metadata").is_some();
        assert_ne!(has_metadata, WITHOUT_METADATA.contains(&name), "{name}");
        let tokens = provider["tokens"].as_array().unwrap();
        let is_accepted = |token: &Value| token["answer"] == "200";
        assert!(tokens.iter().any(is_accepted), "{name}");
        assert!(!tokens.iter().all(is_accepted), "{name}");
    }
}

#[test]
fn keys_and_tokens_of_every_provider_are_what_they_are() {
    for name in PROVIDERS {
        let provider = read(name);
        let issuer = FaultyIssuer::serving(filled_in(&provider["jwks"]));
        let gate = spawned(&provider, &issuer);
        let status = gate.admin("/status").send().json()["issuers"][0].clone();
        let of_key = |key: &Value| json!({"id": key["id"], "algorithms": key["algorithms"]});
        let keys: Vec<_> = status["keys"]
            .as_array()
            .unwrap()
            .iter()
            .map(of_key)
            .collect();
        assert_eq!(json!(keys), provider["keys"], "{name}");
        let none = json!([]);
        assert_eq!(status["refused_keys"], none, "{name}");
        assert_eq!(
            &status["encryption_keys"],
            provider.get("encryption").unwrap_or(&none),
            "{name}"
        );
        for token in provider["tokens"].as_array().unwrap() {
            let text = signed(token, gate.clock.now().as_secs());
            assert_eq!(
                verdict(&gate, &provider, &text),
                token["answer"].as_str().unwrap(),
                "{name}: {token}"
            );
        }
        // About documents; that the shipped proxy files do not send a provider's own header is
        // another matter.
        let is_about_documents =
            |event: &String| event.starts_with("WARN") && !event.contains("doorward config proxy");
        let warnings: Vec<_> = gate
            .events()
            .into_iter()
            .filter(is_about_documents)
            .collect();
        assert_eq!(warnings, Vec::<String>::new(), "{name}");
    }
}

/// The service with the provider's settings, and its documents here.
fn spawned(provider: &Value, issuer: &FaultyIssuer) -> TestGate {
    let mut gate = TestGate::new();
    for (name, value) in provider["settings"].as_object().unwrap() {
        gate = gate.set(name, value.as_str().unwrap());
    }
    let gate = match provider.get("metadata") {
        Some(metadata) => {
            issuer.describe(
                metadata
                    .to_string()
                    .replace("{jwks_uri}", &format!("{}/jwks", issuer.url)),
            );
            gate.set(
                "DISCOVERY_URL",
                format!("{}/.well-known/openid-configuration", issuer.url),
            )
        }
        None => gate.set("JWKS_URL", format!("{}/jwks", issuer.url)),
    };
    let gate = gate.spawn();
    gate.wait_for("/readyz", |answer| answer.status == 200);
    gate
}

/// The verdict about this token where the provider's proxies send it.
fn verdict(gate: &TestGate, provider: &Value, token: &str) -> String {
    let source = provider["settings"]
        .get("TOKEN_SOURCES")
        .and_then(Value::as_str)
        .unwrap_or_default();
    match source.split([':', ',']).nth(1) {
        Some(header) => gate.get("/verify").header(header, token).send().verdict(),
        None => gate.verdict(token),
    }
}

fn read(name: &str) -> Value {
    let text = std::fs::read_to_string(directory().join(format!("{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn directory() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/providers"))
}

/// The members of an object.
fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap()
}
