//! Keycloak.

use super::{filled_in, gate_of, told};
use crate::support::{TestGate, TestIssuer};

const ISS: &str = "https://sso.acme.example/realms/acme";
const SETTINGS: [(&str, &str); 4] = [
    ("PRESET", "keycloak"),
    ("KEYCLOAK_URL", "https://sso.acme.example/"),
    ("KEYCLOAK_REALM", "acme"),
    ("AUDIENCE", "orders-api"),
];

#[test]
fn issuer_and_keys_follow_from_the_realm() {
    let certs = "realms/acme/protocol/openid-connect/certs";
    assert_eq!(
        filled_in(&SETTINGS),
        (
            vec![ISS.to_owned()],
            format!("keys at https://sso.acme.example/{certs}")
        )
    );
    let internal = [
        &SETTINGS[..],
        &[("KEYCLOAK_INTERNAL_URL", "http://127.0.0.1:8080/auth")],
    ]
    .concat();
    assert_eq!(
        filled_in(&internal),
        (
            vec![ISS.to_owned()],
            format!("keys at http://127.0.0.1:8080/auth/{certs}")
        )
    );
}

#[test]
fn tokens_of_the_realm_pass() {
    let idp = TestIssuer::new().named(ISS);
    let gate = gate_of(
        &idp,
        &[
            &SETTINGS[..],
            &[("REQUIRED_CLAIMS", "realm_access.roles=clerk")],
        ]
        .concat(),
    );
    let good = || {
        let roles = serde_json::json!({"roles": ["offline_access", "clerk"]});
        idp.token()
            .claim("aud", vec!["orders-api", "account"])
            .claim("typ", "Bearer")
            .claim("realm_access", roles)
    };
    for (token, verdict) in [
        (good(), "200"),
        (good().claim("aud", "account"), "401 audience_mismatch"),
        (
            good().without("aud").claim("azp", "orders-api"),
            "401 audience_mismatch",
        ),
        (
            good().claim("realm_access", serde_json::json!({"roles": []})),
            "403 policy_denied",
        ),
        (
            good().claim("iss", "https://sso.acme.example/realms/master"),
            "401 issuer_unknown",
        ),
        (
            good().claim("iss", "https://sso.acme.example/realms/acme/"),
            "401 issuer_unknown",
        ),
    ] {
        assert_eq!(
            gate.verdict(&token.sign()),
            verdict,
            "{}",
            token.claims_text()
        );
    }
}

#[test]
fn keys_come_from_the_internal_address() {
    let idp = TestIssuer::new().serve();
    let address = idp.url();
    let gate = super::builder(&SETTINGS)
        .by_time_of(&idp)
        .set("KEYCLOAK_INTERNAL_URL", &address)
        .spawn();
    gate.wait_for("/readyz", |answer| answer.status == 200);
    let token = idp.token().claim("iss", ISS).claim("aud", "orders-api");
    assert_eq!(gate.verdict(&token.sign()), "200");
    assert_eq!(
        gate.verdict(&token.claim("iss", format!("{address}/realms/acme")).sign()),
        "401 issuer_unknown"
    );
}

#[test]
fn what_is_missing_or_contradicts_is_told() {
    let [preset, url, realm, audience] = SETTINGS;
    insta::assert_snapshot!(told(&[
        &[preset],
        &[preset, ("KEYCLOAK_URL", "sso.acme.example"), ("KEYCLOAK_REALM", "a/b"), audience],
        &[preset, url, realm, audience, ("KEYCLOAK_INTERNAL_URL", "http://keycloak:8080")],
        &[preset, url, realm, audience, ("KEYCLOAK_INTERNAL_URL", "http://127.0.0.1:8080"), ("JWKS_URL", "https://x.example")],
    ]), @r#"
    DOORWARD_KEYCLOAK_URL: missing (set the URL of Keycloak, such as https://sso.example.com)
    DOORWARD_KEYCLOAK_REALM: missing (set the name of the realm)

    DOORWARD_KEYCLOAK_URL: no URL of a server (write https://host, with a path if there is one)
    DOORWARD_KEYCLOAK_REALM: "a/b" is not understood (write letters, digits, -, ., _ and ~)

    DOORWARD_KEYCLOAK_INTERNAL_URL: keys over plain http can be exchanged on the way (use https; where the network itself is trusted, set DOORWARD_ALLOW_INSECURE_HTTP=true)

    DOORWARD_KEYCLOAK_INTERNAL_URL: has no meaning beside DOORWARD_JWKS_URL (keep one of them)
    "#);
    assert!(
        TestGate::new()
            .file("preset: keycloak\n")
            .configuration()
            .unwrap_err()
            .contains("keycloak_url")
    );
}
