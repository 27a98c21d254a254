//! Queries that fail for some values, and results of calls in the metrics.

use super::{USERS, calls, gate, verdict};
use crate::support::{Request, Service, TestDatabase, TestGate, TestIssuer};

const BREAKER: &str = "doorward_dependency_breaker_open{dependency=\"directory\",issuer=\"none\"}";

/// The query makes a number of the subject, which fails in the database (SQLSTATE 22P02).
pub fn takes_data_exceptions_for_unknown_users(database: &TestDatabase) {
    database.run("CREATE TABLE numbered (id int PRIMARY KEY, email text); INSERT INTO numbered VALUES (42, 'a@b')");
    let idp = TestIssuer::new();
    let query = "SELECT id, email FROM numbered WHERE id = $1::text::int";
    let gate = gate(&idp, database, query)
        .set("DIRECTORY_MAX_CONNECTIONS", "1")
        .spawn();
    for subject in ["abc", "99999999999", "", "abc"] {
        assert_eq!(verdict(&gate, &idp, subject), "401 subject_unknown");
        // The connection is as good as before.
        assert_eq!(verdict(&gate, &idp, "42"), "200", "after {subject:?}");
        gate.clock.advance(std::time::Duration::from_secs(31));
    }
    assert_eq!((calls(&gate, "unknown"), gate.metric(BREAKER)), (4.0, 0.0));
    assert_eq!(calls(&gate, "found"), 4.0);
}

#[test]
fn a_value_that_the_database_cannot_convert_is_no_user() {
    takes_data_exceptions_for_unknown_users(&TestDatabase::postgres());
}

/// The error of the database quotes the value.
#[test]
fn a_failure_never_shows_the_subject() {
    let database = TestDatabase::postgres();
    let idp = TestIssuer::new();
    let (url, jwks) = (idp.url(), idp.jwks());
    let settings = [
        ("ISSUER", url.as_str()),
        ("JWKS", &jwks),
        ("AUDIENCE", "api"),
        ("LISTEN", "127.0.0.1:0"),
        ("ADMIN_LISTEN", "127.0.0.1:0"),
        ("DIRECTORY_TIMEOUT", "10s"),
        ("DEPENDENCY_WAIT", "20s"),
        ("DIRECTORY_URL", &database.url),
        (
            "DIRECTORY_QUERY",
            "SELECT $1::text::regclass::text AS email",
        ),
        ("ACCESS_LOG", "off"),
    ];
    let mut service = Service::start(&["serve"], &settings);
    let (verify, admin) = (service.address("verify"), service.address("admin"));
    for subject in [
        "Secret_Subject",
        "secret\u{a0}subject",
        &"secret".repeat(60),
    ] {
        let token = idp.token().subject(subject).claim("exp", 4_102_444_800_u64);
        let asked = Request::new(verify, "GET", "/verify").bearer(&token.sign());
        assert_eq!(asked.send().verdict(), "503 dependency_unavailable");
        let status = Request::new(admin, "GET", "/status").host("localhost");
        let status = status.send().body.to_lowercase();
        assert!(
            status.contains("the database refuses the query"),
            "{status}"
        );
        assert!(!status.contains("secret"), "{status}");
    }
    service.wait_for_line("the database refuses the query");
    service.signal("TERM");
    service.wait();
    assert!(
        !service.log.to_lowercase().contains("secret"),
        "{}",
        service.log
    );
}

#[test]
fn results_of_calls_are_counted_by_their_kind() {
    let database = TestDatabase::postgres();
    database.run(USERS);
    database.run("CREATE TABLE odd (id text); INSERT INTO odd VALUES ('alice'), ('alice')");
    let mariadb = TestDatabase::mariadb();
    mariadb.run(USERS);
    let idp = TestIssuer::new();
    let counted = |gate: TestGate, result: &str| {
        assert_eq!(verdict(&gate, &idp, "alice"), "503 dependency_unavailable");
        let all = [
            "connect",
            "tls",
            "unauthorized",
            "status",
            "timeout",
            "unreadable",
            "refused",
        ];
        for other in all {
            let expected = f64::from(u8::from(other == result));
            assert_eq!(calls(&gate, other), expected, "{other}, not {result}");
        }
    };
    counted(
        gate(&idp, &mariadb, "SELECT id FROM users WHERE id = ?")
            .set("DIRECTORY_KEY", "id")
            .set("DIRECTORY_URL", mariadb.url.replace("s3cret", "another"))
            .spawn(),
        "unauthorized",
    );
    let dropped = gate(&idp, &database, "SELECT email FROM users WHERE id = $1").spawn();
    database.run("ALTER TABLE users DROP email");
    counted(dropped, "status");
    counted(
        gate(
            &idp,
            &database,
            "SELECT pg_sleep(60) IS NULL AS x WHERE $1 = 'alice'",
        )
        .set("DIRECTORY_TIMEOUT", "300ms")
        .spawn(),
        "timeout",
    );
    counted(
        gate(&idp, &database, "SELECT id FROM odd WHERE id = $1").spawn(),
        "unreadable",
    );
}

#[test]
fn a_parameter_whose_column_changes_its_type_is_bound_anew() {
    let database = TestDatabase::postgres();
    database.run("CREATE TABLE users (id int, email text); INSERT INTO users VALUES (42, 'a@b')");
    let idp = TestIssuer::new();
    let gate = gate(&idp, &database, "SELECT email FROM users WHERE id = $1").spawn();
    let next = || gate.clock.advance(std::time::Duration::from_secs(31));
    assert_eq!(verdict(&gate, &idp, "42"), "200");
    assert_eq!(verdict(&gate, &idp, "042"), "401 subject_unknown");
    for change in ["text", "bigint USING id::bigint"] {
        database.run(&format!("ALTER TABLE users ALTER id TYPE {change}"));
        next();
        assert_eq!(verdict(&gate, &idp, "42"), "200", "{change}");
        assert_eq!(
            verdict(&gate, &idp, "042"),
            "401 subject_unknown",
            "{change}"
        );
    }
    assert_eq!(calls(&gate, "status"), 0.0);
}

/// Its comparison ignores case, so `directory_key` must say what is equal.
#[test]
fn citext_needs_a_key() {
    let database = TestDatabase::postgres();
    database.run(
        "CREATE EXTENSION citext; CREATE TABLE users (id citext PRIMARY KEY, email text);
         INSERT INTO users VALUES ('alice', 'a@b')",
    );
    let idp = TestIssuer::new();
    let query = "SELECT id, email FROM users WHERE id = $1::text::citext";
    let loose = gate(&idp, &database, query).spawn();
    let exact = gate(&idp, &database, query)
        .set("DIRECTORY_KEY", "id")
        .spawn();
    assert_eq!(verdict(&loose, &idp, "Alice"), "200", "it ignores case");
    assert_eq!(verdict(&exact, &idp, "Alice"), "401 subject_unknown");
    assert_eq!(verdict(&exact, &idp, "alice"), "200");
}
