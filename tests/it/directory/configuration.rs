//! Settings of the directory that are refused.

use super::USERS;
use crate::support::{GateBuilder, TestDatabase, TestGate, TestIssuer, doorward};

fn builder() -> GateBuilder {
    TestGate::new()
        .trusting(&TestIssuer::new())
        .set("DIRECTORY_URL", "postgres://u:5ecret@127.0.0.1/users")
        .set("DIRECTORY_QUERY", "SELECT email FROM users WHERE id = $1")
}

#[test]
fn all_problems_are_reported_at_once() {
    let problems = builder()
        .set("DIRECTORY_URL", "postgres://u:5ecret@db.example/users")
        .set("DIRECTORY_QUERY", "DELETE FROM users")
        .set("DIRECTORY_PARAMETERS", "a..b")
        .set("DIRECTORY_ISSUERS", "nobody")
        .set("DIRECTORY_ON_MISSING", "maybe")
        .set("DIRECTORY_CACHE_TTL", "30")
        .set("DIRECTORY_NEGATIVE_TTL", "2h")
        .set("DIRECTORY_TIMEOUT", "1m")
        .set("DIRECTORY_MAX_CONNECTIONS", "0")
        .set("DIRECTORY_ON_OUTAGE", "panic")
        .set("DIRECTORY_MAX_STALE", "0s")
        .set("DIRECTORY_CA_FILE", "/nowhere")
        .configuration()
        .unwrap_err();
    for setting in [
        "URL",
        "QUERY",
        "PARAMETERS",
        "ISSUERS",
        "ON_MISSING",
        "CACHE_TTL",
        "NEGATIVE_TTL",
        "TIMEOUT",
        "MAX_CONNECTIONS",
        "ON_OUTAGE",
        "MAX_STALE",
        "CA_FILE",
    ] {
        let name = format!("DOORWARD_DIRECTORY_{setting}");
        assert!(problems.contains(&name), "{name} in {problems}");
    }
    assert!(!problems.contains("5ecret"), "{problems}");
}

#[test]
fn rules_of_several_settings() {
    let refused = |builder: GateBuilder, part: &str| {
        let problems = builder.configuration().unwrap_err();
        assert!(problems.contains(part), "{part:?} in {problems}");
    };
    refused(builder().unset("DIRECTORY_URL"), "there is no directory");
    refused(builder().unset("DIRECTORY_QUERY"), "missing");
    for url in ["mysql://u:p@127.0.0.1/users", "sqlite:/var/lib/users.db"] {
        refused(
            builder().set("DIRECTORY_URL", url),
            "takes different texts for the same",
        );
    }
    refused(
        builder().set("DIRECTORY_MAX_STALE", "1h"),
        "DOORWARD_DIRECTORY_MAX_STALE: without effect",
    );
    assert!(builder().configuration().is_ok());
}

#[test]
fn the_url_may_stand_in_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("url");
    std::fs::write(&file, "postgres://u:p@127.0.0.1/users\n").unwrap();
    let builder = builder().unset("DIRECTORY_URL");
    let builder = builder.set("DIRECTORY_URL_FILE", file.to_str().unwrap());
    assert!(builder.configuration().unwrap().directory.is_some());
}

/// Starts the program with these settings, and returns its exit code and its messages.
fn start(database: &TestDatabase, settings: &[(&str, &str)]) -> (Option<i32>, String) {
    let idp = TestIssuer::new();
    let (url, jwks) = (idp.url(), idp.jwks());
    let mut all = vec![
        ("ISSUER", url.as_str()),
        ("JWKS", jwks.as_str()),
        ("AUDIENCE", "api"),
        ("LISTEN", "127.0.0.1:0"),
        ("ADMIN_LISTEN", "127.0.0.1:0"),
        ("DIRECTORY_TIMEOUT", "10s"),
        ("DIRECTORY_URL", database.url.as_str()),
    ];
    all.extend(settings);
    let output = doorward(&["serve"], &all, "");
    let told = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), told)
}

#[test]
fn a_query_that_can_never_run_is_an_error_at_start() {
    let database = TestDatabase::postgres();
    database.run(USERS);
    database.run("CREATE TABLE accounts (number numeric, at timestamptz, email text)");
    for (settings, parts) in [
        (
            &[(
                "DIRECTORY_QUERY",
                "SELECT email FROM accounts WHERE number = $1",
            )][..],
            &["parameter $1 has the type numeric", "$1::bigint"][..],
        ),
        (
            &[(
                "DIRECTORY_QUERY",
                "SELECT email FROM accounts WHERE at = $1",
            )],
            &["timestamptz", "$1::text"],
        ),
        (
            &[("DIRECTORY_QUERY", "SELECT email FROM nowhere WHERE id = $1")],
            &["does not exist"],
        ),
        (
            &[("DIRECTORY_QUERY", "SELECT mail FROM users WHERE id = $1")],
            &["does not exist"],
        ),
        (
            &[("DIRECTORY_QUERY", "SELECT email FROM users WHERE id = $2")],
            &["parameter"],
        ),
        (
            &[(
                "DIRECTORY_QUERY",
                "SELECT email FROM users WHERE id = $1 AND role = $2",
            )],
            &["2 parameters", "names 1"],
        ),
        (
            &[(
                "DIRECTORY_QUERY",
                "SELECT email, role AS email FROM users WHERE id = $1",
            )],
            &["two columns", "AS"],
        ),
        (
            &[(
                "DIRECTORY_QUERY",
                "SELECT '\\x00'::bytea AS photo FROM users WHERE id = $1",
            )],
            &["photo", "bytea"],
        ),
        (
            &[
                ("DIRECTORY_QUERY", "SELECT email FROM users WHERE id = $1"),
                ("DIRECTORY_ACTIVE", "enabled"),
            ],
            &["directory_active", "enabled", "it has email"],
        ),
    ] {
        let (code, told) = start(&database, settings);
        assert_eq!(code, Some(78), "{settings:?}: {told}");
        for part in parts {
            assert!(told.contains(part), "{part:?} of {settings:?} in {told}");
        }
    }
}

#[test]
fn a_query_that_can_never_run_is_an_error_with_other_databases_too() {
    let mariadb = TestDatabase::mariadb();
    let sqlite = TestDatabase::sqlite();
    for database in [&mariadb, &sqlite] {
        database.run(USERS);
        for (query, active, parts) in [
            ("SELECT id FROM nowhere WHERE id = ?", "", &["nowhere"][..]),
            ("SELECT id, mail FROM users WHERE id = ?", "", &["mail"]),
            (
                "SELECT id FROM users WHERE id = ? AND role = ?",
                "",
                &["2 parameters", "names 1"],
            ),
            ("SELECT id FROM users", "", &["parameters", "names 1"]),
            (
                "SELECT email FROM users WHERE id = ?",
                "",
                &["directory_key", "it has email"],
            ),
            (
                "SELECT id FROM users WHERE id = ?",
                "enabled",
                &["directory_active", "it has id"],
            ),
        ] {
            let mut settings = vec![("DIRECTORY_QUERY", query), ("DIRECTORY_KEY", "id")];
            if !active.is_empty() {
                settings.push(("DIRECTORY_ACTIVE", active));
            }
            let (code, told) = start(database, &settings);
            assert_eq!(code, Some(78), "{query}: {told}");
            for part in parts {
                assert!(told.contains(part), "{part:?} of {query} in {told}");
            }
        }
    }
}
