//! Auth0.

use super::{filled_in, gate_of, told};
use crate::support::TestIssuer;

const ISS: &str = "https://acme.eu.auth0.com/";
const SETTINGS: [(&str, &str); 3] = [
    ("PRESET", "auth0"),
    ("AUTH0_DOMAIN", "acme.eu.auth0.com"),
    ("AUDIENCE", "https://api.acme.example"),
];

#[test]
fn tokens_of_the_tenant_pass() {
    assert_eq!(
        filled_in(&SETTINGS),
        (vec![ISS.to_owned()], format!("metadata of {ISS}"))
    );
    let idp = TestIssuer::new().named(ISS);
    let gate = gate_of(
        &idp,
        &[&SETTINGS[..], &[("REQUIRED_SCOPES", "read:orders")]].concat(),
    );
    let good = || {
        let audience = vec![
            "https://api.acme.example",
            "https://acme.eu.auth0.com/userinfo",
        ];
        idp.token()
            .claim("aud", audience)
            .claim("scope", "openid read:orders")
            .claim("azp", "app")
    };
    for (token, verdict) in [
        (good(), "200"),
        (
            good().claim("aud", "https://acme.eu.auth0.com/userinfo"),
            "401 audience_mismatch",
        ),
        (good().claim("scope", "openid"), "403 scope_insufficient"),
        (
            good().claim("iss", "https://acme.eu.auth0.com"),
            "401 issuer_unknown",
        ),
        (
            good().claim("iss", "https://evil.eu.auth0.com/"),
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
fn what_is_missing_or_no_domain_is_told() {
    let [preset, _, audience] = SETTINGS;
    insta::assert_snapshot!(told(&[
        &[preset],
        &[preset, ("AUTH0_DOMAIN", "https://acme.eu.auth0.com/"), audience],
        &[preset, ("AUTH0_DOMAIN", "127.0.0.1"), audience],
    ]), @r#"
    DOORWARD_AUTH0_DOMAIN: missing (set the domain of the tenant)

    DOORWARD_AUTH0_DOMAIN: "https://acme.eu.auth0.com/" is not understood (write a host without https:// and path)

    DOORWARD_AUTH0_DOMAIN: "127.0.0.1" is not understood (write the name of a host)
    "#);
}
