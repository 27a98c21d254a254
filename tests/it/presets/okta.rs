//! Okta.

use super::{filled_in, gate_of, told};
use crate::support::TestIssuer;

const ISS: &str = "https://acme.okta.com/oauth2/default";
const SETTINGS: [(&str, &str); 3] = [
    ("PRESET", "okta"),
    ("OKTA_DOMAIN", "acme.okta.com"),
    ("AUDIENCE", "api://default"),
];

#[test]
fn tokens_of_the_authorization_server_pass() {
    assert_eq!(
        filled_in(&SETTINGS),
        (vec![ISS.to_owned()], format!("metadata of {ISS}"))
    );
    let idp = TestIssuer::new().named(ISS);
    let gate = gate_of(
        &idp,
        &[&SETTINGS[..], &[("REQUIRED_SCOPES", "orders.read")]].concat(),
    );
    let good = || {
        idp.token()
            .claim("aud", "api://default")
            .claim("scp", vec!["openid", "orders.read"])
            .claim("cid", "app")
    };
    for (token, verdict) in [
        (good(), "200"),
        (
            good().claim("scp", vec!["openid"]),
            "403 scope_insufficient",
        ),
        (good().claim("aud", "api://other"), "401 audience_mismatch"),
        (
            good().claim("iss", "https://acme.okta.com/oauth2/other"),
            "401 issuer_unknown",
        ),
        (
            good().claim("iss", "https://acme.okta.com"),
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
fn another_authorization_server_is_another_issuer() {
    let (names, _) = filled_in(
        &[
            &SETTINGS[..],
            &[("OKTA_AUTHORIZATION_SERVER", "aus1example")],
        ]
        .concat(),
    );
    assert_eq!(names, ["https://acme.okta.com/oauth2/aus1example"]);
}

#[test]
fn what_is_missing_or_malformed_is_told() {
    let [preset, domain, audience] = SETTINGS;
    insta::assert_snapshot!(told(&[
        &[preset],
        &[preset, ("OKTA_DOMAIN", "acme.okta.com/oauth2/default"), audience],
        &[preset, domain, audience, ("OKTA_AUTHORIZATION_SERVER", "a/../b")],
    ]), @r#"
    DOORWARD_OKTA_DOMAIN: missing (set the domain of the organisation)

    DOORWARD_OKTA_DOMAIN: "acme.okta.com/oauth2/default" is not understood (write a host without https:// and path)

    DOORWARD_OKTA_AUTHORIZATION_SERVER: "a/../b" is not understood (write letters, digits, -, ., _ and ~)
    "#);
}
