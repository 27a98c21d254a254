//! Amazon Cognito.

use super::{filled_in, gate_of, read, told};
use crate::support::{TestIssuer, TokenBuilder};

const ISS: &str = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_aBcDeFgHi";
const SETTINGS: [(&str, &str); 4] = [
    ("PRESET", "cognito"),
    ("COGNITO_REGION", "eu-west-1"),
    ("COGNITO_USERPOOL_ID", "eu-west-1_aBcDeFgHi"),
    ("COGNITO_APP_CLIENT_ID", "app1,app2"),
];

fn access_token(idp: &TestIssuer) -> TokenBuilder {
    idp.token()
        .without("aud")
        .claim("client_id", "app2")
        .claim("token_use", "access")
}

fn id_token(idp: &TestIssuer) -> TokenBuilder {
    idp.token().claim("aud", "app1").claim("token_use", "id")
}

#[test]
fn issuer_and_keys_follow_from_the_pool() {
    assert_eq!(
        filled_in(&SETTINGS),
        (
            vec![ISS.to_owned()],
            format!("keys at {ISS}/.well-known/jwks.json")
        )
    );
}

#[test]
fn access_tokens_of_the_app_clients_pass() {
    let idp = TestIssuer::new().named(ISS);
    let gate = gate_of(&idp, &SETTINGS);
    let good = || access_token(&idp);
    for (token, verdict) in [
        (good(), "200"),
        (good().claim("aud", "app1"), "200"),
        (id_token(&idp), "401 token_type_mismatch"),
        (
            good().claim("token_use", "refresh"),
            "401 token_type_mismatch",
        ),
        (
            good().claim("token_use", vec!["access"]),
            "401 token_type_mismatch",
        ),
        (good().without("token_use"), "401 claim_missing"),
        (good().claim("client_id", "app3"), "401 audience_mismatch"),
        (good().claim("client_id", "*"), "401 audience_mismatch"),
        (good().without("client_id"), "401 audience_mismatch"),
        (good().claim("aud", "another"), "401 audience_mismatch"),
        (
            good().claim("iss", ISS.replace("aBc", "xyz")),
            "401 issuer_unknown",
        ),
        (
            good().claim("iss", ISS.replace("eu-west-1.", "us-east-1.")),
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
fn id_tokens_pass_where_they_are_asked_for() {
    let idp = TestIssuer::new().named(ISS);
    for (uses, access, id) in [
        ("id", "401 token_type_mismatch", "200"),
        ("access,id", "200", "200"),
    ] {
        let gate = gate_of(
            &idp,
            &[&SETTINGS[..], &[("COGNITO_TOKEN_USE", uses)]].concat(),
        );
        assert_eq!(gate.verdict(&access_token(&idp).sign()), access, "{uses}");
        assert_eq!(gate.verdict(&id_token(&idp).sign()), id, "{uses}");
        assert_eq!(
            gate.verdict(&id_token(&idp).claim("aud", "app3").sign()),
            "401 audience_mismatch"
        );
    }
}

#[test]
fn the_usual_variables_are_read_where_our_own_are_missing() {
    let aliases = [
        ("COGNITO_REGION", "eu-west-1"),
        ("COGNITO_USERPOOL_ID", "eu-west-1_aBcDeFgHi"),
        ("COGNITO_APP_CLIENT_ID", "app1"),
    ];
    let with = |more: &[(&str, &str)]| read(&[&aliases, more].concat());
    let names = |more: &[(&str, &str)]| {
        with(more)
            .unwrap()
            .issuers
            .remove(0)
            .accepted
            .metadata_name()
            .map(str::to_owned)
    };
    let preset = ("DOORWARD_PRESET", "cognito");
    assert_eq!(names(&[preset]).as_deref(), Some(ISS));
    let own = names(&[preset, ("DOORWARD_COGNITO_USERPOOL_ID", "eu-west-1_own")]);
    assert_eq!(
        own.as_deref(),
        Some("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_own")
    );
    // Another program's variables mean nothing to another preset.
    let other = names(&[("DOORWARD_PRESET", "google"), ("DOORWARD_AUDIENCE", "x")]);
    assert_eq!(other.as_deref(), Some("https://accounts.google.com"));
    let wrong = read(&[
        preset,
        ("COGNITO_REGION", "a b"),
        ("COGNITO_USERPOOL_ID", ""),
        ("COGNITO_APP_CLIENT_ID", "*"),
    ]);
    insta::assert_snapshot!(wrong.map(drop).unwrap_err(), @r#"
    COGNITO_REGION: "a b" is not understood (write letters, digits, -, ., _ and ~)
    DOORWARD_COGNITO_USERPOOL_ID: missing (set the id of the user pool)
    COGNITO_APP_CLIENT_ID: "*" is not understood (write letters, digits, -, ., _ and ~)
    "#);
}

#[test]
fn what_is_missing_or_contradicts_is_told() {
    let [preset, region, pool, client] = SETTINGS;
    insta::assert_snapshot!(told(&[
        &[preset],
        &[preset, region, pool],
        &[preset, ("COGNITO_REGION", "us-east-1"), pool, client],
        &[preset, region, pool, ("COGNITO_APP_CLIENT_ID", "*")],
        &[preset, region, pool, client, ("COGNITO_TOKEN_USE", "refresh")],
        &[preset, region, pool, client, ("ISSUER", "https://idp.example")],
    ]), @r#"
    DOORWARD_COGNITO_REGION: missing (set the region of the user pool, such as eu-west-1)
    DOORWARD_COGNITO_USERPOOL_ID: missing (set the id of the user pool)

    DOORWARD_AUDIENCE: missing (set DOORWARD_COGNITO_APP_CLIENT_ID)

    DOORWARD_COGNITO_USERPOOL_ID: not a user pool of us-east-1 (its id begins with its region)

    DOORWARD_COGNITO_APP_CLIENT_ID: "*" is not understood (write letters, digits, -, ., _ and ~)

    DOORWARD_COGNITO_TOKEN_USE: "refresh" is not understood (write one of access, id)

    DOORWARD_ISSUER: not an issuer of the preset (leave out DOORWARD_ISSUER or DOORWARD_PRESET)
    "#);
}
