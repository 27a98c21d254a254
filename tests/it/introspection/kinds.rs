//! One service with tokens, opaque tokens, API keys and passwords: each kind goes where it belongs,
//! and nothing but an opaque token goes to the server that is asked.

use serde_json::json;

use super::server;
use crate::listed::{Files, api_key, entry, user};
use crate::nginx::NGINX;
use crate::support::{GateBuilder, IntrospectionEndpoint, Proxy, Request, Site, TestIssuer};
use crate::traefik::TRAEFIK;

/// A credential of each kind, and the files that know of those that are good.
struct Credentials {
    _files: Files,
    jwt: String,
    expired: String,
    key: String,
}

/// A credential as it is presented, and what comes of it: the subject, or the reason of a denial.
type Row<'a> = (&'a str, Presented<'a>, Result<&'a str, &'a str>);

/// How a credential is presented.
#[derive(Clone, Copy)]
enum Presented<'a> {
    Bearer(&'a str),
    Basic(&'a str, &'a str),
}

impl Presented<'_> {
    fn to(self, request: Request) -> Request {
        match self {
            Self::Bearer(token) => request.bearer(token),
            Self::Basic(user, password) => request.basic(user, password),
        }
    }
}

/// A service that takes all of them, by the clock of the machine if a real proxy asks.
fn of_all_kinds(server: &IntrospectionEndpoint) -> (GateBuilder, Credentials) {
    server.knows("good", &json!({"sub": "opaque-alice"}));
    let (files, key) = (Files::new(), api_key());
    let keys = files.write("keys.yaml", entry("ci", &key, ""));
    let users = files.write("htpasswd", user("carol", "secret"));
    let gate = server
        .gate()
        .set("API_KEYS_FILE", keys)
        .set("HTPASSWD_FILE", users)
        .set("TOKEN_SOURCES", "bearer, basic");
    let credentials = Credentials {
        _files: files,
        jwt: server.idp.token().sign(),
        expired: server.idp.token().expires_in(-100).sign(),
        key,
    };
    (gate, credentials)
}

/// Every kind, good and bad; the API keys and passwords also as they may be mistaken for another.
fn rows<'a>(has: &'a Credentials, unknown: &'a str, wrong: &'a str) -> Vec<Row<'a>> {
    use Presented::{Basic, Bearer};
    vec![
        ("JWT", Bearer(&has.jwt), Ok("alice")),
        ("JWT", Bearer(&has.expired), Err("token_expired")),
        ("opaque", Bearer("good"), Ok("opaque-alice")),
        ("opaque", Bearer("bad"), Err("token_inactive")),
        ("key", Bearer(&has.key), Ok("robot")),
        ("key", Bearer(unknown), Err("credential_unknown")),
        ("key", Bearer(wrong), Err("token_malformed")),
        ("key", Bearer("dw_"), Err("token_malformed")),
        ("key", Bearer("dw_good"), Err("token_malformed")),
        ("password", Basic("carol", "secret"), Ok("carol")),
        (
            "password",
            Basic("carol", "wrong"),
            Err("credentials_invalid"),
        ),
        ("password", Basic("good", ""), Err("credentials_invalid")),
        ("password", Basic("", "good"), Err("credentials_invalid")),
        ("password", Basic("x", &has.jwt), Err("credentials_invalid")),
        ("password", Basic("x", &has.key), Err("credentials_invalid")),
    ]
}

/// A key with a wrong check sum.
fn damaged(key: &str) -> String {
    let (most, last) = key.split_at(key.len() - 1);
    format!("{most}{}", if last == "0" { "1" } else { "0" })
}

/// The tokens that the server was asked about.
fn asked(server: &IntrospectionEndpoint) -> Vec<String> {
    let questions = server.questions();
    let tokens = questions.iter().map(|asked| asked.token().to_owned());
    tokens.collect()
}

#[test]
fn each_kind_is_judged_by_its_own() {
    let server = server();
    let (gate, has) = of_all_kinds(&server);
    let gate = gate.spawn();
    let (unknown, wrong) = (api_key(), damaged(&has.key));
    let rows = rows(&has, &unknown, &wrong);
    for round in 1..=2 {
        for (kind, presented, expected) in &rows {
            let answer = presented.to(gate.get("/verify")).send();
            let found = match answer.get("x-auth-reason") {
                None => Ok(answer.get("x-auth-subject").unwrap()),
                Some(reason) => Err(reason),
            };
            assert_eq!(found, *expected, "{kind}, round {round}: {answer:?}");
            let status = if expected.is_ok() { 200 } else { 401 };
            assert_eq!(answer.status, status, "{kind}: {answer:?}");
        }
    }
    assert_eq!(asked(&server), ["good", "bad"]);
    let counted = |issuer: &str, reason: &str, verdict: &str| {
        let series = format!(
            "doorward_decisions_total{{issuer=\"{issuer}\",reason=\"{reason}\",route=\"none\",verdict=\"{verdict}\"}}"
        );
        gate.metric(&series).to_string()
    };
    for (issuer, reason, expected) in [
        ("main", "token_inactive", "2"),
        ("api-keys", "credential_unknown", "2"),
        ("api-keys", "token_malformed", "6"),
        ("basic", "credentials_invalid", "10"),
    ] {
        assert_eq!(counted(issuer, reason, "deny"), expected, "{reason}");
    }
}

fn behind(proxy: &Proxy) {
    let server = server();
    let (gate, has) = of_all_kinds(&server);
    let site = Site::with(proxy, TestIssuer::new(), gate, &[]);
    let (unknown, wrong) = (api_key(), damaged(&has.key));
    for (kind, presented, expected) in rows(&has, &unknown, &wrong) {
        let request = presented.to(site.get("/"));
        match expected {
            Ok(subject) => {
                let seen = site.served(request);
                assert_eq!(seen.get("X-Auth-Subject"), subject, "{kind}");
            }
            Err(reason) => {
                let answer = site.refused(request);
                let verdict = format!("401 {reason}");
                assert_eq!(answer.verdict(), verdict, "{kind}: {answer:?}");
            }
        }
    }
    assert_eq!(asked(&server), ["good", "bad"]);
}

#[test]
fn each_kind_is_judged_by_its_own_behind_nginx() {
    behind(&NGINX);
}

#[test]
fn each_kind_is_judged_by_its_own_behind_traefik() {
    behind(&TRAEFIK);
}
