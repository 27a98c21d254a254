//! Ory Hydra: opaque tokens, JWTs beside them, and tokens that are no access tokens, with the
//! configuration of `docs/providers.md`.

mod server;

use std::process::Command;

use server::{Client, Hydra};

use crate::support::{GateBuilder, TestGate, blocks};

const PAGE: &str = "docs/providers.md";

const SHOP: Client = Client {
    id: "shop",
    strategy: "opaque",
};

const SHOP_JWT: Client = Client {
    id: "shop-jwt",
    strategy: "jwt",
};

/// A server with these clients.
fn hydra(clients: &[Client]) -> Hydra {
    let hydra = Hydra::start();
    for client in clients {
        hydra.register(*client);
    }
    hydra
}

/// A service with the configuration of the page. A slow machine is no reason for a 503.
fn asking(hydra: &Hydra) -> GateBuilder {
    let settings = blocks(PAGE, "yaml");
    let settings = settings
        .iter()
        .find(|block| block.contains("/admin/oauth2/"));
    let changes = [
        ("https://hydra.example.com", hydra.issuer()),
        ("127.0.0.1:4445", hydra.admin.to_string()),
    ];
    let settings = changes
        .iter()
        .fold(settings.unwrap().clone(), |text, (from, to)| {
            assert!(text.contains(from), "{from}: {text}");
            text.replace(from, to)
        });
    TestGate::new()
        .by_machine_time()
        .set("JWKS_WAIT", "15s")
        .set("DEPENDENCY_WAIT", "30s")
        .set("INTROSPECTION_TIMEOUT", "30s")
        .set("INTROSPECTION_CACHE_TTL", "0s")
        .file(settings)
}

/// The number of questions.
fn asked(gate: &TestGate) -> f64 {
    let counted = |result: &str| {
        gate.metric(&format!(
            "doorward_dependency_requests_total{{dependency=\"introspection\",issuer=\"127.0.0.1\",result=\"{result}\"}}"
        ))
    };
    ["active", "inactive", "unreadable", "status", "rejected"]
        .map(counted)
        .iter()
        .sum()
}

#[test]
fn an_opaque_token_passes_until_it_is_revoked() {
    let hydra = hydra(&[SHOP]);
    let gate = asking(&hydra).spawn();
    let token = hydra.token(SHOP, "orders-api");
    assert!(token.starts_with("ory_at_"), "{token}");
    let answer = gate.get("/verify").bearer(&token).send();
    assert_eq!(answer.verdict(), "200", "{answer:?}");
    let seen = ["subject", "client-id", "scopes", "issuer"]
        .map(|name| answer.get(&format!("x-auth-{name}")).unwrap_or_default());
    assert_eq!(seen, ["shop", "shop", "read", &hydra.issuer()]);
    hydra.revoke(SHOP, &token);
    assert_eq!(gate.verdict(&token), "401 token_inactive");
    let unknown = format!("{token}x");
    assert_eq!(gate.verdict(&unknown), "401 token_inactive");
}

/// Its endpoint says `active` to everybody who asks, so the audience is what keeps others out.
#[test]
fn a_token_for_another_api_is_refused() {
    let hydra = hydra(&[SHOP, SHOP_JWT]);
    let gate = asking(&hydra).spawn();
    let mistake = blocks(PAGE, "text").pop().unwrap();
    for client in [SHOP, SHOP_JWT] {
        assert_eq!(gate.verdict(&hydra.token(client, "orders-api")), "200");
        let other = hydra.token(client, "");
        assert_eq!(gate.verdict(&other), mistake.trim_end(), "{}", client.id);
    }
}

#[test]
fn refresh_and_id_tokens_are_refused() {
    let hydra = hydra(&[SHOP]);
    let tokens = hydra.tokens_of_alice(SHOP);
    let token = |name: &str| tokens[name].as_str().unwrap();
    let roles = || asking(&hydra).set("CLAIM_HEADERS", "sub=X-User, ext.roles=X-Roles");
    let gate = roles().spawn();
    let answer = gate.get("/verify").bearer(token("access_token")).send();
    assert_eq!(answer.verdict(), "200", "{answer:?}");
    let seen = ["x-user", "x-roles"].map(|name| answer.get(name));
    assert_eq!(seen, [Some("alice"), Some("clerk")]);
    // The prefix is that of access tokens, so nobody is asked about this one.
    let refresh = token("refresh_token");
    let before = asked(&gate);
    assert_eq!(gate.verdict(refresh), "401 token_malformed");
    assert!((asked(&gate) - before).abs() < f64::EPSILON);
    // The ID token is for the client.
    assert_eq!(gate.verdict(token("id_token")), "401 audience_mismatch");
    // Hydra calls a refresh token active too.
    let gate = roles().set("TOKEN_PREFIXES", "ory_").spawn();
    assert_eq!(gate.verdict(refresh), "401 token_type_mismatch");
    assert_eq!(gate.verdict(token("access_token")), "200");
}

#[test]
fn jwts_of_the_same_server_are_verified_by_its_keys() {
    let hydra = hydra(&[SHOP_JWT]);
    let token = hydra.token(SHOP_JWT, "orders-api");
    let gate = asking(&hydra).spawn();
    let answer = gate.get("/verify").bearer(&token).send();
    assert_eq!(answer.verdict(), "200", "{answer:?}");
    let seen = ["client-id", "scopes"].map(|name| answer.get(&format!("x-auth-{name}")));
    assert_eq!(seen, [Some("shop-jwt"), Some("read")]);
    assert!(asked(&gate).abs() < f64::EPSILON, "by its keys alone");
    // Only a question notices that it was revoked.
    let always = asking(&hydra).set("INTROSPECTION", "always").spawn();
    assert_eq!(always.verdict(&token), "200");
    hydra.revoke(SHOP_JWT, &token);
    assert_eq!(always.verdict(&token), "401 token_inactive");
    assert_eq!(gate.verdict(&token), "200");
}

#[test]
fn check_asks_hydra_about_a_random_token() {
    let hydra = hydra(&[]);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("doorward.yaml");
    let settings = blocks(PAGE, "yaml")
        .into_iter()
        .find(|block| block.contains("/admin/oauth2/"));
    let settings = settings
        .unwrap()
        .replace("https://hydra.example.com", &hydra.issuer())
        .replace("127.0.0.1:4445", &hydra.admin.to_string());
    std::fs::write(&file, settings).unwrap();
    let arguments = ["check", "--online", "--config", file.to_str().unwrap()];
    let output = crate::support::doorward(&arguments, &[], "");
    let said = String::from_utf8_lossy(&output.stdout);
    let expected = format!(
        "introspection: ok, http://{}/admin/oauth2/introspect",
        hydra.admin
    );
    assert!(said.contains(&expected), "{said}");
}

/// The commands of the page: a client, and its first token.
#[test]
fn the_commands_of_the_page_get_a_token_that_passes() {
    let hydra = Hydra::start();
    let gate = asking(&hydra).spawn();
    let directory = tempfile::tempdir().unwrap();
    let commands = blocks(PAGE, "sh");
    let commands = commands
        .iter()
        .filter(|block| block.contains("127.0.0.1:444"));
    let commands = commands
        .map(|block| {
            block
                .replace("127.0.0.1:4445", &hydra.admin.to_string())
                .replace("127.0.0.1:4444", &hydra.public.to_string())
        })
        .collect::<String>();
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &commands])
        .current_dir(directory.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let token = std::fs::read_to_string(directory.path().join("token")).unwrap();
    assert_eq!(gate.verdict(token.trim_end()), "200");
}
