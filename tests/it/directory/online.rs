//! `doorward check --online` and `explain`, for a directory.

use serde_json::json;

use super::{USERS, gate};
use crate::support::{TestDatabase, TestIssuer, doorward};

/// What `check --online` prints, and its exit code.
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
        told.contains("directory: PostgreSQL, parameters: $1 varchar"),
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
        json!({"kind": "PostgreSQL", "tried": true, "parameters": ["varchar"],
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

/// It asks nobody: a user who is not kept is unknown.
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
    assert_eq!(super::calls(&gate, "found"), 0.0);
    assert_eq!(gate.verdict(&token), "200");
    let known = explain();
    assert_eq!(known["verdict"], "allow", "{known}");
    assert_eq!(
        stage(&known),
        r#"{"id":"alice","email":"alice@example.com"}"#
    );
}
