//! `PostgreSQL`.

use std::time::Duration;

use serde_json::json;

use super::{
    USERS, ask, calls, denies_a_cached_token, gate, keeps_texts_apart, row, serves_users, verdict,
};
use crate::support::{TestDatabase, TestGate, TestIssuer, eventually};

const QUERY: &str = "SELECT id, email, role, active FROM users WHERE id = $1";

fn users() -> TestDatabase {
    let database = TestDatabase::postgres();
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
    keeps_texts_apart(&users(), QUERY);
}

#[test]
fn parameters_are_bound_by_their_types() {
    let database = TestDatabase::postgres();
    database.run(
        "CREATE TABLE users (small int2, id int4 PRIMARY KEY, big int8, key uuid, name varchar(9), email text);
         INSERT INTO users VALUES (7, 42, 9007199254740993, '67e55044-10b1-426f-9247-bb680e5fe0c8', 'alice', 'a@b');",
    );
    let idp = TestIssuer::new();
    for (column, good, bad) in [
        ("small", "7", &["07", "7.0", "70000", "abc"][..]),
        (
            "id",
            "42",
            &[
                "+42",
                " 42",
                "42 ",
                "4e1",
                "abc",
                "",
                "99999999999999999999999999999999999999",
            ],
        ),
        ("big", "9007199254740993", &["9007199254740992"]),
        (
            "key",
            "67e55044-10b1-426f-9247-bb680e5fe0c8",
            &[
                "67E55044-10B1-426F-9247-BB680E5FE0C8",
                "{67e55044-10b1-426f-9247-bb680e5fe0c8}",
                "x",
            ],
        ),
        ("name", "alice", &["alice ", "Alice"]),
    ] {
        let query = format!("SELECT email FROM users WHERE {column} = $1");
        let gate = gate(&idp, &database, &query).spawn();
        assert_eq!(verdict(&gate, &idp, good), "200", "{column}");
        for subject in bad {
            assert_eq!(
                verdict(&gate, &idp, subject),
                "401 subject_unknown",
                "{column} {subject:?}"
            );
        }
        assert_eq!(
            calls(&gate, "status") + calls(&gate, "timeout"),
            0.0,
            "nothing counts as a failure"
        );
    }
}

#[test]
fn claims_of_the_wrong_kind_are_no_subjects() {
    let idp = TestIssuer::new();
    let query = "SELECT email FROM users WHERE id = $1 AND role = $2";
    let gate = gate(&idp, &users(), query)
        .set("DIRECTORY_PARAMETERS", "sub,tenant.role")
        .spawn();
    let with = |role| idp.token().claim("tenant", json!({ "role": role })).sign();
    assert_eq!(gate.verdict(&with(json!("editor"))), "200");
    assert_eq!(gate.verdict(&with(json!("reader"))), "401 subject_unknown");
    assert_eq!(gate.verdict(&with(json!(1))), "401 subject_unknown");
    assert_eq!(gate.verdict(&with(json!(null))), "401 claim_missing");
    assert_eq!(gate.verdict(&idp.token().sign()), "401 claim_missing");
    assert_eq!(gate.verdict(&with(json!(["editor"]))), "401 claim_invalid");
    assert_eq!(gate.verdict(&with(json!({"a": 1}))), "401 claim_invalid");
}

#[test]
fn columns_become_json() {
    let database = TestDatabase::postgres();
    database.run("CREATE TYPE plan AS ENUM ('free', 'pro'); CREATE DOMAIN mail AS text;");
    let idp = TestIssuer::new();
    for (columns, expected) in [
        (
            "true AS t, false AS f, NULL::bool AS n, 7::int2 AS s, -7::int4 AS i, 9007199254740993::int8 AS b",
            json!({"t": true, "f": false, "s": 7, "i": -7, "b": 9_007_199_254_740_993_i64}),
        ),
        (
            "1.5::float4 AS a, 0.1::float8 AS b, 12345678901234567890.50::numeric AS c, 0::numeric AS d",
            json!({"a": 1.5, "b": 0.1, "c": 12_345_678_901_234_567_890.50_f64, "d": 0}),
        ),
        (
            "'a\"b\\'::text AS t, 'x'::varchar(3) AS v, 'y'::char(3) AS c, 'pro'::plan AS p, 'a@b'::mail AS m",
            json!({"t": "a\"b\\", "v": "x", "c": "y  ", "p": "pro", "m": "a@b"}),
        ),
        (
            "'{\"a\":[1,null]}'::json AS j, '{\"b\": 1}'::jsonb AS b, gen_random_uuid() = gen_random_uuid() AS u",
            json!({"j": {"a": [1, null]}, "b": {"b": 1}, "u": false}),
        ),
        (
            "ARRAY['a','b',NULL] AS t, ARRAY[[1,2],[3,4]] AS n, '{}'::int4[] AS e, ARRAY['free'::plan] AS p",
            json!({"t": ["a", "b", null], "n": [[1, 2], [3, 4]], "e": [], "p": ["free"]}),
        ),
        (
            "'2026-01-02'::date AS d, '03:04:05.5'::time AS t, '2026-01-02 03:04:05'::timestamp AS l, \
             '2026-01-02 03:04:05+01'::timestamptz AS i",
            json!({"d": "2026-01-02", "t": "03:04:05.500", "l": "2026-01-02T03:04:05", "i": "2026-01-02T02:04:05Z"}),
        ),
    ] {
        let gate = gate(
            &idp,
            &database,
            &format!("SELECT {columns} WHERE $1 = 'alice'"),
        )
        .spawn();
        assert_eq!(row(&gate, &idp, "alice"), expected, "{columns}");
    }
}

#[test]
fn answers_that_are_none_are_503_for_their_user_only() {
    let database = users();
    database.run("CREATE TABLE odd (id text, value timestamptz, data json);
        INSERT INTO odd VALUES ('two', now(), NULL), ('two', now(), NULL), ('infinite', 'infinity', NULL),
        ('twice', NULL, '{\"a\":1,\"a\":2}'), ('alice', '2026-01-01Z', '{}')");
    let idp = TestIssuer::new();
    let gate = gate(&idp, &database, "SELECT value, data FROM odd WHERE id = $1").spawn();
    for subject in ["two", "infinite", "twice"] {
        for _ in 0..3 {
            let answer = ask(&gate, &idp, subject);
            assert_eq!(answer.verdict(), "503 dependency_unavailable", "{subject}");
            assert!(answer.get("retry-after").is_some());
        }
    }
    assert_eq!(
        verdict(&gate, &idp, "alice"),
        "200",
        "nine of them open no breaker"
    );
}

#[test]
fn the_subject_of_another_issuer_is_another_subject() {
    let idp = TestIssuer::new();
    let other = TestIssuer::new().named("https://other.example");
    let database = users();
    let file = |listed: &str| {
        format!(
            "issuers:\n- {{name: main, issuer: '{}', audience: api, jwks: {}}}\n- {{name: other, issuer: '{}', audience: api, jwks: {}}}\n{listed}",
            idp.url(),
            idp.jwks(),
            other.url(),
            other.jwks()
        )
    };
    let builder = |listed: &str| {
        TestGate::new()
            .by_time_of(&idp)
            .set("DIRECTORY_URL", &database.url)
            .set("DIRECTORY_QUERY", QUERY)
            .set("DIRECTORY_TIMEOUT", "10s")
            .set("CLAIM_HEADERS", "user:email=X-User-Email")
            .file(file(listed))
    };
    let problem = builder("").configuration().unwrap_err();
    assert!(problem.contains("directory_issuers"), "{problem}");
    let gate = builder("directory_issuers: [main]").spawn();
    assert_eq!(
        ask(&gate, &idp, "alice").get("x-user-email"),
        Some("alice@example.com")
    );
    let answer = gate.get("/verify").bearer(&other.token().sign()).send();
    assert_eq!(
        answer.verdict(),
        "200",
        "the route asks for nothing of the user"
    );
    assert_eq!(answer.get("x-user-email").unwrap_or_default(), "");
}

#[test]
fn all_who_wait_for_one_user_make_one_query() {
    let idp = TestIssuer::new();
    let query = "SELECT id, email FROM users, pg_sleep(0.3) WHERE id = $1";
    let gate = gate(&idp, &users(), query).spawn();
    let tokens: Vec<_> = (0..40)
        .map(|number| idp.token().claim("jti", number.to_string()).sign())
        .collect();
    std::thread::scope(|scope| {
        for token in &tokens {
            scope.spawn(|| assert_eq!(gate.verdict(token), "200"));
        }
    });
    assert_eq!(calls(&gate, "found"), 1.0);
}

#[test]
fn the_session_only_reads() {
    let database = users();
    database.run(
        "CREATE FUNCTION promote() RETURNS boolean LANGUAGE sql AS \
        $$ UPDATE users SET role = 'admin'; SELECT true $$",
    );
    let idp = TestIssuer::new();
    let gate = gate(&idp, &database, "SELECT promote() AS x WHERE $1 = 'alice'").spawn();
    assert_eq!(verdict(&gate, &idp, "alice"), "503 dependency_unavailable");
    assert_eq!(database.run("SELECT DISTINCT role FROM users"), "editor");
}

#[test]
fn the_server_ends_what_takes_too_long() {
    let database = users();
    let idp = TestIssuer::new();
    let gate = gate(&idp, &database, QUERY)
        .set("DIRECTORY_TIMEOUT", "300ms")
        .spawn();
    assert_eq!(verdict(&gate, &idp, "alice"), "200");
    let mut lock =
        database.begin("BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE; SELECT 'locked';\n");
    lock.wait_for_line("locked");
    let began = std::time::Instant::now();
    assert_eq!(verdict(&gate, &idp, "bob"), "503 dependency_unavailable");
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(
        verdict(&gate, &idp, "alice"),
        "200",
        "what is kept stays in use"
    );
    eventually("the end of the query at the server", || {
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'doorward' \
                       AND wait_event_type = 'Lock' AND datname = current_database()";
        (database.run(waiting) == "0").then_some(())
    });
    drop(lock);
    eventually("an answer after the lock", || {
        gate.clock.advance(Duration::from_secs(1));
        (verdict(&gate, &idp, "bob") == "401 subject_unknown").then_some(())
    });
}

#[test]
fn a_changed_table_is_seen_and_a_dropped_column_is_503() {
    let database = users();
    let idp = TestIssuer::new();
    let gate = gate(&idp, &database, "SELECT * FROM users WHERE id = $1").spawn();
    let next = || gate.clock.advance(Duration::from_secs(31));
    assert_eq!(verdict(&gate, &idp, "alice"), "200");
    database.run("ALTER TABLE users ADD level int DEFAULT 3");
    next();
    assert_eq!(row(&gate, &idp, "alice")["level"], 3);
    database.run("ALTER TABLE users ALTER level TYPE text");
    next();
    assert_eq!(row(&gate, &idp, "alice")["level"], "3");
    database.run("ALTER TABLE users RENAME id TO key");
    next();
    assert_eq!(verdict(&gate, &idp, "alice"), "503 dependency_unavailable");
    assert!(gate.admin("/status").send().body.contains("does not exist"));
    assert!(gate.reload(), "nothing of the directory is new");
}

#[test]
fn a_reload_changes_the_query_and_keeps_the_connections() {
    let database = users();
    let idp = TestIssuer::new();
    let file = |column: &str| {
        format!("directory_query: SELECT {column} AS email FROM users WHERE id = $1\n")
    };
    let gate = gate(&idp, &database, "")
        .unset("DIRECTORY_QUERY")
        .file(file("email"))
        .spawn();
    let sessions = || {
        database.run(
            "SELECT string_agg(pid::text, ',' ORDER BY pid) FROM pg_stat_activity \
             WHERE application_name = 'doorward' AND datname = current_database()",
        )
    };
    assert_eq!(
        ask(&gate, &idp, "alice").get("x-user-email"),
        Some("alice@example.com")
    );
    let before = sessions();
    gate.rewrite(&file("role"));
    assert!(gate.reload());
    assert_eq!(
        ask(&gate, &idp, "alice").get("x-user-email"),
        Some("editor")
    );
    assert!(
        !before.is_empty() && sessions().contains(&before),
        "{before} {}",
        sessions()
    );
    gate.rewrite(&file("nothing"));
    assert!(!gate.reload(), "a query that can never run");
    assert_eq!(
        ask(&gate, &idp, "alice").get("x-user-email"),
        Some("editor")
    );
    assert!(
        gate.events().iter().any(|event| event.starts_with("ERROR")),
        "{:?}",
        gate.events()
    );
}

#[test]
fn a_million_users_are_no_more_than_two() {
    let database = TestDatabase::postgres();
    database.run(
        "CREATE TABLE users AS SELECT 'user' || n AS id, 'user' || n || '@example.com' AS email \
         FROM generate_series(1, 1000000) n; CREATE UNIQUE INDEX ON users (id); ANALYZE users;",
    );
    let idp = TestIssuer::new();
    let gate = gate(&idp, &database, "SELECT id, email FROM users WHERE id = $1").spawn();
    for number in [1, 500_000, 1_000_000] {
        let answer = ask(&gate, &idp, &format!("user{number}"));
        assert_eq!(
            answer.get("x-user-email"),
            Some(&*format!("user{number}@example.com"))
        );
    }
    assert_eq!(verdict(&gate, &idp, "user1000001"), "401 subject_unknown");
}
