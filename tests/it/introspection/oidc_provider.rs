//! A certified `OpenID` provider: opaque tokens, signed answers, and JWTs beside them.

use crate::oidc_provider::Provider;
use crate::support::{GateBuilder, TestGate};

const OPAQUE: &str = "https://api.example/opaque";

fn gate(provider: &Provider, client: &str) -> GateBuilder {
    TestGate::new()
        .by_machine_time()
        .set("ISSUER", &provider.issuer)
        .set("AUDIENCE", OPAQUE)
        .set("JWKS_WAIT", "15s")
        .set("DEPENDENCY_WAIT", "15s")
        .set("INTROSPECTION_TIMEOUT", "15s")
        .set("INTROSPECTION", "opaque")
        .set("INTROSPECTION_CLIENT_ID", client)
        .set("INTROSPECTION_CLIENT_SECRET", format!("{client}-secret"))
}

#[test]
fn an_opaque_token_passes_until_it_is_revoked() {
    let provider = Provider::start();
    let token = provider.token(OPAQUE);
    assert!(!token.contains('.'), "{token}");
    let gate = gate(&provider, "svc")
        .set("INTROSPECTION_CACHE_TTL", "0s")
        .spawn();
    let answer = gate.get("/verify").bearer(&token).send();
    assert_eq!(answer.verdict(), "200", "{answer:?}");
    assert_eq!(answer.get("x-auth-client-id"), Some("svc"));
    assert_eq!(answer.get("x-auth-scopes"), Some("read"));
    provider.revoke(&token);
    assert_eq!(gate.verdict(&token), "401 token_inactive");
    let unknown = "a".repeat(token.len());
    assert_eq!(gate.verdict(&unknown), "401 token_inactive");
}

#[test]
fn signed_answers_are_verified_with_the_keys_of_the_provider() {
    let provider = Provider::start();
    let token = provider.token(OPAQUE);
    let gate = gate(&provider, "rs")
        .set("INTROSPECTION_RESPONSE", "jwt")
        .spawn();
    assert_eq!(gate.verdict(&token), "200");
    assert_eq!(gate.verdict("unknown"), "401 token_inactive");
}

#[test]
fn a_wrong_secret_is_503() {
    let provider = Provider::start();
    let token = provider.token(OPAQUE);
    let gate = gate(&provider, "svc")
        .set("INTROSPECTION_CLIENT_SECRET", "wrong")
        .spawn();
    assert_eq!(gate.verdict(&token), "503 dependency_unavailable");
}

#[test]
fn a_jwt_of_the_same_provider_is_verified_by_its_keys() {
    let provider = Provider::start();
    let jwt = provider.token("https://api.example/es256");
    let gate = gate(&provider, "svc")
        .set("AUDIENCE", "https://api.example/es256")
        .spawn();
    assert_eq!(gate.verdict(&jwt), "200");
}

/// This provider says of a refresh token that it is active, and does not say what it is. It has no
/// audience, so it passes only where none is demanded.
#[test]
fn a_refresh_token_is_told_by_its_missing_type() {
    let provider = Provider::start();
    let refresh = provider.refresh_token();
    let verdict = |audience: &str, demanded: &str| {
        let gate = gate(&provider, "svc")
            .set("AUDIENCE", audience)
            .set("INTROSPECTION_REQUIRE_TOKEN_TYPE", demanded)
            .spawn();
        gate.verdict(&refresh)
    };
    assert_eq!(verdict(OPAQUE, "false"), "401 audience_mismatch");
    assert_eq!(verdict("*", "false"), "200");
    assert_eq!(verdict("*", "true"), "401 token_type_mismatch");
    let demanding = gate(&provider, "svc").set("INTROSPECTION_REQUIRE_TOKEN_TYPE", "true");
    assert_eq!(demanding.spawn().verdict(&provider.token(OPAQUE)), "200");
}
