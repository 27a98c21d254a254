//! Answers in the shapes in which servers write them, with and without a demanded `token_type`.

use serde_json::{Value, json};

use super::server;
use crate::support::{IntrospectionEndpoint, Reply, Script, TestGate};

/// A server that gives this answer about every token. `ISSUER`, `NOW` and `LATER` are filled in.
fn answering(answer: &Value) -> IntrospectionEndpoint {
    let server = server();
    let now = server.idp.clock.secs();
    let text = answer
        .to_string()
        .replace("\"ISSUER\"", &json!(server.url).to_string())
        .replace("\"NOW\"", &now.to_string())
        .replace("\"LATER\"", &(now + 7200).to_string());
    server.script(Script::By(std::sync::Arc::new(move |_| {
        Reply::new(200, text.as_str())
    })));
    server
}

/// The verdicts about this answer: usually, and where it must have `token_type`.
fn verdicts(answer: &Value, settings: &[(&str, &str)]) -> [String; 2] {
    ["false", "true"].map(|demanded| {
        let server = answering(answer);
        spawned(&server, settings, demanded).verdict("opaque")
    })
}

fn spawned(server: &IntrospectionEndpoint, settings: &[(&str, &str)], demanded: &str) -> TestGate {
    settings
        .iter()
        .fold(server.gate(), |gate, (name, value)| gate.set(name, *value))
        .set("INTROSPECTION_REQUIRE_TOKEN_TYPE", demanded)
        .spawn()
}

/// Doorkeeper, which is in GitLab, states neither `sub` nor `aud` nor `iss`.
const DOORKEEPER: [(&str, &str); 2] = [("AUDIENCE", "app-id"), ("AUDIENCE_FALLBACK", "client_id")];

fn doorkeeper() -> Value {
    json!({"active": true, "scope": "read_api read_user", "client_id": "app-id", "iat": "NOW",
        "token_type": "Bearer", "exp": "LATER"})
}

#[test]
fn doorkeeper_names_a_client_and_no_user() {
    assert_eq!(verdicts(&doorkeeper(), &DOORKEEPER), ["200", "200"]);
    let server = answering(&doorkeeper());
    let gate = spawned(&server, &DOORKEEPER, "true");
    let answer = gate.get("/verify").bearer("opaque").send();
    let seen = ["subject", "client-id", "scopes", "issuer"]
        .map(|name| answer.get(&format!("x-auth-{name}")));
    let expected = ["", "app-id", "read_api read_user", &server.url];
    assert_eq!(seen, expected.map(Some));
    // Without the setting nothing says for whom the token is.
    assert_eq!(
        verdicts(&doorkeeper(), &[("AUDIENCE", "app-id")]),
        ["401 audience_mismatch"; 2]
    );
    let mut other = doorkeeper();
    other["client_id"] = "other-app".into();
    assert_eq!(verdicts(&other, &DOORKEEPER), ["401 audience_mismatch"; 2]);
}

/// A refresh token is active too. Only the missing `token_type` tells it from an access token.
#[test]
fn doorkeeper_marks_access_tokens_only() {
    let mut refresh = doorkeeper();
    for name in ["token_type", "exp"] {
        refresh.as_object_mut().unwrap().remove(name);
    }
    assert_eq!(
        verdicts(&refresh, &DOORKEEPER),
        ["200", "401 token_type_mismatch"]
    );
}

/// Releases before answer alike about both, and with 1970 about a token without end.
#[test]
fn older_doorkeepers_end_in_1970_what_has_no_end() {
    let mut endless = doorkeeper();
    endless["exp"] = 0.into();
    assert_eq!(
        verdicts(&endless, &DOORKEEPER),
        ["401 token_expired", "401 token_expired"]
    );
}

#[test]
fn zitadel_names_the_project_in_the_audience() {
    let answer = json!({"active": true, "scope": "openid profile", "client_id": "289347@shop",
        "token_type": "Bearer", "exp": "LATER", "iat": "NOW", "nbf": "NOW", "sub": "2891",
        "aud": ["289347@shop", "289300"], "iss": "ISSUER", "jti": "V2_2899-at_2900",
        "username": "alice@acme.example", "name": "Alice", "locale": null,
        "urn:zitadel:iam:user:resourceowner:id": "2880",
        "urn:zitadel:iam:org:project:roles": {"reader": {"2880": "acme.example"}}});
    assert_eq!(verdicts(&answer, &[("AUDIENCE", "289300")]), ["200"; 2]);
    assert_eq!(
        verdicts(&answer, &[("AUDIENCE", "289301")]),
        ["401 audience_mismatch"; 2]
    );
}

/// The org server's tokens are for Okta's own API, and that is their audience.
#[test]
fn okta_names_itself_in_the_audience() {
    let answer = json!({"active": true, "scope": "openid okta.users.read", "username": "alice@acme.example",
        "exp": "LATER", "iat": "NOW", "sub": "alice@acme.example", "aud": "https://acme.okta.example",
        "iss": "ISSUER", "jti": "AT.7P4K", "token_type": "Bearer", "client_id": "0oa1", "uid": "00u1"});
    let own = [("AUDIENCE", "https://acme.okta.example")];
    assert_eq!(verdicts(&answer, &own), ["200"; 2]);
    assert_eq!(verdicts(&answer, &[]), ["401 audience_mismatch"; 2]);
}

/// Auth0's metadata have no introspection endpoint: no opaque token passes, and the explanation says
/// why.
#[test]
fn auth0_cannot_be_asked() {
    let server = server();
    server.describe("introspection_endpoint", Value::Null);
    let gate = server.gate().spawn();
    assert_eq!(gate.verdict("good"), "503 dependency_unavailable");
    let described = json!({"token": "good", "online": true}).to_string();
    let told = gate.explain(described).send().body;
    assert!(
        told.contains("the metadata has no introspection_endpoint"),
        "{told}"
    );
    assert_eq!(server.asked(), 0);
}
