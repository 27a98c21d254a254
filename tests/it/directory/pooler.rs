//! pgbouncer in front of `PostgreSQL`, which lends a session for one transaction at a time.

use std::path::Path;
use std::process::Command;

use super::faults::takes_data_exceptions_for_unknown_users;
use super::{USERS, gate, keeps_texts_apart, serves_users};
use crate::support::{Component, DatabaseServer, ServerKind, TestDatabase, TestIssuer, program};

const QUERY: &str = "SELECT id, email, role, active FROM users WHERE id = $1";

fn pooler(server: &DatabaseServer, ignored: &'static str) -> Component {
    let port = server.port;
    Component::listening(move |directory, own| {
        let path = |name: &str| directory.join(name).display().to_string();
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={port} user=doorward\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {own}\nunix_socket_dir =\n\
             auth_type = any\npool_mode = transaction\ndefault_pool_size = 1\n{ignored}\n\
             logfile = {}\npidfile = {}\n",
            path("pgbouncer.log"),
            path("pid"),
        );
        std::fs::write(directory.join("settings.ini"), settings).unwrap();
        command(directory)
    })
}

fn command(directory: &Path) -> Command {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o777)).unwrap();
    let mut command = Command::new("setpriv");
    command.args([
        "--reuid",
        "65534",
        "--regid",
        "65534",
        "--clear-groups",
        "--",
    ]);
    command
        .arg(program("pgbouncer"))
        .arg(directory.join("settings.ini"));
    command
}

fn through(pooler: &Component, mut database: TestDatabase) -> TestDatabase {
    let (_, name) = database.url.rsplit_once('/').unwrap();
    database.url = format!("postgres://doorward@{}/{name}", pooler.address);
    database
}

#[test]
fn a_pooler_that_refuses_settings_of_a_session() {
    let server = DatabaseServer::start(ServerKind::Postgres);
    let pooler = pooler(&server, "");
    let database = through(&pooler, server.database());
    database.run(USERS);
    serves_users(&database, QUERY);
    keeps_texts_apart(&database, QUERY);
    takes_data_exceptions_for_unknown_users(&database);
}

#[test]
fn a_pooler_that_ignores_settings_of_a_session() {
    let server = DatabaseServer::start(ServerKind::Postgres);
    let ignored = "ignore_startup_parameters = extra_float_digits, options";
    let pooler = pooler(&server, ignored);
    let database = through(&pooler, server.database());
    database.run(USERS);
    database.run(
        "CREATE FUNCTION promote() RETURNS boolean LANGUAGE sql AS \
         $$ UPDATE users SET role = 'admin'; SELECT true $$",
    );
    serves_users(&database, QUERY);
    let idp = TestIssuer::new();
    let gate = gate(&idp, &database, "SELECT promote() AS x WHERE $1 = 'alice'").spawn();
    assert_eq!(
        super::verdict(&gate, &idp, "alice"),
        "503 dependency_unavailable",
        "each transaction only reads"
    );
    assert_eq!(database.run("SELECT DISTINCT role FROM users"), "editor");
}
