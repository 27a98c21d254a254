//! The user directory, in real databases.

mod configuration;
mod mariadb;
pub mod online;
mod outage;
mod page;
mod pooler;
mod postgres;
mod sqlite;
mod tls;
mod values;

use crate::support::{Answer, GateBuilder, TestDatabase, TestGate, TestIssuer};

/// Two users of the same table: one of them is disabled.
const USERS: &str = "\
    CREATE TABLE users (id VARCHAR(100) PRIMARY KEY, email VARCHAR(100), role VARCHAR(20), active BOOLEAN);
    INSERT INTO users VALUES ('alice', 'alice@example.com', 'editor', TRUE);
    INSERT INTO users VALUES ('mallory', 'mallory@example.com', 'editor', FALSE);";

/// The service with this database, which gives the user's email to the application.
pub fn gate(idp: &TestIssuer, database: &TestDatabase, query: &str) -> GateBuilder {
    TestGate::new()
        .trusting(idp)
        .set("DIRECTORY_URL", &database.url)
        .set("DIRECTORY_QUERY", query)
        // A slow machine is no reason for a 503.
        .set("DIRECTORY_TIMEOUT", "10s")
        .set("DEPENDENCY_WAIT", "20s")
        .set(
            "CLAIM_HEADERS",
            "sub=X-Auth-Subject,user:email=X-User-Email",
        )
}

pub fn ask(gate: &TestGate, idp: &TestIssuer, subject: &str) -> Answer {
    gate.get("/verify")
        .bearer(&idp.token().subject(subject).sign())
        .send()
}

pub fn verdict(gate: &TestGate, idp: &TestIssuer, subject: &str) -> String {
    ask(gate, idp, subject).verdict()
}

/// The number of calls with this result.
pub fn calls(gate: &TestGate, result: &str) -> f64 {
    gate.metric(&format!(
        "doorward_dependency_requests_total{{dependency=\"directory\",issuer=\"none\",result=\"{result}\"}}"
    ))
}

/// The row of this subject, as `explain` shows it, after it was looked up.
pub fn row(gate: &TestGate, idp: &TestIssuer, subject: &str) -> serde_json::Value {
    let token = idp.token().subject(subject).sign();
    let answer = gate.get("/verify").bearer(&token).send();
    assert_eq!(answer.verdict(), "200", "{answer:?}");
    let transcript = gate
        .explain(serde_json::json!({"token": token}).to_string())
        .send()
        .json();
    let stages = transcript["stages"].as_array().unwrap();
    let stage = stages
        .iter()
        .find(|stage| stage["stage"] == "user")
        .unwrap();
    serde_json::from_str(stage["found"].as_str().unwrap()).unwrap()
}

/// Checks what a directory does with every kind of database.
pub fn serves_users(database: &TestDatabase, query: &str) {
    let idp = TestIssuer::new();
    let gate = gate(&idp, database, query)
        .set("DIRECTORY_KEY", "id")
        .set("DIRECTORY_ACTIVE", "active")
        .spawn();
    let alice = ask(&gate, &idp, "alice");
    assert_eq!(alice.verdict(), "200", "{alice:?}");
    assert_eq!(
        (alice.get("x-auth-subject"), alice.get("x-user-email")),
        (Some("alice"), Some("alice@example.com"))
    );
    for (subject, expected) in [
        ("bob", "401 subject_unknown"),
        ("mallory", "401 subject_disabled"),
    ] {
        let answer = ask(&gate, &idp, subject);
        assert_eq!(answer.verdict(), expected);
        assert!(
            answer
                .get("www-authenticate")
                .unwrap()
                .contains("error=\"invalid_token\""),
            "{answer:?}"
        );
        assert_eq!(answer.get("x-user-email").unwrap_or_default(), "");
    }
    for subject in ["alice", "bob", "mallory"] {
        verdict(&gate, &idp, subject);
    }
    let counted = ["found", "unknown", "disabled"].map(|result| calls(&gate, result));
    assert_eq!(
        counted, [1.0; 3],
        "the second answers are those that are kept"
    );
    database.run("UPDATE users SET active = FALSE WHERE id = 'alice'");
    assert_eq!(verdict(&gate, &idp, "alice"), "200", "not yet");
    gate.clock.advance(std::time::Duration::from_secs(30));
    assert_eq!(verdict(&gate, &idp, "alice"), "401 subject_disabled");
    database.run("UPDATE users SET active = TRUE WHERE id = 'alice'");
    gate.clock.advance(std::time::Duration::from_secs(5));
    assert_eq!(verdict(&gate, &idp, "alice"), "200");
}

/// Texts that look like something else are texts, and the table is still there.
pub fn keeps_texts_apart(database: &TestDatabase, query: &str) {
    let idp = TestIssuer::new();
    let gate = gate(&idp, database, query)
        .set("DIRECTORY_KEY", "id")
        .spawn();
    let nines = "9".repeat(40);
    let long = "a".repeat(10_240);
    for subject in [
        "'; DROP TABLE users; --",
        "' OR '1'='1",
        "\" OR \"\"=\"",
        "alice' --",
        "alice\\",
        "alice\0",
        "alice\0'; DROP TABLE users",
        "%",
        "a_ice",
        " alice",
        "alice ",
        "ALICE",
        "Alice",
        "alic\u{e9}",
        "$1",
        "?",
        "",
        &nines,
        &long,
    ] {
        assert_eq!(
            verdict(&gate, &idp, subject),
            "401 subject_unknown",
            "{subject:?}"
        );
    }
    assert_eq!(verdict(&gate, &idp, "alice"), "200");
    assert_eq!(
        gate.metric("doorward_dependency_breaker_open{dependency=\"directory\",issuer=\"none\"}"),
        0.0
    );
    assert_eq!(database.run("SELECT COUNT(*) FROM users"), "2");
}
