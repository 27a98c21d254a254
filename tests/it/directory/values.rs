//! Missing rows, columns that are NULL, and subjects of other kinds of credentials.

use super::{USERS, ask, gate, verdict};
use crate::listed::{Files, api_key, entry, user};
use crate::support::{TestDatabase, TestIssuer};

const QUERY: &str = "SELECT id, email, active FROM users WHERE id = ?";

fn users() -> TestDatabase {
    let database = TestDatabase::sqlite();
    database.run(USERS);
    database
}

#[test]
fn a_missing_user_may_pass_without_attributes() {
    let (idp, database) = (TestIssuer::new(), users());
    let gate = gate(&idp, &database, QUERY)
        .set("DIRECTORY_KEY", "id")
        .set("DIRECTORY_ACTIVE", "active")
        .set("DIRECTORY_ON_MISSING", "pass")
        .spawn();
    let answer = ask(&gate, &idp, "bob");
    assert_eq!(
        (answer.verdict().as_str(), answer.get("x-user-email")),
        ("200", Some(""))
    );
    assert_eq!(verdict(&gate, &idp, "mallory"), "401 subject_disabled");
}

#[test]
fn null_is_not_active() {
    let database = users();
    database.run("INSERT INTO users VALUES ('carol', NULL, NULL, NULL), ('dave', NULL, NULL, 2)");
    let idp = TestIssuer::new();
    let gate = gate(&idp, &database, QUERY)
        .set("DIRECTORY_KEY", "id")
        .set("DIRECTORY_ACTIVE", "active")
        .spawn();
    assert_eq!(verdict(&gate, &idp, "carol"), "401 subject_disabled");
    let dave = ask(&gate, &idp, "dave");
    assert_eq!(
        (dave.verdict().as_str(), dave.get("x-user-email")),
        ("200", Some(""))
    );
}

#[test]
fn no_cache_is_a_question_for_each_request() {
    let database = users();
    let idp = TestIssuer::new();
    let gate = gate(&idp, &database, QUERY)
        .set("DIRECTORY_KEY", "id")
        .set("DIRECTORY_ACTIVE", "active")
        .set("DIRECTORY_CACHE_TTL", "0s")
        .set("DIRECTORY_NEGATIVE_TTL", "0s")
        .spawn();
    assert_eq!(verdict(&gate, &idp, "alice"), "200");
    database.run("UPDATE users SET active = 0 WHERE id = 'alice'");
    assert_eq!(verdict(&gate, &idp, "alice"), "401 subject_disabled");
    database.run("UPDATE users SET active = 1 WHERE id = 'alice'");
    assert_eq!(verdict(&gate, &idp, "alice"), "200");
}

/// An API key gets the row of its subject only if `directory_issuers` names `api-keys`.
#[test]
fn the_subject_of_a_key_is_another_subject() {
    let database = users();
    database.run("INSERT INTO users VALUES ('robot', 'robot@example.com', NULL, TRUE)");
    let (idp, files, key) = (TestIssuer::new(), Files::new(), api_key());
    let path = files.write("keys.yaml", entry("ci", &key, ""));
    let builder = || {
        gate(&idp, &database, QUERY)
            .set("DIRECTORY_KEY", "id")
            .set("API_KEYS_FILE", &path)
    };
    let problems = builder().configuration().unwrap_err();
    assert!(
        problems.contains("DOORWARD_DIRECTORY_ISSUERS"),
        "{problems}"
    );
    for (named, email) in [("idp.example", ""), ("api-keys", "robot@example.com")] {
        let gate = builder().set("DIRECTORY_ISSUERS", named).spawn();
        let answer = gate.get("/verify").bearer(&key).send();
        assert_eq!(answer.verdict(), "200", "{answer:?}");
        assert_eq!(answer.get("x-user-email").unwrap_or_default(), email);
    }
}

/// User 42 of the file of passwords is not user 42 of the issuer, unless the settings say so.
#[test]
fn the_user_of_a_password_is_another_subject() {
    let database = users();
    database.run("INSERT INTO users VALUES ('42', 'issuer@example.com', NULL, TRUE)");
    let (idp, files) = (TestIssuer::new(), Files::new());
    let path = files.write("passwords", user("42", "correct horse"));
    let file = |required: &str| {
        format!("routes: [{{name: all, match: {{}}, issuers: [idp.example, basic]{required}}}]\n")
    };
    for (named, required, expected) in [
        ("idp.example", "", ("200", "")),
        (
            "idp.example",
            ", directory: true",
            ("401 subject_unknown", ""),
        ),
        ("idp.example,basic", "", ("200", "issuer@example.com")),
    ] {
        let gate = gate(&idp, &database, QUERY)
            .set("DIRECTORY_KEY", "id")
            .set("DIRECTORY_ISSUERS", named)
            .set("HTPASSWD_FILE", &path)
            .set("TOKEN_SOURCES", "bearer,basic")
            .set("PROXY", "traefik")
            .file(file(required))
            .spawn();
        let answer = gate.get("/verify").basic("42", "correct horse").send();
        let email = answer.get("x-user-email").unwrap_or_default();
        assert_eq!(
            (answer.verdict().as_str(), email),
            expected,
            "{named}{required}"
        );
        assert_eq!(
            ask(&gate, &idp, "42").get("x-user-email"),
            Some("issuer@example.com")
        );
    }
}

/// Each issuer finds its own subject 42.
#[test]
fn the_issuer_may_be_a_parameter() {
    let (idp, database) = (TestIssuer::new(), TestDatabase::sqlite());
    database.run(&format!(
        "CREATE TABLE accounts (id TEXT, iss TEXT, email TEXT);
         INSERT INTO accounts VALUES ('42', '{}', 'own@example.com'), ('42', 'https://other.example', 'other@example.com')",
        idp.url()
    ));
    let query = "SELECT id, email FROM accounts WHERE id = ? AND iss = ?";
    let gate = gate(&idp, &database, query)
        .set("DIRECTORY_KEY", "id")
        .set("DIRECTORY_PARAMETERS", "sub,iss")
        .spawn();
    assert_eq!(
        ask(&gate, &idp, "42").get("x-user-email"),
        Some("own@example.com")
    );
    assert_eq!(verdict(&gate, &idp, "43"), "401 subject_unknown");
}
