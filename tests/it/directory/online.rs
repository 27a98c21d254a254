//! `doorward check --online` and `explain`, for a directory.

use doorward::hints::Hint;
use serde_json::json;

use super::{USERS, gate};
use crate::support::{TestDatabase, TestIssuer, doorward};

/// The hints that the tests of this file try.
pub fn tried() -> Vec<Hint> {
    [
        Hint::SubjectUnknown,
        Hint::SubjectDisabled,
        Hint::DependencyUnavailable,
    ]
    .into()
}

/// Runs `check --online`, and returns its exit code and its output.
fn check(database: &TestDatabase, query: &str, output: &str) -> (Option<i32>, String) {
    let idp = TestIssuer::new();
    let (url, jwks) = (idp.url(), idp.jwks());
    let settings = [
        ("ISSUER", url.as_str()),
        ("JWKS", &jwks),
        ("AUDIENCE", "api"),
        ("DIRECTORY_TIMEOUT", "10s"),
        ("DIRECTORY_URL", &database.url),
        ("DIRECTORY_QUERY", query),
        ("DIRECTORY_KEY", "id"),
    ];
    let printed = doorward(&["check", "--online", "--output", output], &settings, "");
    let told = [printed.stdout, printed.stderr].concat();
    (printed.status.code(), String::from_utf8(told).unwrap())
}

#[test]
fn check_prints_columns_and_types() {
    let database = TestDatabase::postgres();
    database.run(USERS);
    let (code, told) = check(
        &database,
        "SELECT id, email, active FROM users WHERE id = $1",
        "text",
    );
    assert_eq!(code, Some(0), "{told}");
    assert!(
        told.contains("directory: PostgreSQL, parameters: text"),
        "{told}"
    );
    assert!(
        told.contains("directory: columns: id varchar, email varchar, active bool"),
        "{told}"
    );
    let (_, told) = check(&database, "SELECT id FROM users WHERE id = $1", "json");
    let report: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        report["directory"],
        json!({"kind": "PostgreSQL", "tried": true, "parameters": ["text"],
            "columns": [{"name": "id", "type": "varchar"}], "error": null, "hint": null})
    );
}

#[test]
fn check_fails_for_a_query_that_cannot_run() {
    let database = TestDatabase::postgres();
    let (code, told) = check(&database, "SELECT id FROM users WHERE id = $1", "text");
    assert_eq!(code, Some(78), "{told}");
    assert!(told.contains("relation \"users\" does not exist"), "{told}");
    let absent = TestDatabase::sqlite();
    std::fs::remove_file(absent.url.strip_prefix("sqlite:").unwrap()).unwrap();
    let (code, told) = check(&absent, "SELECT id FROM users WHERE id = ?", "text");
    assert_eq!(code, Some(1), "{told}");
}

/// The database is not asked: the verdict on a user whose row is not kept is unknown.
#[test]
fn an_explanation_asks_nobody() {
    let database = TestDatabase::sqlite();
    database.run(USERS);
    let idp = TestIssuer::new();
    let gate = gate(&idp, &database, "SELECT id, email FROM users WHERE id = ?")
        .set("DIRECTORY_KEY", "id")
        .spawn();
    let token = idp.token().sign();
    let explain = || {
        gate.explain(json!({"token": token}).to_string())
            .send()
            .json()
    };
    let unknown = explain();
    assert_eq!(unknown["verdict"], "unknown", "{unknown}");
    let stage = |transcript: &serde_json::Value| {
        let stages = transcript["stages"].as_array().unwrap();
        let stage = stages
            .iter()
            .find(|stage| stage["stage"] == "user")
            .unwrap();
        stage["found"].as_str().unwrap().to_owned()
    };
    assert_eq!(stage(&unknown), "would be looked up");
    let online = gate.explain(json!({"token": token, "online": true}).to_string());
    let online = online.send().json();
    assert_eq!(online["verdict"], "allow", "{online}");
    assert_eq!(explain()["verdict"], "unknown", "nothing of that is kept");
    assert_eq!(super::calls(&gate, "found"), 0.0);
    assert_eq!(gate.verdict(&token), "200");
    let known = explain();
    assert_eq!(known["verdict"], "allow", "{known}");
    assert_eq!(
        stage(&known),
        r#"{"id":"alice","email":"alice@example.com"}"#
    );
}

#[test]
fn the_command_asks_with_online_only() {
    let database = TestDatabase::sqlite();
    database.run(USERS);
    let idp = TestIssuer::new();
    let (url, jwks) = (idp.url(), idp.jwks());
    let settings = [
        ("ISSUER", url.as_str()),
        ("JWKS", jwks.as_str()),
        ("AUDIENCE", "api"),
        ("DIRECTORY_TIMEOUT", "10s"),
        ("DIRECTORY_URL", database.url.as_str()),
        (
            "DIRECTORY_QUERY",
            "SELECT id, email FROM users WHERE id = ?",
        ),
        ("DIRECTORY_KEY", "id"),
    ];
    let explain = |subject: &str, online: &[&str]| {
        let at = doorward::domain::Timestamp::from_secs(idp.clock.secs());
        let at = at.to_rfc3339().to_string();
        let arguments = [
            &["explain", "--token", "-", "--at", &at, "--output", "json"],
            online,
        ];
        let token = idp.token().subject(subject).sign();
        let output = doorward(&arguments.concat(), &settings, &token);
        let text = String::from_utf8(output.stdout).unwrap();
        let transcript: serde_json::Value = serde_json::from_str(&text).unwrap();
        let verdict = transcript["verdict"].as_str().unwrap().to_owned();
        (output.status.code(), verdict, transcript["reason"].clone())
    };
    let of = |code, verdict: &str, reason: &str| (Some(code), verdict.to_owned(), json!(reason));
    assert_eq!(explain("alice", &[]), of(1, "unknown", "unknown"));
    assert_eq!(explain("alice", &["--online"]), of(0, "allow", "ok"));
    assert_eq!(
        explain("bob", &["--online"]),
        of(1, "deny", "subject_unknown")
    );
}

#[test]
fn denials_by_the_directory_tell_what_may_help() {
    let database = TestDatabase::sqlite();
    database.run(USERS);
    let idp = TestIssuer::new();
    let query = "SELECT id, email, active FROM users WHERE id = ?";
    let known = gate(&idp, &database, query)
        .set("DIRECTORY_KEY", "id")
        .set("DIRECTORY_ACTIVE", "active");
    let away = known
        .clone()
        .set("DIRECTORY_URL", "postgres://a:b@127.0.0.1:1/users")
        .set("DIRECTORY_QUERY", query.replace('?', "$1"));
    for (gate, subject, expected) in [
        (known.clone(), "bob", Hint::SubjectUnknown),
        (known, "mallory", Hint::SubjectDisabled),
        (away, "alice", Hint::DependencyUnavailable),
    ] {
        let token = idp.token().subject(subject).sign();
        let asked = json!({"token": token, "online": true}).to_string();
        let told = gate.spawn().explain(asked).send().json();
        assert_eq!(told["hint"], expected.with(&[]), "{told}");
    }
}
