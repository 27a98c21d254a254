//! Microsoft Entra ID.

use std::time::Duration;

use serde_json::{Value, json};

use super::{filled_in, gate_of, told};
use crate::support::{FaultyIssuer, TestGate, TestIssuer, TokenBuilder};

const OWN: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
const OTHER: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
const APPLICATION: &str = "6e74172b-be56-4843-9ff4-e66a39bb12e3";
const AUDIENCE: &str =
    "6e74172b-be56-4843-9ff4-e66a39bb12e3,api://6e74172b-be56-4843-9ff4-e66a39bb12e3";

fn settings(tenants: &str) -> [(&str, &str); 3] {
    [
        ("PRESET", "entra"),
        ("ENTRA_TENANTS", tenants),
        ("AUDIENCE", AUDIENCE),
    ]
}

fn v1(tenant: &str) -> String {
    format!("https://sts.windows.net/{tenant}/")
}

fn v2(tenant: &str) -> String {
    format!("https://login.microsoftonline.com/{tenant}/v2.0")
}

fn token(idp: &TestIssuer, iss: &str, tid: &str) -> TokenBuilder {
    idp.token()
        .claim("iss", iss)
        .claim("tid", tid)
        .claim("aud", APPLICATION)
}

fn assert_verdicts(
    gate: &TestGate,
    tokens: impl IntoIterator<Item = (TokenBuilder, &'static str)>,
) {
    for (token, verdict) in tokens {
        assert_eq!(
            gate.verdict(&token.sign()),
            verdict,
            "{}",
            token.claims_text()
        );
    }
}

#[test]
fn names_and_keys_follow_from_the_tenants() {
    let keys =
        |of: &str| format!("keys at https://login.microsoftonline.com/{of}/discovery/v2.0/keys");
    assert_eq!(
        filled_in(&settings(&OWN.to_uppercase())),
        (vec![v2(OWN), v1(OWN)], keys(OWN))
    );
    let both = vec![v2(OWN), v1(OWN), v2(OTHER), v1(OTHER)];
    assert_eq!(
        filled_in(&settings(&format!("{OWN},{OTHER}"))),
        (both, keys("common"))
    );
}

#[test]
fn tokens_of_the_listed_tenant_pass() {
    let idp = TestIssuer::new();
    let gate = gate_of(
        &idp,
        &[&settings(OWN)[..], &[("REQUIRED_SCOPES", "Orders.Read")]].concat(),
    );
    let good = |iss: &str| token(&idp, iss, OWN).claim("scp", "Orders.Read");
    assert_verdicts(
        &gate,
        [
            (good(&v2(OWN)), "200"),
            (
                good(&v1(OWN)).claim("aud", format!("api://{APPLICATION}")),
                "200",
            ),
            (
                good(&v2(OWN)).claim("aud", "00000003-0000-0000-c000-000000000000"),
                "401 audience_mismatch",
            ),
            (
                good(&v2(OWN)).claim("scp", "User.Read"),
                "403 scope_insufficient",
            ),
            (good(&v2(OWN)).claim("tid", OTHER), "401 claim_invalid"),
            (
                good(&v2(OWN)).claim("tid", json!([OWN])),
                "401 claim_invalid",
            ),
            (
                good(&v2(OWN)).claim("tid", Value::Null),
                "401 claim_missing",
            ),
            (good(&v1(OWN)).without("tid"), "401 claim_missing"),
            (good(&v2(OTHER)).claim("tid", OTHER), "401 issuer_unknown"),
            (good(&v2(OTHER)), "401 issuer_unknown"),
            (good(&v2("common")), "401 issuer_unknown"),
        ],
    );
}

#[test]
fn with_a_star_every_tenant_passes_whose_two_names_agree() {
    let idp = TestIssuer::new();
    let gate = gate_of(&idp, &settings("*"));
    assert_verdicts(
        &gate,
        [
            (token(&idp, &v2(OWN), OWN), "200"),
            (token(&idp, &v1(OTHER), OTHER), "200"),
            (token(&idp, &v2(OWN), OTHER), "401 claim_invalid"),
            (
                token(&idp, &v2(OWN), &OWN.to_uppercase()),
                "401 claim_invalid",
            ),
            (token(&idp, &v2(OWN), "*"), "401 claim_invalid"),
            (
                token(&idp, &v1(OTHER), OTHER).without("tid"),
                "401 claim_missing",
            ),
            (
                token(&idp, &v2(OWN), OWN).claim("aud", "another"),
                "401 audience_mismatch",
            ),
        ],
    );
    let strangers = [
        v2("common"),
        v2("{tenantid}"),
        v2("*"),
        v2("cafe"),
        v2(&OWN.replace('-', "")),
        v2(&OWN.to_uppercase()),
        format!("{}/", v2(OWN)),
        format!("https://login.microsoftonline.com/{OWN}"),
        format!("https://login.microsoftonline.com.evil.example/{OWN}/v2.0"),
        format!("https://sts.windows.net/{OWN}"),
        format!("https://sts.windows.net/x/{OWN}/"),
        format!("https://sts.windows.net/{OWN}/{OTHER}/"),
        "https://idp.example".to_owned(),
    ];
    assert_verdicts(
        &gate,
        strangers.map(|iss| (token(&idp, &iss, OWN), "401 issuer_unknown")),
    );
    assert_verdicts(
        &gate,
        [(token(&idp, "x", OWN).without("iss"), "401 issuer_unknown")],
    );
}

#[test]
fn a_key_that_names_a_tenant_signs_for_that_tenant_only() {
    let idp = TestIssuer::new();
    for (issuer, own, other) in [
        (
            json!("https://login.microsoftonline.com/{tenantid}/v2.0"),
            "200",
            "200",
        ),
        (json!(v2(OWN)), "200", "401 key_unknown"),
        (
            json!("https://idp.example"),
            "401 key_unknown",
            "401 key_unknown",
        ),
    ] {
        let mut jwks: Value = serde_json::from_str(&idp.jwks()).unwrap();
        jwks["keys"][0]["issuer"] = issuer;
        let gate = super::builder(&settings("*"))
            .by_time_of(&idp)
            .set("JWKS", jwks.to_string())
            .spawn();
        assert_verdicts(
            &gate,
            [
                (token(&idp, &v1(OWN), OWN), own),
                (token(&idp, &v2(OTHER), OTHER), other),
            ],
        );
    }
}

/// Cached or not: a key that is another tenant's now does not verify tokens of other tenants.
#[test]
fn a_key_that_is_limited_to_a_tenant_later_takes_the_tokens_of_others_with_it() {
    let idp = TestIssuer::new();
    let jwks = |issuer: &str| {
        let mut jwks: Value = serde_json::from_str(&idp.jwks()).unwrap();
        jwks["keys"][0]["issuer"] = json!(issuer);
        jwks.to_string()
    };
    let published =
        FaultyIssuer::serving(jwks("https://login.microsoftonline.com/{tenantid}/v2.0"));
    let gate = super::builder(&settings("*"))
        .by_time_of(&idp)
        .set("TOKEN_CACHE_TTL", "24h")
        .set("NAME", "entra");
    let gate = gate
        .set("JWKS_URL", format!("{}/jwks", published.url))
        .spawn();
    gate.wait_for("/readyz", |answer| answer.status == 200);
    let [own, other] =
        [OWN, OTHER].map(|tenant| token(&idp, &v2(tenant), tenant).expires_in(86_400).sign());
    let verdicts = || [&own, &other].map(|token| gate.verdict(token));
    let refreshed = "doorward_jwks_refresh_total{issuer=\"entra\",result=\"success\"}";
    for (limit, expected) in [
        (
            "https://login.microsoftonline.com/{tenantid}/v2.0",
            ["200", "200"],
        ),
        (&v2(OWN), ["200", "401 key_unknown"]),
        (&v2(OTHER), ["401 key_unknown", "200"]),
    ] {
        published.set_keys(jwks(limit));
        let before = gate.metric(refreshed);
        idp.clock.advance(Duration::from_mins(5));
        gate.wait_for("/metrics", |_| gate.metric(refreshed) > before);
        for _ in 0..2 {
            assert_eq!(verdicts(), expected, "{limit}");
        }
    }
}

#[test]
fn a_key_that_names_its_tenant_in_no_words_is_nobodys() {
    let idp = TestIssuer::new();
    for issuer in [json!(1), Value::Null, json!([v2(OWN)])] {
        let mut jwks: Value = serde_json::from_str(&idp.jwks()).unwrap();
        jwks["keys"][0]["issuer"] = issuer;
        let told = super::builder(&settings("*"))
            .set("JWKS", jwks.to_string())
            .configuration();
        assert!(
            told.is_err_and(|told| told.contains("DOORWARD_JWKS")),
            "{jwks}"
        );
    }
}

#[test]
fn what_is_missing_or_contradicts_is_told() {
    let [preset, _, audience] = settings("*");
    let with = |tenants: &'static str| [preset, ("ENTRA_TENANTS", tenants), audience];
    insta::assert_snapshot!(told(&[
        &[preset],
        &[preset, ("ENTRA_TENANTS", "*")],
        &with("acme.onmicrosoft.com"),
        &with("common"),
        &with("*,72f988bf-86f1-41af-91ab-2d7cd011db47"),
        &[&with("*")[..], &[("ISSUER", "https://login.microsoftonline.com/common/v2.0")]].concat(),
    ]), @r#"
    DOORWARD_ENTRA_TENANTS: missing (set the directory id of the tenant, or "*" for every tenant there is)

    DOORWARD_AUDIENCE: missing (set the application id of this API, and its URI (api://…) for tokens of version 1.0)

    DOORWARD_ENTRA_TENANTS: "acme.onmicrosoft.com" is not understood (write the directory id of the tenant, a GUID)

    DOORWARD_ENTRA_TENANTS: "common" is not understood (write the directory id of the tenant, a GUID)

    DOORWARD_ENTRA_TENANTS: `*` beside tenants (write `*` alone)

    DOORWARD_ISSUER: not an issuer of the preset (leave out DOORWARD_ISSUER or DOORWARD_PRESET)
    "#);
}
