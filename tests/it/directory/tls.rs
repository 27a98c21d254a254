//! TLS to the database, and its sockets.

use super::{USERS, ask, calls, gate, verdict};
use crate::support::{
    Authority, DatabaseServer, GateBuilder, ServerKind, TestDatabase, TestIssuer,
};

/// The service, which asks this server by TLS and trusts these authorities.
fn trusting(
    idp: &TestIssuer,
    database: &TestDatabase,
    (parameter, query): (&str, &str),
    authority: Option<&std::path::Path>,
) -> GateBuilder {
    let url = format!("{}?{parameter}", database.url);
    let gate = gate(idp, database, query)
        .set("DIRECTORY_URL", url)
        .set("DIRECTORY_KEY", "id");
    match authority {
        Some(path) => gate.set("DIRECTORY_CA_FILE", path.to_str().unwrap()),
        None => gate,
    }
}

fn verifies_certificates(kind: ServerKind, asked: (&str, &str)) {
    let (authority, other) = (Authority::new(), Authority::new());
    let server = DatabaseServer::start_with(kind, Some(&authority.server()));
    let database = server.database();
    database.run(USERS);
    let idp = TestIssuer::new();
    let directory = tempfile::tempdir().unwrap();
    let [own, foreign] = [("own", &authority), ("foreign", &other)].map(|(name, authority)| {
        let path = directory.path().join(name);
        std::fs::write(&path, authority.pem()).unwrap();
        path
    });
    let gate = trusting(&idp, &database, asked, Some(&own)).spawn();
    assert_eq!(
        ask(&gate, &idp, "alice").get("x-user-email"),
        Some("alice@example.com")
    );
    for authority in [Some(&*foreign), None] {
        let gate = trusting(&idp, &database, asked, authority).spawn();
        assert_eq!(verdict(&gate, &idp, "alice"), "503 dependency_unavailable");
        assert_eq!(
            calls(&gate, "tls"),
            1.0,
            "{}",
            gate.admin("/status").send().body
        );
    }
}

#[test]
fn postgres_must_show_a_certificate_of_a_trusted_authority() {
    let query = "SELECT id, email FROM users WHERE id = $1";
    verifies_certificates(ServerKind::Postgres, ("sslmode=verify-full", query));
}

#[test]
fn mariadb_must_show_a_certificate_of_a_trusted_authority() {
    let query = "SELECT id, email FROM users WHERE id = ?";
    verifies_certificates(ServerKind::MariaDb, ("ssl-mode=VERIFY_IDENTITY", query));
}

#[test]
fn a_server_without_tls_is_not_asked_in_the_clear() {
    let database = TestDatabase::postgres();
    database.run(USERS);
    let idp = TestIssuer::new();
    let asked = (
        "sslmode=verify-full",
        "SELECT id, email FROM users WHERE id = $1",
    );
    let gate = trusting(&idp, &database, asked, None).spawn();
    assert_eq!(verdict(&gate, &idp, "alice"), "503 dependency_unavailable");
    assert_eq!(calls(&gate, "tls"), 1.0);
}

#[test]
fn a_socket_needs_no_tls() {
    let idp = TestIssuer::new();
    for (database, query) in [
        (
            TestDatabase::postgres(),
            "SELECT id, email FROM users WHERE id = $1",
        ),
        (
            TestDatabase::mariadb(),
            "SELECT id, email FROM users WHERE id = ?",
        ),
    ] {
        database.run(USERS);
        let gate = gate(&idp, &database, query)
            .set("DIRECTORY_URL", database.socket_url())
            .set("DIRECTORY_KEY", "id")
            .spawn();
        assert_eq!(verdict(&gate, &idp, "alice"), "200", "{query}");
    }
}
