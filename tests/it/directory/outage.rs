//! Databases that are down, killed and restarted.

use std::time::Duration;

use super::{USERS, ask, calls, gate, verdict};
use crate::support::{DatabaseServer, ServerKind, TestGate, TestIssuer, eventually};

const POSTGRES: &str = "SELECT id, email, active FROM users WHERE id = $1";
const MARIADB: &str = "SELECT id, email, active FROM users WHERE id = ?";

/// Time passes until the user is known again: the breaker probes.
fn recovers(gate: &TestGate, idp: &TestIssuer) {
    eventually("an answer after the outage", || {
        gate.clock.advance(Duration::from_mins(1));
        (verdict(gate, idp, "alice") == "200").then_some(())
    });
}

fn survives_outages(kind: ServerKind, query: &str) {
    let mut server = DatabaseServer::start(kind);
    let database = server.database();
    database.run(USERS);
    server.stop();
    let idp = TestIssuer::new();
    let gate = gate(&idp, &database, query)
        .set("DIRECTORY_KEY", "id")
        .spawn();
    for _ in 0..6 {
        let answer = ask(&gate, &idp, "alice");
        assert_eq!(
            answer.verdict(),
            "503 dependency_unavailable",
            "down at the start"
        );
        assert!(answer.get("retry-after").is_some());
    }
    let breaker = "doorward_dependency_breaker_open{dependency=\"directory\",issuer=\"none\"}";
    assert_eq!(
        (
            gate.metric(breaker),
            calls(&gate, "connect"),
            calls(&gate, "refused")
        ),
        (1.0, 5.0, 1.0)
    );
    let status = gate.admin("/status").send().json();
    assert_eq!(
        status["dependencies"][0]["dependency"], "directory",
        "{status}"
    );
    server.start_again();
    assert_eq!(
        verdict(&gate, &idp, "alice"),
        "503 dependency_unavailable",
        "the breaker is open"
    );
    recovers(&gate, &idp);
    assert_eq!(gate.metric(breaker), 0.0);
    // After a restart between two queries, the next query gets its answer.
    server.stop();
    server.start_again();
    gate.clock.advance(Duration::from_secs(31));
    assert_eq!(verdict(&gate, &idp, "alice"), "200");
    server.stop();
    assert_eq!(
        verdict(&gate, &idp, "alice"),
        "200",
        "what is kept stays in use"
    );
    gate.clock.advance(Duration::from_secs(31));
    assert_eq!(verdict(&gate, &idp, "alice"), "503 dependency_unavailable");
}

#[test]
fn postgres_comes_and_goes() {
    survives_outages(ServerKind::Postgres, POSTGRES);
}

#[test]
fn mariadb_comes_and_goes() {
    survives_outages(ServerKind::MariaDb, MARIADB);
}

#[test]
fn a_server_that_is_killed_in_the_middle_of_a_query() {
    let mut server = DatabaseServer::start(ServerKind::Postgres);
    let database = server.database();
    database.run(USERS);
    let idp = TestIssuer::new();
    let query = "SELECT id, email FROM users, pg_sleep(20) WHERE id = $1";
    let gate = gate(&idp, &database, query)
        .set("DIRECTORY_TIMEOUT", "10s")
        .spawn();
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| verdict(&gate, &idp, "alice"));
        eventually("the query at the server", || {
            let running = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
            (database.run(running) == "1").then_some(())
        });
        server.stop();
        assert_eq!(asking.join().unwrap(), "503 dependency_unavailable");
    });
}

#[test]
fn the_last_answer_is_used_for_a_while() {
    let mut server = DatabaseServer::start(ServerKind::Postgres);
    let database = server.database();
    database.run(USERS);
    let idp = TestIssuer::new();
    let gate = gate(&idp, &database, POSTGRES)
        .set("DIRECTORY_ACTIVE", "active")
        .set("DIRECTORY_ON_OUTAGE", "stale")
        .set("DIRECTORY_MAX_STALE", "2m")
        .spawn();
    let all = || ["alice", "mallory", "bob", "eve"].map(|subject| verdict(&gate, &idp, subject));
    let ok = [
        "200",
        "401 subject_disabled",
        "401 subject_unknown",
        "401 subject_unknown",
    ];
    let known = || [ok[0], ok[1], ok[2]].map(str::to_owned);
    assert_eq!(
        ["alice", "mallory", "bob"].map(|subject| verdict(&gate, &idp, subject)),
        known()
    );
    server.stop();
    gate.clock.advance(Duration::from_mins(1));
    assert_eq!(all()[..3], known());
    assert_eq!(all()[3], "503 dependency_unavailable", "never seen");
    gate.clock.advance(Duration::from_mins(1));
    assert_eq!(
        verdict(&gate, &idp, "alice"),
        "503 dependency_unavailable",
        "too old"
    );
}
