//! `MariaDB`, in the place of `MySQL`.

use std::time::Duration;

use serde_json::json;

use super::{
    USERS, ask, denies_a_cached_token, gate, keeps_texts_apart, row, serves_users, verdict,
};
use crate::support::{TestDatabase, TestIssuer, eventually};

const QUERY: &str = "SELECT id, email, role, active FROM users WHERE id = ?";

fn users() -> TestDatabase {
    let database = TestDatabase::mariadb();
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

/// Its collation takes `Alice`, `alice ` and `alicé` for `alice`.
#[test]
fn texts_are_never_part_of_the_query() {
    let database = users();
    assert_eq!(
        database.run("SELECT COUNT(*) FROM users WHERE id IN ('ALICE ')"),
        "1"
    );
    keeps_texts_apart(&database, QUERY);
}

/// `'1abc'`, `' 1'` and `'1.0'` are 1 there, and `'abc'` is 0.
#[test]
fn numbers_are_compared_as_texts() {
    let database = TestDatabase::mariadb();
    database.run(
        "CREATE TABLE users (id BIGINT PRIMARY KEY, email VARCHAR(50));
        INSERT INTO users VALUES (0, 'zero@example.com'), (1, 'one@example.com')",
    );
    let idp = TestIssuer::new();
    let gate = gate(&idp, &database, "SELECT id, email FROM users WHERE id = ?")
        .set("DIRECTORY_KEY", "id")
        .spawn();
    assert_eq!(
        ask(&gate, &idp, "1").get("x-user-email"),
        Some("one@example.com")
    );
    for subject in ["1abc", " 1", "1.0", "01", "1e0", "abc", "", "-0"] {
        assert_eq!(
            verdict(&gate, &idp, subject),
            "401 subject_unknown",
            "{subject:?}"
        );
    }
}

#[test]
fn columns_become_json() {
    let database = TestDatabase::mariadb();
    database.run(
        "CREATE TABLE t (id VARCHAR(9), yes BOOLEAN, n INT, u BIGINT UNSIGNED, d DECIMAL(20,2), f DOUBLE, s TEXT,
           e ENUM('a','b'), bits BIT(4), day DATE, at DATETIME, stamp TIMESTAMP NULL, clock TIME, y YEAR, missing INT);
         SET time_zone = '+01:00';
         INSERT INTO t VALUES ('alice', TRUE, -7, 18446744073709551615, 12.50, 0.1, 'ä', 'b', b'1010',
           '2026-01-02', '2026-01-02 03:04:05', '2026-01-02 03:04:05', '03:04:05', 2026, NULL);",
    );
    let idp = TestIssuer::new();
    for (columns, expected) in [
        (
            "id, yes, n, u, d, f, s, missing",
            json!({"id": "alice", "yes": true, "n": -7, "u": 18_446_744_073_709_551_615_u64, "d": 12.50, "f": 0.1, "s": "ä"}),
        ),
        (
            "id, e, bits, day, at, stamp, clock, y",
            json!({"id": "alice", "e": "b", "bits": 10, "day": "2026-01-02", "at": "2026-01-02T03:04:05",
                "stamp": "2026-01-02T02:04:05Z", "clock": "03:04:05", "y": 2026}),
        ),
    ] {
        let gate = gate(
            &idp,
            &database,
            &format!("SELECT {columns} FROM t WHERE id = ?"),
        )
        .set("DIRECTORY_KEY", "id")
        .spawn();
        assert_eq!(row(&gate, &idp, "alice"), expected, "{columns}");
    }
}

#[test]
fn two_rows_are_503() {
    let database = TestDatabase::mariadb();
    database.run(
        "CREATE TABLE t (id VARCHAR(9), data BLOB);
        INSERT INTO t VALUES ('two', NULL), ('two', NULL), ('blob', 'x'), ('alice', NULL)",
    );
    let idp = TestIssuer::new();
    let gate = gate(&idp, &database, "SELECT id FROM t WHERE id = ?")
        .set("DIRECTORY_KEY", "id")
        .spawn();
    assert_eq!(verdict(&gate, &idp, "two"), "503 dependency_unavailable");
    assert_eq!(verdict(&gate, &idp, "alice"), "200");
}

#[test]
fn the_session_only_reads() {
    let database = users();
    database.run(
        "DELIMITER //
        CREATE FUNCTION promote() RETURNS INT DETERMINISTIC MODIFIES SQL DATA
        BEGIN UPDATE users SET role = 'admin'; RETURN 1; END //
        DELIMITER ;",
    );
    let idp = TestIssuer::new();
    let query = "SELECT id, promote() AS x FROM users WHERE id = ?";
    let gate = gate(&idp, &database, query)
        .set("DIRECTORY_KEY", "id")
        .spawn();
    assert_eq!(verdict(&gate, &idp, "alice"), "503 dependency_unavailable");
    assert_eq!(database.run("SELECT DISTINCT role FROM users"), "editor");
}

/// Closing a connection ends no query there.
#[test]
fn the_server_ends_what_takes_too_long() {
    let database = users();
    let idp = TestIssuer::new();
    let query = "SELECT id, email FROM users WHERE id = ? AND (id <> 'alice' OR SLEEP(60) = 0)";
    let gate = gate(&idp, &database, query)
        .set("DIRECTORY_KEY", "id")
        .set("DIRECTORY_TIMEOUT", "500ms")
        .spawn();
    assert_eq!(verdict(&gate, &idp, "alice"), "503 dependency_unavailable");
    eventually("the end of the query at the server", || {
        let running = "SELECT COUNT(*) FROM information_schema.processlist \
                       WHERE user = 'doorward' AND state = 'User sleep' AND db = DATABASE()";
        (database.run(running) == "0").then_some(())
    });
    assert_eq!(verdict(&gate, &idp, "mallory"), "200");
}

#[test]
fn a_locked_table_is_waited_for_in_time() {
    let database = users();
    let idp = TestIssuer::new();
    let gate = gate(&idp, &database, QUERY)
        .set("DIRECTORY_KEY", "id")
        .set("DIRECTORY_TIMEOUT", "500ms")
        .spawn();
    assert_eq!(verdict(&gate, &idp, "alice"), "200");
    let mut lock = database.begin("LOCK TABLES users WRITE; SELECT 'locked';\n");
    lock.wait_for_line("locked");
    assert_eq!(verdict(&gate, &idp, "bob"), "503 dependency_unavailable");
    drop(lock);
    eventually("an answer after the lock", || {
        gate.clock.advance(Duration::from_secs(1));
        (verdict(&gate, &idp, "bob") == "401 subject_unknown").then_some(())
    });
}
