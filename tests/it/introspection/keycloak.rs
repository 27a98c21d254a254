//! Introspection at Keycloak: lightweight tokens, tokens of a session that has ended, and tokens that
//! are no access tokens.

use doorward::jose::{SigningKey, encode_base64url};
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use serde_json::json;

use crate::support::keycloak::{Client, Keycloak, Realm, Tokens};
use crate::support::{GateBuilder, TestGate, blocks};

const LIGHTWEIGHT: Client<'_> = Client::Public("shop-light");
const UNAVAILABLE: &str = "503 dependency_unavailable";

/// The configuration of `docs/introspection.md` for this realm.
fn page(realm: &Realm) -> String {
    let blocks = blocks("docs/introspection.md", "yaml");
    let block = blocks
        .iter()
        .find(|block| block.starts_with("preset: keycloak\n"))
        .unwrap();
    let url = realm.base();
    let changes = [
        ("https://sso.example.com", url.as_str()),
        ("acme", &realm.name),
        ("change-me", "'orders api: 100%'"),
    ];
    changes.iter().fold(block.clone(), |text, (from, to)| {
        assert!(text.contains(from), "{from}: {block}");
        text.replace(from, to)
    })
}

/// A slow machine is no reason for a 503.
fn patient() -> GateBuilder {
    let gate = TestGate::new().by_machine_time();
    gate.set("JWKS_WAIT", "15s")
        .set("DEPENDENCY_WAIT", "30s")
        .set("INTROSPECTION_TIMEOUT", "30s")
        .set("CLAIM_HEADERS", "sub=X-Auth-Subject, roles=X-Auth-Roles")
}

/// A service that asks as the API itself.
fn asking(realm: &Realm, mode: &str) -> GateBuilder {
    patient().file(page(realm)).set("INTROSPECTION", mode)
}

/// Verdict and roles.
fn seen(gate: &TestGate, tokens: &Tokens) -> (String, String) {
    let answer = gate.get("/verify").bearer(tokens.access()).send();
    let roles = answer.get("x-auth-roles").unwrap_or_default();
    (answer.verdict(), roles.to_owned())
}

/// The number of questions with this result.
fn asked(gate: &TestGate, result: &str) -> String {
    let series = format!(
        "doorward_dependency_requests_total{{dependency=\"introspection\",issuer=\"127.0.0.1\",result=\"{result}\"}}"
    );
    gate.metric(&series).to_string()
}

#[test]
fn a_lightweight_token_gets_its_claims_from_the_answer() {
    let realm = Keycloak::shared().realm("tests");
    let tokens = realm.by_password(LIGHTWEIGHT, "alice");
    for method in ["basic", "post"] {
        let gate = asking(&realm, "always")
            .set("INTROSPECTION_AUTH", method)
            .spawn();
        let expected = ("200".to_owned(), "clerk,orders-api:reader".to_owned());
        assert_eq!(seen(&gate, &tokens), expected, "{method}");
        assert_eq!(seen(&gate, &tokens), expected, "{method}");
        assert_eq!(asked(&gate, "active"), "1", "{method}");
    }
    // One with all claims is asked about too.
    let gate = asking(&realm, "always").spawn();
    let whole = realm.by_password(Client::Public("shop"), "alice");
    assert_eq!(seen(&gate, &whole).1, "clerk,orders-api:reader");
    assert_eq!(asked(&gate, "active"), "1");
}

/// The key's id is its thumbprint, and the assertion is for the issuer.
#[test]
fn a_signed_assertion_takes_the_place_of_the_secret() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("key.pem");
    let pem = rcgen::KeyPair::generate().unwrap().serialize_pem();
    std::fs::write(&file, &pem).unwrap();
    let mut key = SigningKey::parse(&pem, None)
        .unwrap()
        .to_public_jwk(None)
        .unwrap();
    let jwk: Jwk = serde_json::from_value(key.clone()).unwrap();
    key["kid"] = jwk.thumbprint(ThumbprintHash::SHA256).unwrap().into();
    key["use"] = "sig".into();

    let mapper = json!({"name": "orders-api in aud", "protocol": "openid-connect", "protocolMapper": "oidc-audience-mapper",
        "config": {"included.client.audience": "orders-api", "access.token.claim": "true", "introspection.token.claim": "true"}});
    let realm = Keycloak::shared().create_realm(
        "assertion",
        &json!([
            {"clientId": "orders-api", "clientAuthenticatorType": "client-jwt", "attributes": {
                "use.jwks.string": "true", "jwks.string": json!({"keys": [key]}).to_string(),
                "token.endpoint.auth.signing.alg": "ES256"}},
            {"clientId": "shop-light", "publicClient": true, "directAccessGrantsEnabled": true,
                "attributes": {"client.use.lightweight.access.token.enabled": "true"},
                "protocolMappers": [mapper]},
        ]),
    );
    let secret = "introspection_client_secret: 'orders api: 100%'\n";
    let gate = patient()
        .file(page(&realm).replace(secret, ""))
        .set("INTROSPECTION_AUTH", "private_key_jwt")
        .set("INTROSPECTION_KEY_FILE", file.display().to_string())
        .spawn();
    // Each question has an assertion of its own, which Keycloak takes only once.
    for _ in 0..2 {
        let tokens = realm.by_password(LIGHTWEIGHT, "alice");
        assert_eq!(seen(&gate, &tokens).0, "200");
    }
    assert_eq!(asked(&gate, "active"), "2");
}

#[test]
fn the_end_of_a_session_is_noticed() {
    let realm = Keycloak::shared().realm("tests");
    let gate = asking(&realm, "always")
        .set("INTROSPECTION_CACHE_TTL", "0s")
        .spawn();
    let tokens = realm.by_password(LIGHTWEIGHT, "alice");
    assert_eq!(seen(&gate, &tokens).0, "200");
    realm.log_out(LIGHTWEIGHT, &tokens);
    assert_eq!(seen(&gate, &tokens).0, "401 token_inactive");
}

#[test]
fn refresh_and_id_tokens_are_refused() {
    let realm = Keycloak::shared().realm("tests");
    let tokens = realm.by_password(LIGHTWEIGHT, "alice");
    let always = asking(&realm, "always").spawn();
    assert_eq!(
        always.verdict(tokens.refresh()),
        "401 algorithm_not_allowed"
    );
    assert_eq!(always.verdict(tokens.id()), "401 token_inactive");
    // Without verifying a signature, Keycloak's answer decides.
    let only = asking(&realm, "only").spawn();
    assert_eq!(only.verdict(tokens.refresh()), "401 token_inactive");
    assert_eq!(only.verdict(tokens.id()), "401 token_inactive");
    assert_eq!(only.verdict(tokens.access()), "200");
}

/// A client that asks about its own tokens is in the audience of the ID token, so Keycloak calls that
/// active. What it is says its type.
#[test]
fn the_type_of_an_id_token_denies_it_at_the_client_it_is_for() {
    let realm = Keycloak::shared().realm("tests");
    let tokens = realm.by_password(Client::Basic("backend", "backend-secret"), "alice");
    let gate = asking(&realm, "only")
        .set("AUDIENCE", "backend")
        .set("INTROSPECTION_CLIENT_ID", "backend")
        .set("INTROSPECTION_CLIENT_SECRET", "backend-secret")
        .spawn();
    assert_eq!(gate.verdict(tokens.access()), "200");
    assert_eq!(gate.verdict(tokens.id()), "401 token_type_mismatch");
    assert_eq!(asked(&gate, "active"), "2");
    // Asked about an access token, Keycloak does not find this one.
    assert_eq!(gate.verdict(tokens.refresh()), "401 token_inactive");
}

/// The audience of a refresh token is the issuer. A client of this name is told that it is active.
#[test]
fn the_type_of_a_refresh_token_denies_it_where_it_is_active() {
    let keycloak = Keycloak::shared();
    let issuer = keycloak.own_realm("named").issuer();
    let realm = keycloak.create_realm(
        "named",
        &json!([
            {"clientId": "shop", "publicClient": true, "directAccessGrantsEnabled": true},
            {"clientId": issuer, "secret": "s", "standardFlowEnabled": false},
        ]),
    );
    let tokens = realm.by_password(Client::Public("shop"), "alice");
    let gate = asking(&realm, "only")
        .set("AUDIENCE", "*")
        .set("INTROSPECTION_CLIENT_ID", &issuer)
        .set("INTROSPECTION_CLIENT_SECRET", "s")
        .spawn();
    assert_eq!(gate.verdict(tokens.refresh()), "401 token_type_mismatch");
    assert_eq!(asked(&gate, "active"), "1");
}

/// Keycloak calls a token active only if the client is in its audience, and names no reason.
#[test]
fn a_client_outside_of_the_audience_learns_nothing() {
    let realm = Keycloak::shared().realm("tests");
    let gate = asking(&realm, "always")
        .set("INTROSPECTION_CLIENT_ID", "robot")
        .set("INTROSPECTION_CLIENT_SECRET", "robot-secret")
        .spawn();
    let tokens = realm.by_password(LIGHTWEIGHT, "alice");
    assert_eq!(gate.verdict(tokens.access()), "401 token_inactive");
    let description = json!({"token": tokens.access()}).to_string();
    let explained = gate.explain(description).send().json();
    let told = explained["hint"].as_str().unwrap();
    assert!(told.contains("audience of the token"), "{explained}");
}

#[test]
fn a_wrong_secret_is_our_fault() {
    let realm = Keycloak::shared().realm("tests");
    let gate = asking(&realm, "always")
        .set("INTROSPECTION_CLIENT_SECRET", "wrong")
        .spawn();
    let tokens = realm.by_password(LIGHTWEIGHT, "alice");
    assert_eq!(gate.verdict(tokens.access()), UNAVAILABLE);
    assert_eq!(asked(&gate, "unauthorized"), "1");
}

/// Keycloak answers 400 where the first part of a token is the JSON value `null`.
#[test]
fn odd_tokens_do_not_close_the_door_for_others() {
    let realm = Keycloak::shared().realm("tests");
    let gate = asking(&realm, "opaque").spawn();
    let odd = encode_base64url("null");
    for number in 0..6 {
        let token = format!("{odd}.e30.{}", encode_base64url(format!("{number}")));
        assert_eq!(
            realm
                .introspect(Client::Basic("orders-api", "orders api: 100%"), &token)
                .status,
            400
        );
        assert_eq!(gate.verdict(&token), UNAVAILABLE);
    }
    // It is still asked.
    assert_eq!(gate.verdict("opaque"), "401 token_inactive");
    let breaker =
        "doorward_dependency_breaker_open{dependency=\"introspection\",issuer=\"127.0.0.1\"}";
    let open = gate.metric(breaker).to_string();
    assert_eq!((open, asked(&gate, "refused")), ("0".into(), "0".into()));
}
