//! How long a request waits for the database, and what it is told when it waited in vain.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{USERS, ask, calls, gate, verdict};
use crate::support::{
    IntrospectionEndpoint, Script, TestDatabase, TestGate, TestIssuer, eventually,
};

const QUERY: &str = "SELECT id, email FROM users WHERE id = $1";
const UNAVAILABLE: &str = "503 dependency_unavailable";

fn users() -> TestDatabase {
    let database = TestDatabase::postgres();
    database.run(USERS);
    database
}

/// The calls that wait for this dependency.
fn in_flight(gate: &TestGate, dependency: &str) -> u64 {
    let status = gate.admin("/status").send().json();
    let all = status["dependencies"].as_array().unwrap();
    let own = all.iter().find(|own| own["dependency"] == dependency);
    own.unwrap()["calls_in_flight"].as_u64().unwrap()
}

/// They have 800 ms together, and not each.
#[test]
fn introspection_and_the_directory_share_one_wait() {
    let server = IntrospectionEndpoint::start();
    server.knows("good", &json!({}));
    let database = users();
    let gate = server
        .gate()
        .set("INTROSPECTION_TIMEOUT", "10s")
        .set("DIRECTORY_URL", &database.url)
        .set("DIRECTORY_QUERY", QUERY)
        .set("DIRECTORY_TIMEOUT", "10s")
        .spawn();
    let mut lock =
        database.begin("BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE; SELECT 'locked';\n");
    lock.wait_for_line("locked");
    server.script(Script::Delay);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| gate.verdict("good"));
        server.wait_for(1);
        gate.clock.advance(Duration::from_millis(500));
        server.script(Script::ByToken);
        eventually("the query", || {
            (in_flight(&gate, "directory") == 1).then_some(())
        });
        assert!(!waiting.is_finished());
        gate.clock.advance(Duration::from_millis(300));
        eventually("the answer after 800 ms", || {
            waiting.is_finished().then_some(())
        });
        assert_eq!(waiting.join().unwrap(), UNAVAILABLE);
    });
    drop(lock);
    eventually("the end of the query", || {
        (calls(&gate, "found") > 0.0).then_some(())
    });
    assert_eq!(gate.verdict("good"), "200", "the call went on");
    assert_eq!((server.asked(), calls(&gate, "found")), (1, 1.0));
}

#[test]
fn more_users_than_connections_wait_no_longer() {
    let database = users();
    let idp = TestIssuer::new();
    let gate = gate(&idp, &database, QUERY)
        .set("DIRECTORY_MAX_CONNECTIONS", "2")
        .set("DEPENDENCY_WAIT", "800ms")
        .spawn();
    let mut lock =
        database.begin("BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE; SELECT 'locked';\n");
    lock.wait_for_line("locked");
    let began = Instant::now();
    std::thread::scope(|scope| {
        let two = ["alice", "mallory"].map(|subject| {
            let (gate, idp) = (&gate, &idp);
            scope.spawn(move || verdict(gate, idp, subject))
        });
        eventually("both queries", || {
            (in_flight(&gate, "directory") == 2).then_some(())
        });
        let third = scope.spawn(|| verdict(&gate, &idp, "bob"));
        eventually("the answer after 800 ms", || {
            gate.clock.advance(Duration::from_millis(100));
            third.is_finished().then_some(())
        });
        assert_eq!(third.join().unwrap(), UNAVAILABLE);
        for asked in two {
            assert_eq!(asked.join().unwrap(), UNAVAILABLE);
        }
    });
    assert!(began.elapsed() < Duration::from_secs(20));
    eventually("the refusal", || {
        (calls(&gate, "refused") == 1.0).then_some(())
    });
    drop(lock);
    eventually("both rows", || (calls(&gate, "found") == 2.0).then_some(()));
    for subject in ["alice", "mallory"] {
        assert_eq!(verdict(&gate, &idp, subject), "200", "its call went on");
    }
    assert_eq!(verdict(&gate, &idp, "bob"), "401 subject_unknown");
}

/// The server has a limit of its own (SQLSTATE 53300).
#[test]
fn a_server_that_takes_no_more_connections_is_asked_again() {
    let mut database = users();
    database.run("CREATE ROLE crowded LOGIN CONNECTION LIMIT 0; GRANT SELECT ON users TO crowded;");
    database.url = database.url.replace("doorward@", "crowded@");
    let idp = TestIssuer::new();
    let gate = gate(&idp, &database, QUERY).spawn();
    assert_eq!(verdict(&gate, &idp, "alice"), UNAVAILABLE);
    assert_eq!(calls(&gate, "connect"), 1.0);
    let status = gate.admin("/status").send().body;
    assert!(status.contains("53300"), "{status}");
    database.run("ALTER ROLE crowded CONNECTION LIMIT 5");
    assert_eq!(verdict(&gate, &idp, "alice"), "200");
}

/// `Retry-After` is the time for which no query is sent.
#[test]
fn clients_come_back_when_the_database_is_asked_again() {
    let database = TestDatabase::sqlite();
    std::fs::remove_file(database.url.strip_prefix("sqlite:").unwrap()).unwrap();
    let idp = TestIssuer::new();
    let gate = gate(&idp, &database, "SELECT id, email FROM users WHERE id = ?")
        .set("DIRECTORY_KEY", "id")
        .spawn();
    let retry_after = || {
        let answer = ask(&gate, &idp, "alice");
        assert_eq!(answer.verdict(), UNAVAILABLE);
        answer.get("retry-after").unwrap().to_owned()
    };
    let first: Vec<_> = (0..6).map(|_| retry_after()).collect();
    assert_eq!(first, ["5", "5", "5", "5", "1", "1"]);
    for pause in [2, 4, 8] {
        gate.clock.advance(Duration::from_mins(1));
        let answers = [retry_after(), retry_after()];
        assert_eq!(answers[0], answers[1]);
        // Up to a quarter less, by chance.
        let seconds: u32 = answers[0].parse().unwrap();
        assert!(
            (pause * 3 / 4..=pause).contains(&seconds),
            "{seconds} of {pause}"
        );
    }
}
