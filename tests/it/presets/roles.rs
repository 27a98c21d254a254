//! `roles` is the same for all providers; tokens, metadata and key sets have the shape that each
//! documents.

use doorward::jose::Algorithm;
use serde_json::{Map, Value, json};

use super::builder;
use crate::support::{FaultyIssuer, GateBuilder, TestGate, TestIssuer, TokenBuilder, key};

/// A provider as it presents itself.
struct Shape {
    settings: &'static [(&'static str, &'static str)],
    /// Its metadata, but for where the keys are.
    metadata: Value,
    /// What its keys have beside `kty`, `n`, `e` and `kid`.
    key: Value,
    /// Keys for something else.
    others: Vec<Value>,
    /// The roles in tokens of a user without roles.
    claims: Value,
    /// What they say beside this of a clerk who is a reader.
    roles: Value,
    /// How `roles` reads then.
    header: &'static str,
}

fn cognito() -> Shape {
    let iss = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_aBcDeFgHi";
    Shape {
        settings: &[
            ("PRESET", "cognito"),
            ("COGNITO_REGION", "eu-west-1"),
            ("COGNITO_USERPOOL_ID", "eu-west-1_aBcDeFgHi"),
            ("COGNITO_APP_CLIENT_ID", "1example23456789abcdefghij"),
        ],
        metadata: json!({
            "authorization_endpoint": "https://acme.auth.eu-west-1.amazoncognito.com/oauth2/authorize",
            "id_token_signing_alg_values_supported": ["RS256"],
            "issuer": iss,
            "response_types_supported": ["code", "token"],
            "scopes_supported": ["openid", "email", "phone", "profile"],
            "subject_types_supported": ["public"],
            "token_endpoint": "https://acme.auth.eu-west-1.amazoncognito.com/oauth2/token",
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "userinfo_endpoint": "https://acme.auth.eu-west-1.amazoncognito.com/oauth2/userInfo",
        }),
        key: json!({"alg": "RS256", "use": "sig"}),
        others: Vec::new(),
        claims: json!({"iss": iss, "token_use": "access", "client_id": "1example23456789abcdefghij", "username": "alice"}),
        roles: json!({"cognito:groups": ["clerk", "reader"]}),
        header: "clerk,reader",
    }
}

fn auth0() -> Shape {
    Shape {
        settings: &[
            ("PRESET", "auth0"),
            ("AUTH0_DOMAIN", "acme.eu.auth0.com"),
            ("AUDIENCE", "https://api.acme.example"),
        ],
        metadata: json!({
            "issuer": "https://acme.eu.auth0.com/",
            "authorization_endpoint": "https://acme.eu.auth0.com/authorize",
            "token_endpoint": "https://acme.eu.auth0.com/oauth/token",
            "userinfo_endpoint": "https://acme.eu.auth0.com/userinfo",
            "mfa_challenge_endpoint": "https://acme.eu.auth0.com/mfa/challenge",
            "id_token_signing_alg_values_supported": ["HS256", "RS256", "PS256"],
            "code_challenge_methods_supported": ["S256", "plain"],
            "request_uri_parameter_supported": false,
        }),
        key: json!({"use": "sig", "x5t": "MgmEWlb3zw7vr2Zr8Rc7GqsC2hA", "x5c": ["MIIDATCCAemgAwIBAgIJX"], "alg": "RS256"}),
        others: Vec::new(),
        claims: json!({
            "iss": "https://acme.eu.auth0.com/", "aud": ["https://api.acme.example", "https://acme.eu.auth0.com/userinfo"],
            "azp": "my_client_id", "scope": "openid profile",
        }),
        roles: json!({"permissions": ["clerk", "reader"]}),
        header: "clerk,reader",
    }
}

fn entra() -> Shape {
    let host = "https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47";
    let iss = format!("{host}/v2.0");
    Shape {
        settings: &[
            ("PRESET", "entra"),
            ("ENTRA_TENANTS", "72f988bf-86f1-41af-91ab-2d7cd011db47"),
            ("AUDIENCE", "6e74172b-be56-4843-9ff4-e66a39bb12e3"),
        ],
        metadata: json!({
            "token_endpoint": format!("{host}/oauth2/v2.0/token"),
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "issuer": iss,
            "tenant_region_scope": "WW",
            "cloud_instance_name": "microsoftonline.com",
            "msgraph_host": "graph.microsoft.com",
        }),
        // There is no `alg`.
        key: json!({"use": "sig", "x5t": "nOo3ZDrODXEK1jKWhXslHR_KXEg", "x5c": ["MIIC/TCCAeWgAwIBAgII"], "issuer": iss}),
        others: Vec::new(),
        claims: json!({
            "iss": iss, "tid": "72f988bf-86f1-41af-91ab-2d7cd011db47", "aud": "6e74172b-be56-4843-9ff4-e66a39bb12e3",
            "scp": "Orders.Read", "ver": "2.0", "groups": ["clerk"],
        }),
        roles: json!({"roles": ["clerk", "reader"]}),
        header: "clerk,reader",
    }
}

fn keycloak() -> Shape {
    let iss = "https://sso.acme.example/realms/acme";
    Shape {
        settings: &[
            ("PRESET", "keycloak"),
            ("KEYCLOAK_URL", "https://sso.acme.example"),
            ("KEYCLOAK_REALM", "acme"),
            ("AUDIENCE", "orders-api,stock-api"),
        ],
        metadata: json!({
            "issuer": iss,
            "token_endpoint": format!("{iss}/protocol/openid-connect/token"),
            "introspection_endpoint": format!("{iss}/protocol/openid-connect/token/introspect"),
            "check_session_iframe": format!("{iss}/protocol/openid-connect/login-status-iframe.html"),
            "grant_types_supported": ["authorization_code", "client_credentials", "refresh_token"],
            "mtls_endpoint_aliases": {"token_endpoint": format!("{iss}/protocol/openid-connect/token")},
        }),
        key: json!({"alg": "RS256", "use": "sig", "x5c": ["MIICmzCCAYMCBgGK"], "x5t": "q8", "x5t#S256": "r9"}),
        others: vec![json!({"kid": "for-encryption", "alg": "RSA-OAEP", "use": "enc"})],
        claims: json!({
            "iss": iss, "aud": ["orders-api", "account"], "azp": "shop", "typ": "Bearer", "scope": "openid email",
            "resource_access": {"account": {"roles": ["clerk"]}},
            // Of the realm, and yet called as if it were a client's.
            "realm_access": {"roles": ["orders-api:reader"]},
        }),
        roles: json!({
            "realm_access": {"roles": ["offline_access", "clerk", "stock-api:owner"]},
            "resource_access": {"orders-api": {"roles": ["reader"]}, "account": {"roles": ["view-profile"]}},
        }),
        header: "offline_access,clerk,orders-api:reader",
    }
}

fn okta() -> Shape {
    let iss = "https://acme.okta.com/oauth2/default";
    Shape {
        settings: &[
            ("PRESET", "okta"),
            ("OKTA_DOMAIN", "acme.okta.com"),
            ("AUDIENCE", "api://default"),
        ],
        metadata: json!({
            "issuer": iss,
            "authorization_endpoint": format!("{iss}/v1/authorize"),
            "token_endpoint": format!("{iss}/v1/token"),
            "registration_endpoint": "https://acme.okta.com/oauth2/v1/clients",
            "claims_supported": ["ver", "jti", "iss", "aud", "iat", "exp", "cid", "uid", "scp", "sub"],
            "introspection_endpoint": format!("{iss}/v1/introspect"),
        }),
        key: json!({"alg": "RS256", "use": "sig"}),
        others: Vec::new(),
        claims: json!({"iss": iss, "aud": "api://default", "ver": 1, "cid": "0oa1example", "scp": ["openid"]}),
        roles: json!({"groups": ["clerk", "reader"]}),
        header: "clerk,reader",
    }
}

fn google() -> Shape {
    Shape {
        settings: &[
            ("PRESET", "google"),
            ("AUDIENCE", "407408718192.apps.googleusercontent.com"),
        ],
        metadata: json!({
            "issuer": "https://accounts.google.com",
            "authorization_endpoint": "https://accounts.google.com/o/oauth2/v2/auth",
            "device_authorization_endpoint": "https://oauth2.googleapis.com/device/code",
            "token_endpoint": "https://oauth2.googleapis.com/token",
            "revocation_endpoint": "https://oauth2.googleapis.com/revoke",
            "subject_types_supported": ["public"],
        }),
        key: json!({"alg": "RS256", "use": "sig"}),
        others: Vec::new(),
        claims: json!({
            "iss": "https://accounts.google.com", "aud": "407408718192.apps.googleusercontent.com",
            "azp": "407408718192.apps.googleusercontent.com", "email_verified": true,
        }),
        roles: json!({"roles": ["clerk", "reader"]}),
        header: "clerk,reader",
    }
}

fn firebase() -> Shape {
    let iss = "https://securetoken.google.com/acme-shop";
    Shape {
        settings: &[("PRESET", "firebase"), ("FIREBASE_PROJECT", "acme-shop")],
        metadata: json!({
            "issuer": iss,
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }),
        key: json!({"alg": "RS256", "use": "sig"}),
        others: Vec::new(),
        claims: json!({
            "iss": iss, "aud": "acme-shop", "auth_time": 0,
            "firebase": {"identities": {}, "sign_in_provider": "password"},
        }),
        roles: json!({"roles": ["clerk", "reader"]}),
        header: "clerk,reader",
    }
}

fn shapes() -> [Shape; 7] {
    [
        cognito(),
        auth0(),
        entra(),
        keycloak(),
        okta(),
        google(),
        firebase(),
    ]
}

const RULES: &str = "
claim_headers: [{claim: roles, header: X-Auth-Roles}]
routes:
- {name: open, match: {}}
- {name: rule, match: {}, require: {claims: [{claim: roles, contains: clerk}]}}
- {name: condition, match: {}, require: {when: \"'clerk' in claims.roles\"}}
- {name: some, match: {}, require: {claims: [{claim: roles, exists: true}]}}
- {name: roleless, match: {}, require: {when: '!has(claims.roles)'}}
";

#[test]
fn roles_are_roles_whoever_the_provider() {
    for shape in shapes() {
        let (idp, published, gate) = spawned(&shape, |gate| gate.file(RULES));
        let clerk = token(&idp, &shape.claims, &shape.roles).sign();
        for (route, of_clerk, of_nobody) in [
            ("open", "200", "200"),
            ("rule", "200", "403 policy_denied"),
            ("condition", "200", "403 policy_denied"),
            ("some", "200", "403 policy_denied"),
            ("roleless", "403 policy_denied", "200"),
        ] {
            let ask = |token: &str| {
                gate.get(&format!("/policy/{route}/verify"))
                    .bearer(token)
                    .send()
            };
            let (answer, nobody) = (
                ask(&clerk),
                ask(&token(&idp, &shape.claims, &json!({})).sign()),
            );
            assert_eq!(
                (answer.verdict().as_str(), nobody.verdict().as_str()),
                (of_clerk, of_nobody),
                "{route} {shape}"
            );
            let header = |of: &crate::support::Answer| of.get("x-auth-roles").map(str::to_owned);
            if route == "open" {
                assert_eq!(
                    (header(&answer).as_deref(), header(&nobody).as_deref()),
                    (Some(shape.header), Some("")),
                    "{shape}"
                );
            }
        }
        assert_eq!(published.fetches(), 1, "{shape}");
    }
}

#[test]
fn roles_may_be_required_of_all_tokens() {
    for shape in shapes() {
        for (required, of_nobody) in [
            ("roles=clerk", "401 claim_missing"),
            ("roles", "401 claim_missing"),
        ] {
            let (idp, _published, gate) =
                spawned(&shape, |gate| gate.set("REQUIRED_CLAIMS", required));
            assert_eq!(
                gate.verdict(&token(&idp, &shape.claims, &shape.roles).sign()),
                "200",
                "{shape}"
            );
            assert_eq!(
                gate.verdict(&token(&idp, &shape.claims, &json!({})).sign()),
                of_nobody,
                "{shape}"
            );
        }
        let (idp, _published, gate) =
            spawned(&shape, |gate| gate.set("REQUIRED_CLAIMS", "roles=owner"));
        assert_eq!(
            gate.verdict(&token(&idp, &shape.claims, &shape.roles).sign()),
            "403 policy_denied",
            "{shape}"
        );
    }
}

#[test]
fn roles_are_an_array_of_texts_or_invalid() {
    for (shape, name) in [
        (cognito(), "cognito:groups"),
        (auth0(), "permissions"),
        (entra(), "roles"),
        (okta(), "groups"),
    ] {
        let (idp, _published, gate) = spawned(&shape, |gate| gate.file(RULES));
        for (value, verdict, header) in [
            (json!("clerk"), "200", Some("clerk")),
            (json!(["", "a,b"]), "200", Some("a%2Cb")),
            (json!([]), "200", Some("")),
            (Value::Null, "200", Some("")),
            (json!(["clerk", 1]), "401 claim_invalid", None),
            (json!({"clerk": true}), "401 claim_invalid", None),
            (json!(7), "401 claim_invalid", None),
        ] {
            let token = token(&idp, &shape.claims, &json!({ name: value })).sign();
            let answer = gate.get("/policy/open/verify").bearer(&token).send();
            assert_eq!(
                (answer.verdict().as_str(), answer.get("x-auth-roles")),
                (verdict, header),
                "{value} {shape}"
            );
        }
    }
}

/// Client ids are often URLs and URNs, and the audience of a token is the id of a client.
#[test]
fn no_role_of_the_realm_or_of_one_client_passes_for_another_clients() {
    let api = "https://api.example.com";
    let realm = |roles: &[&str]| json!({"realm_access": {"roles": roles}});
    let clients = |roles: &Value| json!({ "resource_access": roles });
    for (audience, roles, header) in [
        (
            api,
            realm(&["https://api.example.com:admin", "https:admin", "clerk"]),
            "https:admin,clerk",
        ),
        (
            api,
            clients(&json!({api: {"roles": ["admin"]}})),
            "https://api.example.com:admin",
        ),
        (
            "urn:acme:orders",
            realm(&["urn:acme:orders:admin", "urn:acme:ordersx:admin"]),
            "urn:acme:ordersx:admin",
        ),
        (
            "acme:orders",
            realm(&["acme:orders:admin", "acme:orders:", "acme:orders"]),
            "acme:orders",
        ),
        (
            "acme,acme:orders",
            clients(
                &json!({"acme": {"roles": ["orders:admin", "reader"]}, "acme:orders": {"roles": ["writer"]}}),
            ),
            "acme:reader,acme:orders:writer",
        ),
        (
            "acme,acme:orders",
            realm(&["acme:orders:admin", "acme:admin", "clerk"]),
            "clerk",
        ),
    ] {
        let mut shape = keycloak();
        shape.claims["aud"] = audience.split(',').collect();
        let (idp, _published, gate) =
            spawned(&shape, |gate| gate.set("AUDIENCE", audience).file(RULES));
        let token = token(
            &idp,
            &shape.claims,
            &json!({"realm_access": {}, "resource_access": {}}),
        );
        let token = roles
            .as_object()
            .unwrap()
            .iter()
            .fold(token, |token, (name, value)| {
                token.claim(name, value.clone())
            });
        let answer = gate.get("/policy/open/verify").bearer(&token.sign()).send();
        assert_eq!(
            answer.get("x-auth-roles"),
            Some(header),
            "{audience} {roles}"
        );
    }
    // And so it is where a route asks for one.
    let rule = format!(
        "proxy: traefik\nroutes: [{{name: admin, match: {{}}, require: {{claims: [{{claim: roles, contains: '{api}:admin'}}]}}}}]\n"
    );
    let mut shape = keycloak();
    shape.claims["aud"] = json!([api]);
    let (idp, _published, gate) =
        spawned(&shape, |gate| gate.set("AUDIENCE", api).file(rule.clone()));
    let verdict = |roles: &Value| {
        gate.get("/policy/admin/verify")
            .bearer(&token(&idp, &shape.claims, roles).sign())
            .send()
    };
    assert_eq!(
        verdict(&realm(&["https://api.example.com:admin"])).verdict(),
        "403 policy_denied"
    );
    assert_eq!(
        verdict(&clients(&json!({api: {"roles": ["admin"]}}))).verdict(),
        "200"
    );
}

#[test]
fn where_the_provider_says_what_roles_are_no_other_claim_is_them() {
    for shape in [cognito(), auth0(), keycloak(), okta()] {
        let (idp, _published, gate) = spawned(&shape, |gate| gate.file(RULES));
        let token = token(&idp, &shape.claims, &json!({"roles": ["clerk"]})).sign();
        for route in ["rule", "condition", "some"] {
            let answer = gate
                .get(&format!("/policy/{route}/verify"))
                .bearer(&token)
                .send();
            assert_eq!(answer.verdict(), "403 policy_denied", "{route} {shape}");
        }
    }
}

#[test]
fn without_a_preset_roles_are_a_claim_like_any_other() {
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).file(RULES).spawn();
    for (value, header) in [
        (json!(["clerk"]), "clerk"),
        (json!("clerk"), "clerk"),
        (json!([]), ""),
        (json!([1]), "1"),
    ] {
        let answer = gate
            .get("/policy/open/verify")
            .bearer(&idp.token().claim("roles", value).sign())
            .send();
        assert_eq!(answer.get("x-auth-roles"), Some(header));
    }
}

/// The provider on loopback, and the service that finds its keys there.
fn spawned(
    shape: &Shape,
    with: impl Fn(GateBuilder) -> GateBuilder,
) -> (TestIssuer, FaultyIssuer, TestGate) {
    let own = key(Algorithm::RS256);
    let idp = TestIssuer::with_keys(vec![own.clone()]);
    let bare = own.to_public_jwk(None).unwrap();
    let published = |more: &Value| {
        let names = ["kty", "n", "e"];
        let members = names
            .iter()
            .map(|name| ((*name).to_owned(), bare[name].clone()));
        let id = [("kid".to_owned(), json!(own.id()))];
        members
            .chain(id)
            .chain(more.as_object().unwrap().clone())
            .collect::<Map<_, _>>()
    };
    let keys: Vec<_> = [&shape.key]
        .into_iter()
        .chain(&shape.others)
        .map(published)
        .collect();
    let provider = FaultyIssuer::serving(json!({ "keys": keys }).to_string());
    let mut metadata = shape.metadata.clone();
    metadata["jwks_uri"] = format!("{}/jwks", provider.url).into();
    provider.describe(metadata.to_string());
    let gate = builder(shape.settings)
        .by_time_of(&idp)
        .set("PROXY", "traefik");
    let gate = with(gate.set(
        "DISCOVERY_URL",
        format!("{}/.well-known/openid-configuration", provider.url),
    ))
    .spawn();
    gate.wait_for("/readyz", |answer| answer.status == 200);
    (idp, provider, gate)
}

/// A token with these claims.
fn token(idp: &TestIssuer, claims: &Value, more: &Value) -> TokenBuilder {
    let all = claims
        .as_object()
        .unwrap()
        .iter()
        .chain(more.as_object().unwrap());
    all.fold(idp.token().without("aud"), |token, (name, value)| {
        token.claim(name, value.clone())
    })
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.settings[0].1)
    }
}
