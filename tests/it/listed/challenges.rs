//! The challenges of requests to services that take tokens, passwords or both.

use super::{Files, api_key, entry, user};
use crate::support::{Answer, Request, TestGate, TestIssuer};

const BASIC: &str = r#"Basic realm="doorward", charset="UTF-8""#;
const BEARER: &str = r#"Bearer realm="doorward""#;

fn challenges(answer: &Answer) -> Vec<String> {
    let fields = answer.fields.iter();
    let lines = fields.filter(|(name, _)| name == "www-authenticate");
    // The sentence about the error is another test's.
    let shortened = lines.map(
        |(_, value)| match value.split_once(", error_description=\"") {
            Some((before, rest)) => format!("{before}{}", rest.split_once('"').unwrap().1),
            None => value.clone(),
        },
    );
    shortened.collect()
}

const ROUTES: &str = "
routes:
  - {name: tokens, match: {path: /tokens}}
  - {name: both, match: {path: /both}, issuers: [main, basic], require: {scopes: [read]}}
  - {name: passwords, match: {path: /passwords}, issuers: [basic]}
  - {name: resource, match: {path: /resource}, issuers: [main, basic], resource_metadata: 'https://h/m'}
  - {name: keys, match: {path: /keys}, issuers: [api-keys, basic]}
";

#[test]
fn each_scheme_that_a_route_takes_has_its_challenge_in_order() {
    let (files, idp) = (Files::new(), TestIssuer::new());
    let gate = TestGate::new()
        .trusting(&idp)
        .set("NAME", "main")
        .set("PROXY", "traefik")
        .set(
            "API_KEYS_FILE",
            files.write("keys.yaml", entry("ci", &api_key(), "")),
        )
        .set(
            "HTPASSWD_FILE",
            files.write("htpasswd", user("alice", "secret")),
        )
        .set("TOKEN_SOURCES", "bearer, basic")
        .file(ROUTES)
        .spawn();
    let at = |path: &str| {
        let request = gate.get("/verify").header("X-Forwarded-Method", "GET");
        request
            .header("X-Forwarded-Host", "h")
            .header("X-Forwarded-Uri", path)
    };
    let invalid = format!("{BEARER}, error=\"invalid_token\"");
    let scope = format!("{BEARER}, scope=\"read\"");
    let resource = format!("{BEARER}, resource_metadata=\"https://h/m\"");
    let (invalid, scope, resource) = (invalid.as_str(), scope.as_str(), resource.as_str());
    let expired = idp.token().expires_in(-100).sign();
    let wrong = |request: Request| request.basic("alice", "wrong");
    let missing = "401 token_missing";
    for (request, verdict, expected) in [
        (at("/tokens"), missing, vec![BEARER]),
        (at("/both"), missing, vec![BASIC, BEARER]),
        (at("/passwords"), missing, vec![BASIC]),
        // Clients of such resources look for `Bearer`.
        (at("/resource"), missing, vec![resource, BASIC]),
        (at("/keys"), missing, vec![BASIC, BEARER]),
        // The scheme of the attempt comes first, and it alone has an error.
        (
            wrong(at("/both")),
            "401 credentials_invalid",
            vec![BASIC, BEARER],
        ),
        (
            wrong(at("/resource")),
            "401 credentials_invalid",
            vec![BASIC, resource],
        ),
        (
            wrong(at("/passwords")),
            "401 credentials_invalid",
            vec![BASIC],
        ),
        (
            at("/both").bearer(&expired),
            "401 token_expired",
            vec![invalid, BASIC],
        ),
        (
            at("/keys").bearer(&api_key()),
            "401 credential_unknown",
            vec![invalid, BASIC],
        ),
        (
            at("/both").header("Authorization", "Basic !"),
            "401 authorization_malformed",
            vec![BASIC, BEARER],
        ),
        // A scheme that the route does not take is no attempt.
        (wrong(at("/tokens")), "401 scheme_unsupported", vec![BEARER]),
        (
            at("/passwords").bearer(&expired),
            "401 issuer_unknown",
            vec![BASIC],
        ),
        (
            at("/both").header("Authorization", "Digest x"),
            "401 scheme_unsupported",
            vec![BASIC, BEARER],
        ),
        // 403 as well: what is missing is a scope.
        (
            at("/both").basic("alice", "secret"),
            "403 scope_insufficient",
            vec![BASIC, scope],
        ),
        (at("/nowhere"), "403 route_denied", vec![]),
    ] {
        let answer = request.send();
        assert_eq!(
            (answer.verdict().as_str(), challenges(&answer)),
            (verdict, expected.iter().map(ToString::to_string).collect())
        );
    }
}

#[test]
fn nginx_gets_all_challenges_in_one_line() {
    let (files, idp) = (Files::new(), TestIssuer::new());
    let gate = TestGate::new()
        .trusting(&idp)
        .set(
            "HTPASSWD_FILE",
            files.write("htpasswd", user("alice", "secret")),
        )
        .set("TOKEN_SOURCES", "bearer, basic")
        .spawn();
    let asked = gate
        .get("/verify/nginx")
        .header("X-Original-URL", "https://h/")
        .header("X-Original-Method", "GET");
    let answer = asked.send();
    assert_eq!(answer.verdict(), "401 token_missing");
    assert_eq!(challenges(&answer), [format!("{BASIC}, {BEARER}")]);
    let answer = gate.get("/verify").send();
    assert_eq!(challenges(&answer), [BASIC, BEARER]);
}

#[test]
fn a_service_that_takes_passwords_only_asks_for_nothing_else() {
    let files = Files::new();
    let path = files.write("htpasswd", user("alice", "secret"));
    let gate = super::with_passwords(&path)
        .set("REALM", "The shop")
        .spawn();
    for request in [
        gate.get("/verify"),
        gate.get("/verify").bearer("a.b.c"),
        gate.get("/verify").basic("a", "b"),
    ] {
        let answer = request.send();
        assert_eq!(answer.status, 401);
        assert_eq!(
            challenges(&answer),
            [r#"Basic realm="The shop", charset="UTF-8""#]
        );
    }
}
