//! `SQLite`.

use serde_json::json;

use super::{
    USERS, ask, denies_a_cached_token, gate, keeps_texts_apart, row, serves_users, verdict,
};
use crate::support::{TestDatabase, TestIssuer};

const QUERY: &str = "SELECT id, email, role, active FROM users WHERE id = ?";

fn users() -> TestDatabase {
    let database = TestDatabase::sqlite();
    database.run(USERS);
    database
}

#[test]
fn users_pass_while_they_are_there_and_active() {
    serves_users(&users(), QUERY);
}

#[test]
fn a_cached_token_ends_with_the_row_of_its_user() {
    denies_a_cached_token(&users(), QUERY);
}

#[test]
fn texts_are_never_part_of_the_query() {
    let database = TestDatabase::sqlite();
    database.run(&USERS.replace("id VARCHAR(100)", "id VARCHAR(100) COLLATE NOCASE"));
    keeps_texts_apart(&database, QUERY);
}

/// A column of whole numbers takes `' 1'` and `'1.0'` for 1.
#[test]
fn numbers_are_compared_as_texts() {
    let database = TestDatabase::sqlite();
    database.run("CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT); INSERT INTO users VALUES (1, 'one@example.com')");
    let idp = TestIssuer::new();
    let gate = gate(&idp, &database, "SELECT id, email FROM users WHERE id = ?")
        .set("DIRECTORY_KEY", "id")
        .spawn();
    assert_eq!(
        ask(&gate, &idp, "1").get("x-user-email"),
        Some("one@example.com")
    );
    for subject in [" 1", "1.0", "01", "1e0", "1abc", ""] {
        assert_eq!(
            verdict(&gate, &idp, subject),
            "401 subject_unknown",
            "{subject:?}"
        );
    }
}

#[test]
fn columns_become_json() {
    let database = TestDatabase::sqlite();
    database.run("CREATE TABLE t (id TEXT, yes BOOLEAN, n INTEGER, r REAL, s TEXT, missing TEXT, data BLOB);
        INSERT INTO t VALUES ('alice', 1, -7, 0.5, 'a\"b', NULL, x'00'), ('two', 0, 1, 1, '', NULL, NULL), ('two', 0, 1, 1, '', NULL, NULL)");
    let idp = TestIssuer::new();
    let of = |columns: &str| {
        gate(
            &idp,
            &database,
            &format!("SELECT {columns} FROM t WHERE id = ?"),
        )
        .set("DIRECTORY_KEY", "id")
        .spawn()
    };
    let gate = of("id, yes, n, r, s, missing");
    assert_eq!(
        row(&gate, &idp, "alice"),
        json!({"id": "alice", "yes": true, "n": -7, "r": 0.5, "s": "a\"b"})
    );
    assert_eq!(verdict(&gate, &idp, "two"), "503 dependency_unavailable");
    assert_eq!(
        verdict(&of("id, data"), &idp, "alice"),
        "503 dependency_unavailable"
    );
}

#[test]
fn a_query_that_never_ends_is_ended() {
    let database = users();
    let idp = TestIssuer::new();
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
                   SELECT id, email FROM users WHERE id = ? \
                   AND (id <> 'alice' OR (SELECT COUNT(*) FROM n) > 0)";
    let gate = gate(&idp, &database, endless)
        .set("DIRECTORY_KEY", "id")
        .set("DIRECTORY_TIMEOUT", "500ms")
        .set("DIRECTORY_MAX_CONNECTIONS", "1")
        .spawn();
    for _ in 0..2 {
        assert_eq!(verdict(&gate, &idp, "alice"), "503 dependency_unavailable");
    }
    assert_eq!(
        verdict(&gate, &idp, "mallory"),
        "200",
        "the thread is free again"
    );
}

#[test]
fn a_file_that_is_not_there_is_503_until_it_is() {
    let database = users();
    let idp = TestIssuer::new();
    let path = database.url.strip_prefix("sqlite:").unwrap();
    let moved = format!("{path}.moved");
    std::fs::rename(path, &moved).unwrap();
    let gate = gate(&idp, &database, QUERY)
        .set("DIRECTORY_KEY", "id")
        .spawn();
    assert_eq!(verdict(&gate, &idp, "alice"), "503 dependency_unavailable");
    assert!(!std::path::Path::new(path).exists(), "it is not created");
    std::fs::rename(moved, path).unwrap();
    assert_eq!(verdict(&gate, &idp, "alice"), "200");
}

/// Another process has the whole file to itself.
#[test]
fn a_locked_file_is_waited_for_in_time() {
    let database = users();
    let idp = TestIssuer::new();
    let gate = gate(&idp, &database, QUERY)
        .set("DIRECTORY_KEY", "id")
        .set("DIRECTORY_TIMEOUT", "500ms")
        .spawn();
    assert_eq!(verdict(&gate, &idp, "alice"), "200");
    let mut lock = database.begin("BEGIN EXCLUSIVE; SELECT 'locked';\n");
    lock.wait_for_line("locked");
    assert_eq!(verdict(&gate, &idp, "bob"), "503 dependency_unavailable");
    assert_eq!(
        verdict(&gate, &idp, "alice"),
        "200",
        "what is kept stays in use"
    );
    drop(lock);
    assert_eq!(verdict(&gate, &idp, "bob"), "401 subject_unknown");
}
