//! `deploy/examples`: each does what the decorator did that it replaces.

use std::path::Path;
use std::sync::Arc;

use doorward::jose::{Algorithm, SigningKey};
use serde_json::json;

use crate::listed::{Files, api_key, entry, user};
use crate::nginx::NGINX;
use crate::support::proxy_lines::printed;
use crate::support::{
    Answer, GateBuilder, Proxy, Request, Site, TestDatabase, TestGate, TestIssuer, TokenBuilder,
    doorward, shipped,
};
use crate::traefik::TRAEFIK;

/// The example of this name, with other texts for what is only there in production.
fn example(name: &str, replaced: &[(&str, &str)]) -> String {
    let text = std::fs::read_to_string(Path::new("deploy/examples").join(name)).unwrap();
    replaced.iter().fold(text, |text, (from, to)| {
        assert!(text.contains(from), "{name} does not say {from}");
        text.replace(from, to)
    })
}

fn ask(gate: &TestGate, method: &str) -> Request {
    let request = gate.get("/verify").header("X-Forwarded-Method", method);
    request
        .header("X-Forwarded-Host", "app.example")
        .header("X-Forwarded-Uri", "/things/1")
}

fn seen(answer: &Answer) -> (u16, serde_json::Value) {
    (answer.status, answer.json())
}

/// A token by this secret with `sub`, `iat` and `exp` and nothing else.
pub fn plain(idp: &TestIssuer, secret: &[u8]) -> TokenBuilder {
    let key = Arc::new(SigningKey::secret(Algorithm::HS256, secret));
    idp.token_by(key)
        .without_header("kid")
        .without("iss")
        .without("aud")
}

#[test]
fn the_header_token_decorator() {
    let idp = TestIssuer::new();
    let secret = [0x5a; 32];
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("secret");
    std::fs::write(&file, format!("{}\n", "5a".repeat(32))).unwrap();
    let text = example(
        "header-token.yaml",
        &[
            ("/run/secrets/header-token", file.to_str().unwrap()),
            USERS_FILE,
        ],
    );
    let gate = with_database(TestGate::new().by_time_of(&idp).file(text)).spawn();
    let good = plain(&idp, &secret).sign();
    for method in ["POST", "PUT", "DELETE"] {
        let allowed = ask(&gate, method).header("token", &good).send();
        assert_eq!(
            (allowed.verdict().as_str(), allowed.get("x-auth-subject")),
            ("200", Some("alice")),
            "{method}"
        );
        assert_eq!(allowed.get("x-auth-email"), Some("alice@example.com"));
        let missing =
            json!({"code": "400", "status": "Bad Request", "message": "Token header is required"});
        assert_eq!(seen(&ask(&gate, method).send()), (400, missing), "{method}");
    }
    for method in ["GET", "HEAD", "OPTIONS", "PATCH"] {
        assert_eq!(
            ask(&gate, method).send().status,
            200,
            "{method} was never guarded"
        );
    }
    let refused = |token: String| seen(&ask(&gate, "POST").header("token", token).send());
    let told = |message: &str| {
        (
            401,
            json!({"code": "401", "status": "Unauthorized", "message": message}),
        )
    };
    assert_eq!(
        refused(plain(&idp, &secret).expires_in(-100).sign()),
        told("Token expired")
    );
    for wrong in [
        "x".to_owned(),
        plain(&idp, &[1; 32]).sign(),
        plain(&idp, &secret)
            .claim("iss", "https://somebody.example")
            .sign(),
        format!("Bearer {good}"),
    ] {
        assert_eq!(refused(wrong), told("Invalid Token"));
    }
    let stranger = plain(&idp, &secret).subject("bob").sign();
    assert_eq!(refused(stranger), told("User not found"));
}

#[test]
fn the_oidc_decorator() {
    let idp = TestIssuer::with_keys(vec![crate::support::key(Algorithm::RS256)]).serve();
    let text = example(
        "oidc-api.yaml",
        &[("https://idp.example.com/realms/main", &idp.url())],
    );
    let gate = TestGate::new().by_time_of(&idp).file(text).spawn();
    let allowed = ask(&gate, "GET").bearer(&idp.token().sign()).send();
    assert_eq!(
        (allowed.status, allowed.get("x-user-id")),
        (200, Some("alice"))
    );
    let error = |request: Request| {
        let (status, body) = seen(&request.send());
        assert_eq!(status, 401);
        assert_eq!(body["status"], 401);
        body["code"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        error(ask(&gate, "GET")),
        "auth.authorization_header_missing"
    );
    for malformed in ["Bearer", "x", "a.b.c"] {
        let request = ask(&gate, "GET").header("Authorization", malformed);
        assert_eq!(
            error(request),
            "auth.authorization_token_invalid_format",
            "{malformed}"
        );
    }
    for bad in ["Bearer a b", "Bearer x.y"] {
        assert_eq!(
            error(ask(&gate, "GET").header("Authorization", bad)),
            "invalid_token",
            "{bad}"
        );
    }
    let basic = ask(&gate, "GET").header("Authorization", "Basic YTpi");
    assert_eq!(error(basic), "auth.authorization_token_type_not_supported");
    for wrong in [
        idp.token().expires_in(-100),
        idp.token().claim("aud", "x"),
        idp.token().claim("iss", "x"),
    ] {
        assert_eq!(
            error(ask(&gate, "GET").bearer(&wrong.sign())),
            "invalid_token"
        );
    }
}

#[test]
fn the_cognito_decorator() {
    let pool = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_aBcDeFgHi";
    let idp = TestIssuer::with_keys(vec![crate::support::key(Algorithm::RS256)]).named(pool);
    let gate = cognito(&idp).set("JWKS", idp.jwks()).spawn();
    let access = || {
        idp.token()
            .without("aud")
            .claim("client_id", "app")
            .claim("token_use", "access")
    };
    let id = || idp.token().claim("aud", "app").claim("token_use", "id");
    for token in [
        access(),
        id(),
        access().claim("cognito:groups", vec!["staff", "admins"]),
    ] {
        let allowed = ask(&gate, "GET").bearer(&token.sign()).send();
        assert_eq!(
            (allowed.verdict().as_str(), allowed.get("x-auth-subject")),
            ("200", Some("alice"))
        );
        let groups = if token.claims_text().contains("staff") {
            "staff,admins"
        } else {
            ""
        };
        assert_eq!(allowed.get("x-auth-groups"), Some(groups));
    }
    for missing in [
        ask(&gate, "GET"),
        ask(&gate, "GET").header("Authorization", ""),
    ] {
        assert_told(&missing.send());
    }
    for expired in [access(), id()] {
        assert_told(
            &ask(&gate, "GET")
                .bearer(&expired.expires_in(-100).sign())
                .send(),
        );
    }
    let good = access().sign();
    for wrong in [
        "Basic YTpi",
        "Bearer",
        "Bearer x.y",
        "Bearer a b",
        &good,
        &format!("Token {good}"),
    ] {
        assert_told(&ask(&gate, "GET").header("Authorization", wrong).send());
    }
    for wrong in [
        access().claim("iss", pool.replace("aBc", "xyz")),
        access().claim("iss", pool.replace("eu-west-1.", "us-east-1.")),
        access().claim("client_id", "another"),
        access().without("client_id"),
        id().claim("aud", "another"),
        id().claim("token_use", "refresh"),
        id().without("token_use"),
        access().signed_by(Arc::new(SigningKey::generate(Algorithm::RS256).unwrap())),
        // The token is good: what is 403 elsewhere is 401 to these clients.
        access().subject(&"x".repeat(4000)),
    ] {
        let answer = ask(&gate, "GET").bearer(&wrong.sign()).send();
        assert_told(&answer);
    }
}

/// As the decorator did, which took an outage for a bad token; but the client learns when to come
/// back.
#[test]
fn the_cognito_decorator_without_keys() {
    let keys = TestIssuer::new().serve();
    keys.answer_instead(500, "");
    let location = format!("{}/jwks", keys.url());
    let idp =
        TestIssuer::new().named("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_aBcDeFgHi");
    let gate = cognito(&idp)
        .set("JWKS_URL", location)
        .set("JWKS_WAIT", "10ms")
        .spawn();
    let token = idp.token().claim("aud", "app").claim("token_use", "id");
    let answer = ask(&gate, "GET").bearer(&token.sign()).send();
    assert_eq!(seen(&answer), (401, json!({"message": "Ocurrió un error"})));
    assert_eq!(
        (answer.get("retry-after"), answer.get("www-authenticate")),
        (Some("5"), None)
    );
    assert_told(&ask(&gate, "GET").send());
    assert_told(&ask(&gate, "GET").bearer("x.y").send());
}

/// The example with the three variables of the service that it replaces.
fn cognito(idp: &TestIssuer) -> GateBuilder {
    let gate = TestGate::new()
        .by_time_of(idp)
        .file(example("cognito.yaml", &[]));
    let pool = [
        ("REGION", "eu-west-1"),
        ("USERPOOL_ID", "eu-west-1_aBcDeFgHi"),
        ("APP_CLIENT_ID", "app"),
    ];
    pool.iter().fold(gate, |gate, (name, value)| {
        gate.variable(&format!("COGNITO_{name}"), value)
    })
}

/// 401 with the one message as the only member of a JSON object, and no identity.
fn assert_told(answer: &Answer) {
    assert_eq!(
        seen(answer),
        (401, json!({"message": "Ocurrió un error"})),
        "{answer:?}"
    );
    let field = |name| answer.get(name).unwrap_or_default();
    assert_eq!(
        (field("content-type"), field("cache-control")),
        ("application/json", "no-store")
    );
    assert_eq!((field("x-auth-subject"), field("x-auth-groups")), ("", ""));
}

#[test]
fn the_api_token_decorator() {
    let secret = "a secret of more than thirty-two bytes";
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("secret");
    std::fs::write(&file, format!("{secret}\n")).unwrap();
    let text = example(
        "api-token.yaml",
        &[
            ("/run/secrets/jwt-secret-key", file.to_str().unwrap()),
            USERS_FILE,
        ],
    );
    let issued = doorward(
        &[
            "token",
            "issue",
            "--hmac-secret-file",
            file.to_str().unwrap(),
            "--subject",
            "alice",
        ],
        &[],
        "",
    );
    let issued = String::from_utf8(issued.stdout).unwrap().trim().to_owned();
    let by_machine = TestGate::new().by_machine_time().file(text.as_str());
    let by_machine = with_database(by_machine).spawn();
    let allowed = ask(&by_machine, "GET").header("api-token", &issued).send();
    assert_eq!(
        (allowed.status, allowed.get("x-auth-subject")),
        (200, Some("alice"))
    );

    let idp = TestIssuer::new();
    let gate = with_database(TestGate::new().by_time_of(&idp).file(text)).spawn();
    let answer = |token: &str| seen(&ask(&gate, "GET").header("api-token", token).send());
    assert_eq!(
        ask(&gate, "GET")
            .header("api-token", plain(&idp, secret.as_bytes()).sign())
            .send()
            .status,
        200
    );
    assert_eq!(
        seen(&ask(&gate, "GET").send()),
        (400, json!({"error": "Authentication token not provided"}))
    );
    let expired = plain(&idp, secret.as_bytes()).expires_in(-100).sign();
    assert_eq!(answer(&expired), (400, json!({"message": "invalid token"})));
    for wrong in [
        "x",
        &plain(&idp, &[1; 32]).sign(),
        &plain(&idp, secret.as_bytes()).without("exp").sign(),
    ] {
        assert_eq!(answer(wrong), (400, json!({"message": "invalid token"})));
    }
    let stranger = plain(&idp, secret.as_bytes()).subject("bob").sign();
    let unknown = json!({"error": "user does not exist, bad token"});
    assert_eq!(answer(&stranger), (400, unknown));
}

/// The token for tests that have no test issuer.
#[test]
fn the_fixtures_of_the_oidc_decorator() {
    let files =
        ["oidc-api.yaml", "oidc-api.fixtures"].map(|name| format!("deploy/examples/{name}"));
    let checked = doorward(
        &["check", "--config", &files[0], "--fixtures", &files[1]],
        &[],
        "",
    );
    let told = String::from_utf8(checked.stdout).unwrap();
    assert_eq!(
        (checked.status.code(), told.lines().last()),
        (Some(0), Some("cases: 14, failed: 0")),
        "{told}"
    );
}

/// The lines for the proxy beside the examples.
pub fn proxy_lines() -> Vec<(String, String)> {
    let idp = TestIssuer::with_keys(vec![crate::support::key(Algorithm::RS256)]);
    let proxies = [&NGINX, &TRAEFIK];
    let all = EXAMPLES
        .iter()
        .flat_map(|(name, settings)| proxies.map(|proxy| (proxy, *name, settings(&idp))));
    all.map(|(proxy, name, gate)| {
        (
            lines_file(proxy, name),
            printed(proxy.dialect.parse().unwrap(), &gate),
        )
    })
    .collect()
}

/// The examples, with what is only there in production exchanged.
pub const EXAMPLES: [(&str, Settings); 4] = [
    ("api-token", |idp| {
        guarded_by_secret(
            idp,
            "api-token.yaml",
            "hmac_secret_file: /run/secrets/jwt-secret-key",
        )
    }),
    ("cognito", |idp| cognito(idp).set("JWKS", idp.jwks())),
    ("header-token", |idp| {
        guarded_by_secret(
            idp,
            "header-token.yaml",
            "hmac_secret_file: /run/secrets/header-token",
        )
    }),
    ("oidc-api", |idp| {
        let gate = TestGate::new().by_time_of(idp).file(example(
            "oidc-api.yaml",
            &[("https://idp.example.com/realms/main", &idp.url())],
        ));
        gate.set("JWKS", idp.jwks())
    }),
];

pub type Settings = fn(&TestIssuer) -> GateBuilder;

fn guarded_by_secret(idp: &TestIssuer, name: &str, file: &str) -> GateBuilder {
    let secret = format!("hmac_secret: '{}'", "5a".repeat(32));
    TestGate::new()
        .by_time_of(idp)
        .file(example(name, &[(file, &secret), USERS_FILE]))
}

/// The database of the examples, and one that is never asked.
const USERS_FILE: (&str, &str) = (
    "directory_url_file: /run/secrets/users-database",
    "directory_url: 'postgres://u@127.0.0.1:1/users'",
);

/// The example of this name, where it looks users up with a real table.
pub fn with_users(name: &str, idp: &TestIssuer) -> GateBuilder {
    let (_, settings) = EXAMPLES.iter().find(|(own, _)| *own == name).unwrap();
    let gate = settings(idp);
    if matches!(name, "api-token" | "header-token") {
        with_database(gate)
    } else {
        gate
    }
}

/// With a table of users, in which Alice is.
fn with_database(gate: GateBuilder) -> GateBuilder {
    let database = TestDatabase::postgres();
    database.run(
        "CREATE TABLE users (id text PRIMARY KEY, email text);
         INSERT INTO users VALUES ('alice', 'alice@example.com'), ('mallory', NULL);",
    );
    gate.set("DIRECTORY_URL", &database.url)
        // A slow machine is no reason for a 503.
        .set("DIRECTORY_TIMEOUT", "10s")
        .set("DEPENDENCY_WAIT", "20s")
}

pub fn lines_file(proxy: &Proxy, example: &str) -> String {
    let end = if proxy.dialect == "nginx" {
        "conf"
    } else {
        "yml"
    };
    format!("deploy/examples/{example}.{}.{end}", proxy.dialect)
}

/// What a client calls itself.
const MALLORY: &str = "mallory";

/// The example behind a real proxy that has the lines beside it.
fn behind(proxy: &Proxy, name: &str, idp: TestIssuer) -> Site {
    let gate = with_users(name, &idp);
    Site::with_lines(proxy, &shipped(&lines_file(proxy, name), &[]), idp, gate)
}

/// With this token the application gets doorward's value, and without one nothing, whatever the
/// client claims to be.
fn nobody_else_is_named(
    site: &Site,
    method: &str,
    header: &str,
    with_token: &dyn Fn(Request) -> Request,
) {
    let forged = || {
        site.request(method, "/things/1")
            .header(header, MALLORY)
            .header(&header.replace('-', "_"), MALLORY)
    };
    let seen = site.served(with_token(forged()));
    assert_eq!(seen.get(header), "alice");
    assert!(
        !seen.fields.iter().any(|(_, value)| value.contains(MALLORY)),
        "{seen:?}"
    );
    assert!([400, 401].contains(&site.refused(forged()).status));
}

#[test]
fn the_api_token_decorator_behind_a_proxy() {
    for proxy in [&NGINX, &TRAEFIK] {
        let site = behind(proxy, "api-token", TestIssuer::new());
        let token = plain(&site.idp, "5a".repeat(32).as_bytes()).sign();
        nobody_else_is_named(&site, "GET", "X-Auth-Subject", &|request| {
            request.header("api-token", &token)
        });
    }
}

#[test]
fn the_header_token_decorator_behind_a_proxy() {
    for proxy in [&NGINX, &TRAEFIK] {
        let site = behind(proxy, "header-token", TestIssuer::new());
        let token = plain(&site.idp, &[0x5a; 32]).sign();
        nobody_else_is_named(&site, "POST", "X-Auth-Subject", &|request| {
            request.header("token", &token)
        });
        let open = site.served(site.get("/things/1").header("X-Auth-Subject", MALLORY));
        assert_eq!(open.get("X-Auth-Subject"), "");

        // nginx 1.22 asks with the first of two fields, so the application must not get the other
        // one.
        let twice = site
            .request("POST", "/things/1")
            .header("token", &token)
            .header("token", MALLORY)
            .send();
        if twice.status == 200 {
            let seen = Site::echoed(&twice);
            assert!(
                !seen.fields.iter().any(|(_, value)| value.contains(MALLORY)),
                "{seen:?}"
            );
        } else {
            assert_eq!((twice.status, proxy.dialect), (401, "traefik"));
        }
    }
}

#[test]
fn the_oidc_decorator_behind_a_proxy() {
    for proxy in [&NGINX, &TRAEFIK] {
        let idp = TestIssuer::with_keys(vec![crate::support::key(Algorithm::RS256)]);
        let site = behind(proxy, "oidc-api", idp);
        let token = site.idp.token().sign();
        nobody_else_is_named(&site, "GET", "X-User-Id", &|request| request.bearer(&token));
        let nobody = site.idp.token().without("sub").sign();
        let seen = site.served(site.get("/").bearer(&nobody).header("X-User-Id", MALLORY));
        assert_eq!(seen.get("X-User-Id"), "");
    }
}

#[test]
fn the_cognito_decorator_behind_a_proxy() {
    let pool = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_aBcDeFgHi";
    for proxy in [&NGINX, &TRAEFIK] {
        let idp = TestIssuer::with_keys(vec![crate::support::key(Algorithm::RS256)]).named(pool);
        let site = behind(proxy, "cognito", idp);
        let token = site
            .idp
            .token()
            .claim("aud", "app")
            .claim("token_use", "id");
        nobody_else_is_named(&site, "GET", "X-Auth-Subject", &|request| {
            request.bearer(&token.sign())
        });
        let groups = token
            .clone()
            .claim("cognito:groups", vec!["staff", "admins"])
            .sign();
        let seen = site.served(
            site.get("/")
                .bearer(&groups)
                .header("X-Auth-Groups", MALLORY),
        );
        assert_eq!(seen.get("X-Auth-Groups"), "staff,admins");
    }
}

/// Its head names the lines for the proxy, and how to get those of another one.
#[test]
fn every_example_says_what_the_proxy_needs() {
    for (name, _) in EXAMPLES {
        let file = format!("deploy/examples/{name}.yaml");
        let text = shipped(&file, &[]);
        let (head, _) = text.split_once("\nproxy: ").unwrap();
        for proxy in [&NGINX, &TRAEFIK] {
            let lines = lines_file(proxy, name);
            assert!(head.contains(lines.rsplit('/').next().unwrap()), "{file}");
        }
        let command = format!("`doorward config proxy NAME --config {name}.yaml`");
        assert!(head.contains(&command), "{file}");
    }
    let output = doorward(
        &[
            "config",
            "proxy",
            "caddy",
            "--config",
            "deploy/examples/oidc-api.yaml",
        ],
        &[],
        "",
    );
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("request_header -x-user-id\n"), "{told}");
}

#[test]
fn every_example_is_run_here() {
    let own = include_str!("examples.rs");
    for entry in std::fs::read_dir("deploy/examples").unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let is_beside_one = EXAMPLES.iter().any(|(example, _)| {
            [&NGINX, &TRAEFIK]
                .iter()
                .any(|proxy| lines_file(proxy, example) == format!("deploy/examples/{name}"))
        });
        assert!(
            is_beside_one || own.contains(&format!("\"{name}\"")),
            "{name}"
        );
    }
}

#[test]
fn the_example_serves_programs_and_people() {
    let (files, key) = (Files::new(), api_key());
    let idp = TestIssuer::new().serve();
    files.write("keys.yaml", entry("ci", &key, ", scopes: [deploy]"));
    files.write("users.htpasswd", user("alice", "secret"));
    let text = example("keys-and-passwords.yaml", &[]);
    let text = text
        .replace("/etc/doorward/", &files.path(""))
        .replace("https://idp.example.com/realms/main", &idp.url());
    let gate = TestGate::new().by_time_of(&idp).file(text).spawn();
    let token = idp.token().claim("scope", "deploy").sign();
    let ask = |method: &str, path: &str| {
        let request = gate.get("/verify").header("X-Forwarded-Method", method);
        request
            .header("X-Forwarded-Host", "h")
            .header("X-Forwarded-Uri", path)
    };
    for (method, path, of_token, of_key, of_password) in [
        ("GET", "/healthz", 200, 200, 200),
        ("POST", "/deploy/shop", 401, 200, 401),
        ("GET", "/deploy/shop", 403, 403, 403),
        ("GET", "/reports/1", 401, 401, 200),
        ("GET", "/api/orders", 200, 200, 401),
    ] {
        let seen = [
            ask(method, path).bearer(&token),
            ask(method, path).bearer(&key),
            ask(method, path).basic("alice", "secret"),
        ]
        .map(|request| request.send().status);
        assert_eq!(seen, [of_token, of_key, of_password], "{method} {path}");
    }
}
