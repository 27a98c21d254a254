//! What clients of the decorators see behind a real proxy once the examples have taken their place:
//! to the letter.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;

use doorward::jose::{Algorithm, SigningKey};
use serde_json::{Value, json};

use crate::examples::{EXAMPLES, lines_file, plain, with_users};
use crate::nginx::NGINX;
use crate::support::{
    Answer, GateBuilder, Proxy, Request, Site, TestIssuer, TokenBuilder, blocks, doorward, key,
    program, repository, shipped,
};
use crate::traefik::TRAEFIK;

/// What a decorator answered to a kind of request, as clients know it.
struct Promise {
    example: &'static str,
    request: &'static str,
    status: u16,
    body: &'static str,
}

const fn promise(
    example: &'static str,
    request: &'static str,
    status: u16,
    body: &'static str,
) -> Promise {
    Promise {
        example,
        request,
        status,
        body,
    }
}

const PROMISES: [Promise; 15] = [
    promise(
        "cognito",
        "no `Authorization`",
        401,
        r#"{"message": "Ocurrió un error"}"#,
    ),
    promise(
        "cognito",
        "no token in it",
        401,
        r#"{"message": "Ocurrió un error"}"#,
    ),
    promise(
        "cognito",
        "any bad token",
        401,
        r#"{"message": "Ocurrió un error"}"#,
    ),
    promise(
        "header-token",
        "no header `token`",
        400,
        r#"{"code": "400", "status": "Bad Request", "message": "Token header is required"}"#,
    ),
    promise(
        "header-token",
        "an expired token",
        401,
        r#"{"code": "401", "status": "Unauthorized", "message": "Token expired"}"#,
    ),
    promise(
        "header-token",
        "any other bad token",
        401,
        r#"{"code": "401", "status": "Unauthorized", "message": "Invalid Token"}"#,
    ),
    promise(
        "header-token",
        "a user who is not there",
        401,
        r#"{"code": "401", "status": "Unauthorized", "message": "User not found"}"#,
    ),
    promise(
        "api-token",
        "no header `api-token`",
        400,
        r#"{"error": "Authentication token not provided"}"#,
    ),
    promise(
        "api-token",
        "an expired token",
        400,
        r#"{"message": "invalid token"}"#,
    ),
    promise(
        "api-token",
        "any other bad token",
        400,
        r#"{"message": "invalid token"}"#,
    ),
    promise(
        "api-token",
        "a user who is not there",
        400,
        r#"{"error": "user does not exist, bad token"}"#,
    ),
    promise(
        "oidc-api",
        "no `Authorization`",
        401,
        r#"{"code": "auth.authorization_header_missing", "status": 401}"#,
    ),
    promise(
        "oidc-api",
        "fewer than two words in it",
        401,
        r#"{"code": "auth.authorization_token_invalid_format", "status": 401}"#,
    ),
    promise(
        "oidc-api",
        "another scheme than Bearer",
        401,
        r#"{"code": "auth.authorization_token_type_not_supported", "status": 401}"#,
    ),
    promise(
        "oidc-api",
        "anything else",
        401,
        r#"{"code": "invalid_token", "status": 401}"#,
    ),
];

const PROXIES: [&Proxy; 2] = [&NGINX, &TRAEFIK];

const POOL: &str = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_aBcDeFgHi";

#[test]
fn the_page_has_every_promise_and_no_other() {
    let page = std::fs::read_to_string(repository().join("docs/decorators.md")).unwrap();
    let mut rows = Vec::new();
    let mut example = String::new();
    for line in page.lines() {
        if let Some((_, file)) = line.split_once("](../deploy/examples/") {
            example = file.split(".yaml").next().unwrap().to_owned();
        } else if let Some(row) = line
            .strip_prefix("| ")
            .filter(|row| !example.is_empty() && !row.starts_with(['-', 'r']))
        {
            rows.push(format!("{example}: {row}"));
        }
    }
    let promised = PROMISES.iter().map(
        |Promise {
             example,
             request,
             status,
             body,
         }| format!("{example}: {request} | {status} `{body}` |"),
    );
    assert_eq!(rows, promised.collect::<Vec<_>>());
}

/// Each block is Python, at least.
#[test]
fn the_decorators_on_the_page_can_be_read() {
    let decorators = blocks("docs/decorators.md", "python");
    assert_eq!(decorators.len(), EXAMPLES.len());
    for decorator in decorators {
        let mut python = Command::new(program("python3"));
        python
            .args(["-c", "import ast, sys; ast.parse(sys.stdin.read())"])
            .stdin(Stdio::piped());
        let mut running = python.spawn().unwrap();
        running
            .stdin
            .take()
            .unwrap()
            .write_all(decorator.as_bytes())
            .unwrap();
        assert!(running.wait().unwrap().success(), "{decorator}");
    }
}

#[test]
fn clients_of_the_cognito_decorator_see_its_answers() {
    let idp = || TestIssuer::with_keys(vec![key(Algorithm::RS256)]).named(POOL);
    for site in sites("cognito", idp) {
        let good = site
            .idp
            .token()
            .claim("aud", "app")
            .claim("token_use", "id");
        assert_served(&site, site.get("/").bearer(&good.sign()), "X-Auth-Subject");
        let mut bad = bad_tokens(&site.idp, &good);
        bad.extend([
            (
                "of another client",
                good.clone().claim("aud", "another").sign(),
            ),
            (
                "of another pool",
                good.clone().claim("iss", POOL.replace("aBc", "xyz")).sign(),
            ),
            (
                "a refresh token",
                good.clone().claim("token_use", "refresh").sign(),
            ),
            (
                "a user with a name that fits into no header",
                good.clone().subject(&"x".repeat(4000)).sign(),
            ),
        ]);
        let with = |value: &str| vec![("Authorization", value.to_owned())];
        let alone = [
            good.sign(),
            "Bearer".into(),
            "bearer".into(),
            "Basic".into(),
            "x".into(),
        ];
        let schemes = ["Basic YTpi", "Token x", &format!("DPoP {}", good.sign())].map(with);
        let bad = bad
            .iter()
            .map(|(_, token)| with(&format!("Bearer {token}")))
            .chain(schemes);
        assert_promises(
            "cognito",
            &site,
            &["GET", "POST"],
            vec![
                ("no `Authorization`", vec![Vec::new(), with("")]),
                (
                    "no token in it",
                    alone.iter().map(|value| with(value)).collect(),
                ),
                ("any bad token", bad.collect()),
            ],
        );
    }
}

#[test]
fn clients_of_the_header_token_decorator_see_its_answers() {
    for site in sites("header-token", TestIssuer::new) {
        let good = plain(&site.idp, &[0x5a; 32]);
        for method in ["POST", "PUT", "DELETE"] {
            assert_user_served(
                &site,
                site.request(method, "/").header("token", good.sign()),
            );
        }
        for method in ["GET", "PATCH"] {
            let open = site.served(site.request(method, "/").header("token", "x"));
            assert_eq!(open.get("X-Auth-Subject"), "", "{method} was never guarded");
        }
        let expired = good.clone().expires_in(-100);
        let mut bad = bad_secrets(&site.idp, &good);
        bad.push((
            "expired, and of another secret",
            expired.clone().signed_by(secret(&[1; 32])).sign(),
        ));
        assert_promises(
            "header-token",
            &site,
            &["POST", "PUT", "DELETE"],
            in_header("token", (&good, &expired), &bad),
        );
    }
}

#[test]
fn clients_of_the_api_token_decorator_see_its_answers() {
    let secret_text = "5a".repeat(32);
    for site in sites("api-token", TestIssuer::new) {
        let good = plain(&site.idp, secret_text.as_bytes());
        assert_user_served(&site, site.get("/").header("api-token", good.sign()));
        let expired = good.clone().expires_in(-100);
        let mut bad = bad_secrets(&site.idp, &good);
        let (issued, end) = (site.idp.clock.secs() - 90_000, site.idp.clock.secs() + 60);
        bad.push((
            "of more than a day",
            good.clone().claim("iat", issued).claim("exp", end).sign(),
        ));
        assert_promises(
            "api-token",
            &site,
            &["GET", "POST"],
            in_header("api-token", (&good, &expired), &bad),
        );
    }
}

#[test]
fn clients_of_the_oidc_decorator_see_its_answers() {
    for site in sites("oidc-api", || {
        TestIssuer::with_keys(vec![key(Algorithm::RS256)])
    }) {
        let good = site.idp.token();
        for scheme in ["Bearer", "bearer"] {
            let request = site
                .get("/")
                .header("Authorization", format!("{scheme} {}", good.sign()));
            assert_served(&site, request, "X-User-Id");
        }
        let mut bad = bad_tokens(&site.idp, &good);
        bad.extend([
            (
                "for another audience",
                good.clone().claim("aud", "another").sign(),
            ),
            ("without an audience", good.clone().without("aud").sign()),
        ]);
        let with = |value: &str| vec![("Authorization", value.to_owned())];
        let good = good.sign();
        let alone = ["Bearer", "bearer", "Basic", "x", "a.b.c", &good];
        let schemes = [
            "Basic YTpi",
            "Bearer2 x",
            &format!("Token {good}"),
            &format!("DPoP {good}"),
        ];
        assert_promises(
            "oidc-api",
            &site,
            &["GET", "POST"],
            vec![
                ("no `Authorization`", vec![Vec::new(), with("")]),
                ("fewer than two words in it", alone.map(with).to_vec()),
                ("another scheme than Bearer", schemes.map(with).to_vec()),
                (
                    "anything else",
                    bad.iter()
                        .map(|(_, token)| with(&format!("Bearer {token}")))
                        .collect(),
                ),
            ],
        );
    }
}

/// What `token issue` makes passes for a day, by the machine's clock.
#[test]
fn tokens_of_the_command_pass_where_api_tokens_did() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "5a".repeat(32)).unwrap();
    let path = file.path().to_str().unwrap();
    let issued = doorward(
        &[
            "token",
            "issue",
            "--hmac-secret-file",
            path,
            "--subject",
            "alice",
        ],
        &[],
        "",
    );
    let token = String::from_utf8(issued.stdout).unwrap().trim().to_owned();
    for proxy in PROXIES {
        let site = site(
            proxy,
            "api-token",
            TestIssuer::new(),
            GateBuilder::by_machine_time,
        );
        assert_user_served(&site, site.get("/").header("api-token", &token));
        let tampered = site.refused(site.get("/").header("api-token", tampered(&token)));
        assert_eq!(
            (tampered.status, tampered.json()),
            (400, json!({"message": "invalid token"}))
        );
    }
}

/// As the decorators did, which took an outage for a bad token.
#[test]
fn without_keys_it_is_the_answer_to_a_bad_token() {
    for (name, issuer, row) in [
        ("cognito", POOL, "any bad token"),
        ("oidc-api", "https://idp.example", "anything else"),
    ] {
        for proxy in PROXIES {
            let keys = TestIssuer::new().serve();
            keys.answer_instead(500, "");
            let location = format!("{}/jwks", keys.url());
            let idp = TestIssuer::with_keys(vec![key(Algorithm::RS256)]).named(issuer);
            let site = site(proxy, name, idp, |gate| {
                gate.unset("JWKS")
                    .set("JWKS_URL", &location)
                    .set("JWKS_WAIT", "10ms")
            });
            let token = site
                .idp
                .token()
                .claim("aud", if name == "cognito" { "app" } else { "api" });
            let answer = site.refused(site.get("/").bearer(&token.claim("token_use", "id").sign()));
            assert_eq!(answer.get("x-auth-reason"), Some("keys_unavailable"));
            assert_is(&answer, promised(name, row), proxy.dialect);
            assert_eq!(answer.get("retry-after"), Some("5"));
        }
    }
}

/// While the database is down, `*` answers as to a bad token, like the decorators did. With the line
/// that the examples have in a comment, clients keep their tokens.
#[test]
fn without_the_database_it_is_the_answer_to_a_bad_token_or_503() {
    let secret_text = "5a".repeat(32);
    for (name, secret, body) in [
        (
            "header-token",
            &[0x5a; 32][..],
            json!({"code": "503", "status": "Service Unavailable", "message": "Try again"}),
        ),
        (
            "api-token",
            secret_text.as_bytes(),
            json!({"message": "try again"}),
        ),
    ] {
        let text = shipped(&format!("deploy/examples/{name}.yaml"), &[]);
        let commented = text
            .lines()
            .find(|line| line.starts_with("  #'503': "))
            .unwrap();
        for proxy in PROXIES {
            for with_line in [false, true] {
                // No database listens there.
                let site = site(proxy, name, TestIssuer::new(), |gate| {
                    let gate = gate.set("DIRECTORY_URL", "postgres://u@127.0.0.1:1/users");
                    if with_line {
                        gate.change_file(commented, &commented.replace("  #", "  "))
                    } else {
                        gate
                    }
                });
                let token = plain(&site.idp, secret).sign();
                let request = site.request("POST", "/").header(header_of(name), &token);
                let answer = site.refused(request);
                assert_eq!(answer.get("x-auth-reason"), Some("dependency_unavailable"));
                assert_eq!(answer.get("retry-after"), Some("5"));
                if with_line {
                    assert_eq!((answer.status, answer.json()), (503, body.clone()));
                } else {
                    let row = "any other bad token";
                    assert_is(&answer, promised(name, row), proxy.dialect);
                }
            }
        }
    }
}

/// The header in which an example has its token.
fn header_of(name: &str) -> &'static str {
    match name {
        "header-token" => "token",
        _ => "api-token",
    }
}

/// The keys are found by discovery, as in production.
#[test]
fn the_oidc_example_finds_keys_by_discovery_behind_real_proxies() {
    for proxy in PROXIES {
        let idp = TestIssuer::with_keys(vec![key(Algorithm::RS256)]).serve();
        let site = site(proxy, "oidc-api", idp, |gate| {
            gate.unset("JWKS").set("JWKS_WAIT", "20s")
        });
        let good = site.idp.token();
        assert_served(&site, site.get("/").bearer(&good.sign()), "X-User-Id");
        assert!(site.idp.fetches() > 0);
        let bad = site.refused(site.get("/").bearer(&tampered(&good.sign())));
        assert_is(&bad, promised("oidc-api", "anything else"), proxy.dialect);
    }
}

/// The example behind each proxy, with the lines that are beside it.
fn sites(name: &'static str, idp: impl Fn() -> TestIssuer) -> impl Iterator<Item = Site> {
    PROXIES
        .into_iter()
        .map(move |proxy| site(proxy, name, idp(), |gate| gate))
}

fn site(
    proxy: &Proxy,
    name: &str,
    idp: TestIssuer,
    change: impl FnOnce(GateBuilder) -> GateBuilder,
) -> Site {
    let gate = change(with_users(name, &idp));
    Site::with_lines(proxy, &shipped(&lines_file(proxy, name), &[]), idp, gate)
}

fn promised(example: &str, request: &str) -> &'static Promise {
    let found = PROMISES
        .iter()
        .find(|promise| promise.example == example && promise.request == request);
    found.unwrap_or_else(|| panic!("{example}: nothing is promised for {request:?}"))
}

/// The fields of a request.
type Fields = Vec<(&'static str, String)>;

/// Requests of each kind that is promised something get it, with each of these methods.
fn assert_promises(example: &str, site: &Site, methods: &[&str], kinds: Vec<(&str, Vec<Fields>)>) {
    let promised_kinds = PROMISES
        .iter()
        .filter(|promise| promise.example == example)
        .map(|promise| promise.request);
    assert_eq!(
        kinds.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(),
        promised_kinds.collect::<Vec<_>>()
    );
    for (kind, requests) in kinds {
        for (method, fields) in methods
            .iter()
            .flat_map(|method| requests.iter().map(move |fields| (method, fields)))
        {
            let request = site.request(method, "/things/1");
            let request = fields.iter().fold(request, |request, (name, value)| {
                request.header(name, value)
            });
            let start: Vec<_> = fields
                .iter()
                .map(|(name, value)| format!("{name}: {value:.80}"))
                .collect();
            assert_is(
                &site.refused(request),
                promised(example, kind),
                &format!("{method}, {kind}, {start:?}"),
            );
        }
    }
}

/// Status, body and type as promised, and no identity.
fn assert_is(answer: &Answer, promise: &Promise, what: &str) {
    let body: Value = serde_json::from_str(promise.body).unwrap();
    assert_eq!(
        (answer.status, answer.json()),
        (promise.status, body.clone()),
        "{what}: {answer:?}"
    );
    assert_eq!(
        answer.body,
        body.to_string(),
        "{what}: as text too, so without escapes"
    );
    let field = |name| answer.get(name).unwrap_or_default();
    assert_eq!(
        (field("content-type"), field("cache-control")),
        ("application/json", "no-store"),
        "{what}"
    );
    let names = [
        "x-auth-subject",
        "x-auth-email",
        "x-user-id",
        "x-auth-groups",
        "x-auth-denial",
    ];
    assert_eq!(names.map(field), [""; 5], "{what}");
}

fn assert_served(site: &Site, request: Request, header: &str) {
    assert_eq!(site.served(request).get(header), "alice");
}

/// The application gets the user's row too, and nothing that the client wrote in its place.
fn assert_user_served(site: &Site, request: Request) {
    let seen = site.served(request.header("X-Auth-Email", "mallory@example.com"));
    let identity = ["X-Auth-Subject", "X-Auth-Email"].map(|name| seen.get(name));
    assert_eq!(identity, ["alice", "alice@example.com"]);
}

/// Every row for a token in a header of its own.
fn in_header(
    name: &'static str,
    (good, expired): (&TokenBuilder, &TokenBuilder),
    bad: &[(&str, String)],
) -> Vec<(&'static str, Vec<Fields>)> {
    let with = |token: &str| vec![(name, token.to_owned())];
    let missing = if name == "token" {
        "no header `token`"
    } else {
        "no header `api-token`"
    };
    let elsewhere = vec![(
        "Authorization",
        format!("Bearer {}", expired.clone().expires_in(60).sign()),
    )];
    vec![
        (missing, vec![Vec::new(), with(""), elsewhere]),
        ("an expired token", vec![with(&expired.sign())]),
        (
            "any other bad token",
            bad.iter().map(|(_, token)| with(token)).collect(),
        ),
        (
            "a user who is not there",
            STRANGERS
                .map(|subject| with(&good.clone().subject(subject).sign()))
                .to_vec(),
        ),
    ]
}

/// Subjects that are no user, though some databases take one or another for `alice`.
const STRANGERS: [&str; 6] = [
    "bob",
    "Alice",
    "ALICE",
    "alice ",
    "'; DROP TABLE users; --",
    "42",
];

/// What is wrong with any token.
fn broken(idp: &TestIssuer, good: &TokenBuilder) -> Vec<(&'static str, String)> {
    let token = good.sign();
    let unsigned = good.clone().header("alg", "none").sign();
    vec![
        ("garbage", "x".to_owned()),
        ("two parts", "x.y".to_owned()),
        ("three parts", "not.a.token".to_owned()),
        ("five parts", format!("{token}.x.y")),
        ("too long", "x".repeat(20_000)),
        ("two tokens", format!("{token} {token}")),
        ("two tokens with a comma", format!("{token},{token}")),
        ("quoted", format!("\"{token}\"")),
        ("another payload", tampered(&token)),
        (
            "without its signature",
            format!("{}.", token.rsplit_once('.').unwrap().0),
        ),
        ("cut off", token[..token.len() - 4].to_owned()),
        ("alg none", unsigned.clone()),
        (
            "alg none, unsigned",
            format!("{}.", unsigned.rsplit_once('.').unwrap().0),
        ),
        (
            "not valid yet",
            good.clone().claim("nbf", idp.clock.secs() + 600).sign(),
        ),
        (
            "of the future",
            good.clone().claim("iat", idp.clock.secs() + 600).sign(),
        ),
        ("without an end", good.clone().without("exp").sign()),
        ("claims that are none", good.sign_payload("[]")),
    ]
}

/// What is wrong with a token of a published key.
fn bad_tokens(idp: &TestIssuer, good: &TokenBuilder) -> Vec<(&'static str, String)> {
    let other = Arc::new(SigningKey::generate(Algorithm::RS256).unwrap());
    let public_as_secret = good
        .clone()
        .header("alg", "HS256")
        .signed_by(secret(idp.jwks().as_bytes()));
    let mut bad = broken(idp, good);
    bad.extend([
        ("expired", good.clone().expires_in(-100).sign()),
        (
            "of another issuer",
            good.clone()
                .claim("iss", "https://elsewhere.example")
                .sign(),
        ),
        ("of no issuer", good.clone().without("iss").sign()),
        ("of another key", good.clone().signed_by(other).sign()),
        (
            "of an unknown key",
            good.clone().header("kid", "unknown").sign(),
        ),
        ("of the public key as a secret", public_as_secret.sign()),
        (
            "of another algorithm",
            good.clone()
                .header("alg", "ES256")
                .signed_by(key(Algorithm::ES256))
                .sign(),
        ),
    ]);
    bad
}

/// What is wrong with a token of a secret.
fn bad_secrets(idp: &TestIssuer, good: &TokenBuilder) -> Vec<(&'static str, String)> {
    let mut bad = broken(idp, good);
    bad.extend([
        ("with a scheme", format!("Bearer {}", good.sign())),
        (
            "of another secret",
            good.clone().signed_by(secret(&[1; 32])).sign(),
        ),
        (
            "of another algorithm",
            good.clone().header("alg", "HS512").sign(),
        ),
        (
            "of an issuer",
            good.clone()
                .claim("iss", "https://elsewhere.example")
                .sign(),
        ),
    ]);
    bad
}

fn secret(bytes: &[u8]) -> Arc<SigningKey> {
    Arc::new(SigningKey::secret(Algorithm::HS256, bytes))
}

/// The token with another payload, and the signature of its own.
fn tampered(token: &str) -> String {
    let parts: Vec<_> = token.split('.').collect();
    let payload = doorward::jose::encode_base64url(r#"{"sub":"mallory","exp":99999999999}"#);
    format!("{}.{payload}.{}", parts[0], parts[2])
}
