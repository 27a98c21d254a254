//! `docs/providers.md`: the usual first mistake with each provider gets the answer that the page
//! says, and Keycloak's realm is what its commands ask for.

use std::process::{Command, Output};

use doorward::jose::encode_base64url;
use serde_json::Value;

use crate::support::{TestGate, TestIssuer, TokenBuilder, blocks, shipped};

const PAGE: &str = "docs/providers.md";
const REALM: &str = "deploy/keycloak/realm.json";

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

/// Nothing here can run Keycloak. So: what the page asks of the realm is in it, its audience is
/// one, and the commands around do what they should.
#[test]
fn the_realm_has_what_the_page_asks_for() {
    let realm: Value = serde_json::from_str(&shipped(REALM, &[])).unwrap();
    let commands = blocks(PAGE, "sh");
    let [inspect, start, check, fetch] = commands.as_slice() else {
        panic!("{commands:?}");
    };
    assert_eq!(inspect, "doorward token inspect < token\n");
    let folder = REALM.rsplit_once('/').unwrap().0;
    assert!(start.contains(&format!(
        "-v \"$PWD/{folder}:/opt/keycloak/data/import:ro\""
    )));

    // Clients get the usual scopes only if the realm lists none; `basic`, with `sub`, is among them.
    assert!(realm.get("clientScopes").is_none());
    let clients = realm["clients"].as_array().unwrap();
    let client = |id: &str| {
        clients
            .iter()
            .find(|client| client["clientId"] == id)
            .unwrap()
    };
    let shop = client("shop");
    let mapper = &shop["protocolMappers"][0];
    assert_eq!(mapper["protocolMapper"], "oidc-audience-mapper");
    assert_eq!(mapper["config"]["access.token.claim"], "true");
    let audience = mapper["config"]["included.client.audience"]
        .as_str()
        .unwrap();
    client(audience);
    for part in [
        &format!("DOORWARD_AUDIENCE={audience}\n"),
        &format!(
            "DOORWARD_KEYCLOAK_REALM={} ",
            realm["realm"].as_str().unwrap()
        ),
    ] {
        assert!(check.contains(part), "{part}");
    }
    let (user, url) = (
        &realm["users"][0],
        "/realms/acme/protocol/openid-connect/token",
    );
    assert_eq!(shop["directAccessGrantsEnabled"], true);
    for (name, value) in [
        ("client_id", &shop["clientId"]),
        ("username", &user["username"]),
        ("password", &user["credentials"][0]["value"]),
    ] {
        let field = format!(" -d {name}={} ", value.as_str().unwrap());
        assert!(fetch.contains(&field), "{field}");
    }
    assert!(fetch.contains(url) && start.contains("--http-port=8180"));

    let place = tempfile::tempdir().unwrap();
    let shell = |command: &str| -> Output {
        let program = std::path::Path::new(env!("CARGO_BIN_EXE_doorward"));
        let path = program.parent().unwrap().display().to_string();
        let path = format!("{path}:{}", std::env::var("PATH").unwrap());
        let mut shell = Command::new("sh");
        let shell = shell.args(["-euc", command]).env("PATH", path);
        shell.current_dir(&place).output().unwrap()
    };
    let checked = shell(check);
    assert!(checked.status.success(), "{checked:?}");
    let (curl, to_file) = fetch.split_once(" | ").unwrap();
    assert!(curl.starts_with("curl -s http://127.0.0.1:8180/"));
    let answer = r#"{"access_token":"eyJ.x-_.y","expires_in":300,"token_type":"Bearer"}"#;
    assert!(
        shell(&format!("echo '{answer}' | {to_file}"))
            .status
            .success()
    );
    let token = std::fs::read_to_string(place.path().join("token")).unwrap();
    assert_eq!(token, "eyJ.x-_.y\n");
}
