//! Presets: what they fill in, and how tokens of each provider's shape fare on the wire.
//!
//! The providers are out of reach, so their tokens are made with keys of our own, which the
//! configuration gives.

mod auth0;
mod cognito;
mod documentation;
mod entra;
mod firebase;
mod google;
mod keycloak;
mod okta;
mod roles;

use std::ffi::OsString;

use doorward::config::{AcceptedIssuers, Configuration, KeyLocation, KeySource, Source};

use crate::support::{GateBuilder, TestGate, TestIssuer};

/// The service with these settings, and keys of this issuer.
fn gate_of(issuer: &TestIssuer, settings: &[(&str, &str)]) -> TestGate {
    builder(settings)
        .by_time_of(issuer)
        .set("JWKS", issuer.jwks())
        .spawn()
}

fn builder(settings: &[(&str, &str)]) -> GateBuilder {
    settings
        .iter()
        .fold(TestGate::new(), |gate, (name, value)| {
            gate.set(name, *value)
        })
}

/// What is wrong with each of these, in a paragraph of its own.
fn told(each: &[&[(&str, &str)]]) -> String {
    let problems = each
        .iter()
        .map(|settings| builder(settings).configuration().map(drop).unwrap_err());
    problems.collect::<Vec<_>>().join("\n\n")
}

/// What these variables, written out, come to.
fn read(variables: &[(&str, &str)]) -> Result<Configuration, String> {
    let pairs = variables
        .iter()
        .map(|(name, value)| (OsString::from(name), OsString::from(value)));
    Source::new(None, pairs)
        .read()
        .map_err(|problems| problems.to_string())
}

/// The `iss` that the only issuer's tokens may have, and where its keys are fetched or discovered.
fn filled_in(settings: &[(&str, &str)]) -> (Vec<String>, String) {
    let mut configuration = builder(settings).configuration().unwrap();
    let only = configuration.issuers.remove(0);
    let names = match only.accepted {
        AcceptedIssuers::Named(names) => names,
        other => panic!("{other:?}"),
    };
    let KeySource::Remote(keys) = only.keys else {
        panic!("keys are not fetched")
    };
    let location = match &keys.location {
        KeyLocation::Jwks(url) => format!("keys at {url}"),
        KeyLocation::Discovery { issuer, .. } => format!("metadata of {issuer}"),
    };
    (names, location)
}

#[test]
fn settings_of_another_provider_are_told() {
    insta::assert_snapshot!(told(&[
        &[("PRESET", "cognitoo"), ("AUDIENCE", "api")],
        &[("PRESET", "google"), ("AUDIENCE", "api"), ("OKTA_DOMAIN", "acme.okta.com")],
        &[("ISSUER", "https://idp.example"), ("AUDIENCE", "api"), ("KEYCLOAK_REALM", "acme")],
        &[("PRESET", "google"), ("AUDIENCE", "api"), ("ISSUER", "https://accounts.google.com/")],
    ]), @r#"
    DOORWARD_PRESET: "cognitoo" is not understood (write one of cognito, auth0, entra, keycloak, okta, google, firebase)

    DOORWARD_OKTA_DOMAIN: belongs to preset okta (set DOORWARD_PRESET=okta)

    DOORWARD_KEYCLOAK_REALM: belongs to preset keycloak (set DOORWARD_PRESET=keycloak)

    DOORWARD_ISSUER: not an issuer of the preset (leave out DOORWARD_ISSUER or DOORWARD_PRESET)
    "#);
}

#[test]
fn an_issuer_beside_a_preset_is_the_only_one() {
    let settings = [
        ("PRESET", "google"),
        ("AUDIENCE", "api"),
        ("ISSUER", "accounts.google.com"),
        ("JWKS_URL", "https://x.example/"),
    ];
    assert_eq!(
        filled_in(&settings),
        (
            vec!["accounts.google.com".to_owned()],
            "keys at https://x.example/".to_owned()
        )
    );
}

#[test]
fn two_issuers_of_one_name_are_told_whatever_their_order() {
    let file = |first: &str, second: &str| format!("issuers: [{first}, {second}]\n");
    let google = "{preset: google, audience: a, name: one}";
    let plain =
        "{issuer: accounts.google.com, jwks_url: 'https://x.example/', audience: a, name: two}";
    let any = "{preset: entra, entra_tenants: ['*'], audience: a, name: any}";
    let tenant = "{preset: entra, entra_tenants: [72F988BF-86f1-41af-91ab-2d7cd011db47], audience: a, name: tenant}";
    let told = [
        (google, plain),
        (plain, google),
        (any, tenant),
        (tenant, any),
        (any, &any.replace("name: any", "name: x")),
    ]
    .map(|(first, second)| {
        TestGate::new()
            .file(file(first, second))
            .configuration()
            .map(drop)
            .unwrap_err()
    });
    insta::assert_snapshot!(told.join("\n"), @r#"
    doorward.yaml:1:53: issuers[1]: takes "accounts.google.com", as issuers[0] does (give each issuer once)
    doorward.yaml:1:98: issuers[1]: takes "accounts.google.com", as issuers[0] does (give each issuer once)
    doorward.yaml:1:74: issuers[1]: takes "https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0", as issuers[0] does (give each issuer once)
    doorward.yaml:1:110: issuers[1]: takes "https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0", as issuers[0] does (give each issuer once)
    doorward.yaml:1:74: issuers[1]: takes every tenant, as issuers[0] does (give each issuer once)
    "#);
}
