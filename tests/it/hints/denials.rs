//! Hints about denials, as `POST /explain` gives them.

use doorward::domain::Reason;
use doorward::hints::Hint;
use doorward::jose::encode_base64url;
use serde_json::{Value, json};

use crate::support::{
    Behaviour, FaultyIssuer, GateBuilder, Request, Service, TestGate, TestIssuer, TokenBuilder,
};

const URL: &str = "https://idp.example";

/// The hints that the tests of this file try.
pub fn tried() -> Vec<Hint> {
    let by_token = by_token(&TestIssuer::new()).into_iter().map(|case| case.0);
    let by_settings = BY_SETTINGS.iter().map(|case| case.0);
    let by_provider = PROVIDERS.iter().map(|case| case.0);
    by_token
        .chain(by_settings)
        .chain(by_provider)
        .chain([
            Hint::IssuerNear,
            Hint::ForwardedHeadersUntrusted,
            Hint::RateLimited,
            Hint::KeysUnavailable,
            // By Keycloak's own tokens, in keycloak.rs and introspection/keycloak.rs.
            Hint::KeycloakWithoutAudience,
            Hint::KeycloakInactive,
        ])
        .collect()
}

fn hint(gate: &TestGate, description: &Value) -> String {
    let answer = gate.explain(description.to_string()).send().json();
    answer["hint"]
        .as_str()
        .unwrap_or_else(|| panic!("{answer}"))
        .to_owned()
}

/// Requests to a service with one issuer and nothing else.
fn by_token(idp: &TestIssuer) -> Vec<(Hint, Value)> {
    let token = |token: &TokenBuilder| json!({ "token": token.sign() });
    let header = |header: &str| json!({"token": format!("{}.e30.AAAA", encode_base64url(header))});
    let encrypted =
        |header: &str| json!({"token": format!("{}.a.b.c.d", encode_base64url(header))});
    let authorization =
        |value: &str| json!({"headers": {"Authorization": value, "Cookie": "session=b"}});
    let good = idp.token();
    let changed = good.sign().replace('.', ".e30.").replacen(".e30.", ".", 1);
    vec![
        (Hint::TokenMissing, json!({})),
        (
            Hint::AuthorizationMalformed,
            json!({"headers": {"Authorization": "dTpw"}}),
        ),
        (
            Hint::SchemeUnsupported,
            json!({"headers": {"Authorization": "Basic dTpw"}}),
        ),
        (Hint::TokenAmbiguous, authorization("Bearer a")),
        (Hint::TokenMalformed, json!({"token": "x.y"})),
        (Hint::TokenMalformed, json!({ "token": changed })),
        (Hint::TokenTooLarge, json!({"token": "a".repeat(16_385)})),
        (Hint::AlgorithmNotAllowed, header(r#"{"alg":"none"}"#)),
        (
            Hint::HeaderCriticalUnsupported,
            header(r#"{"alg":"ES256","crit":["b64"],"b64":false}"#),
        ),
        (
            Hint::TokenEncrypted,
            encrypted(r#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#),
        ),
        (
            Hint::Auth0Encrypted,
            encrypted(r#"{"alg":"dir","enc":"A256GCM","iss":"https://acme.auth0.com/"}"#),
        ),
        (
            Hint::IssuerUnknown,
            token(&good.clone().claim("iss", "https://elsewhere.example/x")),
        ),
        (Hint::IssuerUnknown, token(&good.clone().without("iss"))),
        (
            Hint::KeyUnknown,
            token(&good.clone().header("kid", "other")),
        ),
        (
            Hint::SignatureInvalid,
            token(&good.clone().signed_by(std::sync::Arc::new(
                doorward::jose::SigningKey::generate(doorward::jose::Algorithm::ES256).unwrap(),
            ))),
        ),
        (Hint::TokenExpired, token(&good.clone().expires_in(-1000))),
        (
            Hint::ClocksDiffer,
            token(&good.clone().claim("nbf", 4_000_000_000_u64)),
        ),
        (
            Hint::TokenTooOld,
            token(&good.clone().claim("iat", 1_000_000_000)),
        ),
        (
            Hint::AudienceMismatch,
            token(&good.clone().claim("aud", "x")),
        ),
        (
            Hint::TokenTypeMismatch,
            token(&good.clone().header("typ", "secevent+jwt")),
        ),
        (Hint::ClaimMissing, token(&good.clone().without("exp"))),
        (Hint::ClaimInvalid, token(&good.clone().claim("exp", "x"))),
        (
            Hint::ProofMissing,
            token(&good.clone().claim("cnf", json!({"jkt": "x"}))),
        ),
    ]
}

#[test]
fn denials_of_tokens_tell_what_may_help() {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("TOKEN_SOURCES", "bearer,cookie:session")
        .set("MAX_TOKEN_AGE", "1h")
        .spawn();
    for (expected, description) in by_token(&idp) {
        assert_eq!(
            hint(&gate, &description),
            expected.with(&[]),
            "{description}"
        );
    }
}

/// Settings and a request with a good token, which are denied.
const BY_SETTINGS: &[(Hint, &str, &str)] = &[
    (
        Hint::ScopeInsufficient,
        "required_scopes: read",
        r#"{"uri": "/"}"#,
    ),
    (
        Hint::RequiredClaims,
        "required_claims: ['sub=bob']",
        r#"{"uri": "/"}"#,
    ),
    (
        Hint::ClaimHeadersTooLarge,
        "claim_headers: [{claim: sub, header: X-Auth-Subject}]\nclaim_headers_max_bytes: 64",
        r#"{"uri": "/"}"#,
    ),
    (
        Hint::PolicyDenied,
        "routes: [{name: a, match: {}, require: {claims: [{claim: sub, contains: bob}]}}]",
        r#"{"uri": "/"}"#,
    ),
    (
        Hint::RouteDenied,
        "routes: [{name: a, match: {path: /a}}]",
        r#"{"method": "GET", "host": "a.example", "uri": "/b"}"#,
    ),
    (
        Hint::RouteIsClosed,
        "routes: [{name: a, match: {path: /a}, access: denied}]",
        r#"{"method": "GET", "host": "a.example", "uri": "/a"}"#,
    ),
    (
        Hint::RouteUnnamed,
        "routes: [{name: a, match: {path: /a}}]",
        r#"{"policy": "b"}"#,
    ),
    (
        Hint::ForwardedHeadersMissing,
        "routes: [{name: a, match: {path: /a}}]",
        r#"{"method": "GET"}"#,
    ),
    (
        Hint::ForwardedHeadersAmbiguous,
        "routes: [{name: a, match: {path: /a}}]",
        r#"{"method": "GET", "host": "a.example", "uri": "/a/../b"}"#,
    ),
    (
        Hint::IssuerNotOfRoute,
        "routes: [{name: a, match: {}, issuers: [other]}]",
        r#"{"method": "GET", "host": "a.example", "uri": "/a"}"#,
    ),
];

#[test]
fn denials_by_settings_tell_what_may_help() {
    let idp = TestIssuer::new();
    for (expected, settings, description) in BY_SETTINGS {
        let mut described: Value = serde_json::from_str(description).unwrap();
        let mut token = idp.token();
        if *expected == Hint::ClaimHeadersTooLarge {
            token = token.subject(&"a".repeat(100));
        }
        described["token"] = token.sign().into();
        let gate = if *expected == Hint::IssuerNotOfRoute {
            let jwks = idp.jwks();
            let issuers = format!(
                "issuers: [{{name: main, issuer: '{URL}', audience: api, jwks: {jwks}}}, \
                 {{name: other, issuer: other, audience: api, hmac_secret: 0123456789abcdef0123456789abcdef}}]"
            );
            TestGate::new()
                .by_time_of(&idp)
                .file(format!("proxy: traefik\n{issuers}\n{settings}\n"))
        } else {
            TestGate::new()
                .trusting(&idp)
                .file(format!("proxy: traefik\n{settings}\n"))
        };
        assert_eq!(
            hint(&gate.spawn(), &described),
            expected.with(&[]),
            "{settings}"
        );
    }
}

type ProviderCase = (
    Hint,
    &'static [(&'static str, &'static str)],
    &'static str,
    &'static str,
);

/// Presets, the `iss` of their tokens, further claims, and what the hint names.
const PROVIDERS: &[ProviderCase] = &[
    (
        Hint::KeycloakAudience,
        &[
            ("PRESET", "keycloak"),
            ("KEYCLOAK_URL", "https://sso.example"),
            ("KEYCLOAK_REALM", "main"),
            ("AUDIENCE", "my-api"),
        ],
        r#"{"iss": "https://sso.example/realms/main", "aud": "account"}"#,
        "my-api",
    ),
    (
        Hint::Auth0Audience,
        &[
            ("PRESET", "auth0"),
            ("AUTH0_DOMAIN", "acme.auth0.com"),
            ("AUDIENCE", "https://api.example, other"),
        ],
        r#"{"iss": "https://acme.auth0.com/", "aud": "x"}"#,
        "https://api.example, other",
    ),
    (
        Hint::EntraAudience,
        &[
            ("PRESET", "entra"),
            ("ENTRA_TENANTS", "11111111-2222-3333-4444-555555555555"),
            ("AUDIENCE", "my-api"),
        ],
        r#"{"iss": "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0",
            "tid": "11111111-2222-3333-4444-555555555555", "ver": "2.0", "aud": "x"}"#,
        "my-api",
    ),
    (
        Hint::OktaAudience,
        &[
            ("PRESET", "okta"),
            ("OKTA_DOMAIN", "acme.okta.com"),
            ("AUDIENCE", "my-api"),
        ],
        r#"{"iss": "https://acme.okta.com/oauth2/default", "aud": "x"}"#,
        "my-api",
    ),
    (
        Hint::CognitoAudience,
        &[
            ("PRESET", "cognito"),
            ("COGNITO_REGION", "eu-central-1"),
            ("COGNITO_USERPOOL_ID", "eu-central-1_abc"),
            ("COGNITO_APP_CLIENT_ID", "client"),
        ],
        r#"{"iss": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_abc",
            "token_use": "access", "client_id": "x", "aud": "x"}"#,
        "",
    ),
    (
        Hint::CognitoTokenUse,
        &[
            ("PRESET", "cognito"),
            ("COGNITO_REGION", "eu-central-1"),
            ("COGNITO_USERPOOL_ID", "eu-central-1_abc"),
            ("COGNITO_APP_CLIENT_ID", "client"),
        ],
        r#"{"iss": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_abc",
            "token_use": "id", "aud": "client"}"#,
        "",
    ),
    (
        Hint::GoogleAudience,
        &[("PRESET", "google"), ("AUDIENCE", "my-client")],
        r#"{"iss": "https://accounts.google.com", "aud": "x"}"#,
        "",
    ),
    (
        Hint::FirebaseAudience,
        &[("PRESET", "firebase"), ("FIREBASE_PROJECT", "acme")],
        r#"{"iss": "https://securetoken.google.com/acme", "aud": "x", "auth_time": 1700000000}"#,
        "",
    ),
];

#[test]
fn denials_of_a_provider_s_tokens_tell_what_to_do_there() {
    let idp = TestIssuer::new();
    for (expected, settings, claims, audience) in PROVIDERS {
        let gate: GateBuilder = settings
            .iter()
            .fold(TestGate::new(), |gate, (name, value)| {
                gate.set(name, *value)
            });
        let gate = gate.by_time_of(&idp).set("JWKS", idp.jwks()).spawn();
        let claims: Value = serde_json::from_str(claims).unwrap();
        let members = claims.as_object().unwrap().iter();
        let token = members.fold(idp.token(), |token, (name, value)| {
            token.claim(name, value.clone())
        });
        assert_eq!(
            hint(&gate, &json!({"token": token.sign()})),
            expected.with(&[("audience", audience)]),
        );
    }
    let keycloak = Hint::KeycloakAudience.with(&[("audience", "my-api")]);
    assert!(keycloak.starts_with("add an audience mapper for my-api"));
}

#[test]
fn the_nearest_issuer_is_shown_with_the_difference() {
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).spawn();
    for (iss, difference) in [
        ("https://idp.example/", "a slash at the end"),
        ("http://idp.example", "the scheme"),
        ("https://idp.example:8443", "the port"),
        ("https://IDP.example", "upper and lower case"),
        (
            "http://idp.example:8080/",
            "the scheme, the port, a slash at the end",
        ),
        ("https://idp.example/realms/x", "the path"),
    ] {
        let token = idp.token().claim("iss", iss).sign();
        assert_eq!(
            hint(&gate, &json!({ "token": token })),
            Hint::IssuerNear.with(&[
                ("issuer", "\"https://idp.example\""),
                ("difference", difference)
            ])
        );
    }
    // A name that would write into the transcript is not compared.
    let token = idp.token().claim("iss", "https://idp.example\u{1b}[31m");
    assert_eq!(
        hint(&gate, &json!({"token": token.sign()})),
        Hint::IssuerUnknown.with(&[])
    );
}

/// A client that has failed too often is told to wait, and a proxy that is not trusted is not
/// believed: no description of a request leads there, but the log has the same hints.
#[test]
fn denials_by_peers_tell_in_the_log_what_may_help() {
    for (expected, settings, asked) in [
        (
            Hint::ForwardedHeadersUntrusted,
            &[
                ("TRUSTED_PROXIES", "192.0.2.1"),
                ("TOKEN_SOURCES", "query:t"),
            ][..],
            1,
        ),
        (
            Hint::RateLimited,
            &[("FAILURE_LIMIT", "1/1h"), ("TRUSTED_PROXIES", "127.0.0.1")],
            2,
        ),
    ] {
        let general = [
            ("LISTEN", "127.0.0.1:0"),
            ("ADMIN_LISTEN", "127.0.0.1:0"),
            ("ISSUER", "me"),
            ("AUDIENCE", "api"),
            ("HMAC_SECRET", "0123456789abcdef0123456789abcdef"),
            ("PROXY", "traefik"),
            ("LOG", "debug"),
            ("LOG_FORMAT", "json"),
        ];
        let mut service = Service::start(&["serve"], &[&general, settings].concat());
        let verify = service.address("verify");
        for serial in 0..asked {
            let forged = format!("eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJtZSIsIm4iOiIifQ.AAA{serial}");
            Request::new(verify, "GET", "/verify")
                .header("X-Forwarded-For", "203.0.113.9")
                .bearer(&forged)
                .send();
        }
        let line = (0..asked)
            .map(|_| service.wait_for_line("denial explained"))
            .last()
            .unwrap();
        let told: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(told["hint"], expected.with(&[]), "{told}");
    }
}

/// Before the first answer of the issuer nothing is known but that there are no keys.
#[test]
fn missing_keys_tell_where_to_look() {
    let idp = TestIssuer::new();
    let issuer = FaultyIssuer::serving(idp.jwks());
    issuer.behave(Behaviour::HangAltogether);
    let gate = TestGate::new()
        .by_time_of(&idp)
        .set("AUDIENCE", "api")
        .set("ISSUER", URL)
        .set("JWKS_URL", format!("{}/jwks", issuer.url))
        .set("JWKS_TIMEOUT", "1m")
        .spawn();
    let token = idp.token().claim("iss", URL).sign();
    assert_eq!(
        hint(&gate, &json!({ "token": token })),
        Hint::KeysUnavailable.with(&[])
    );
}

#[test]
fn every_reason_has_a_hint() {
    for reason in Reason::ALL {
        assert!(Hint::ALL.contains(&Hint::of(*reason)), "{reason:?}");
    }
}
