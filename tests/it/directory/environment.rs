//! Variables of the environment that the clients of databases read by themselves.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use super::USERS;
use crate::support::{Service, TestDatabase, TestIssuer};

const QUERY: &str = "SELECT id, email FROM users WHERE id = $1";

/// Starts `check --online` for this database with these variables.
fn check(url: &str, query: &str, variables: &[(&str, &str)]) -> Service {
    let idp = TestIssuer::new();
    let (issuer, jwks) = (idp.url(), idp.jwks());
    let settings = [
        ("ISSUER", issuer.as_str()),
        ("JWKS", &jwks),
        ("AUDIENCE", "api"),
        ("DIRECTORY_TIMEOUT", "10s"),
        ("DIRECTORY_URL", url),
        ("DIRECTORY_QUERY", query),
        ("DIRECTORY_KEY", "id"),
    ];
    Service::start_with(&["check", "--online"], &settings, variables)
}

/// Variables that each would lead the driver astray.
const FOREIGN: [(&str, &str); 9] = [
    ("PGHOST", "192.0.2.1"),
    ("PGHOSTADDR", "192.0.2.1"),
    ("PGPORT", "1"),
    ("PGUSER", "mallory"),
    ("PGPASSWORD", "s3cret"),
    ("PGPASSFILE", "/nowhere"),
    ("PGDATABASE", "another"),
    ("PGSSLMODE", "require"),
    ("PGAPPNAME", "another"),
];

#[test]
fn only_the_settings_say_how_to_connect() {
    let database = TestDatabase::postgres();
    database.run(USERS);
    for url in [database.url.clone(), database.socket_url()] {
        let mut check = check(&url, QUERY, &FOREIGN);
        let mut printed = String::new();
        check.stdout().read_to_string(&mut printed).unwrap();
        assert_eq!(check.wait(), Some(0), "{printed}{}", check.log);
        assert!(printed.contains("id varchar"), "{printed}");
    }
}

/// The URL has neither a password nor a database.
#[test]
fn nothing_else_is_sent_to_the_server() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut check = check(&format!("postgres://doorward@{address}"), QUERY, &FOREIGN);
    let (mut server, _) = listener.accept().unwrap();
    let start = message(&mut server);
    // After the version of the protocol: names and values, each with a NUL behind it.
    let parameters: Vec<_> = start[4..]
        .split(|byte| *byte == 0)
        .map(|text| String::from_utf8(text.to_vec()).unwrap())
        .collect();
    let value = |name: &str| {
        let at = parameters.iter().position(|own| own == name);
        at.map(|at| parameters[at + 1].as_str())
    };
    assert_eq!(value("user"), Some("doorward"), "{parameters:?}");
    assert_eq!(value("database"), Some("doorward"));
    assert_eq!(value("application_name"), Some("doorward"));
    // AuthenticationCleartextPassword
    server.write_all(b"R\0\0\0\x08\0\0\0\x03").unwrap();
    assert_eq!(byte(&mut server), b'p');
    assert_eq!(message(&mut server), b"\0", "the password");
    drop((server, listener));
    assert_eq!(check.wait(), Some(1), "{}", check.log);
}

#[test]
fn variables_that_cannot_be_left_out_are_problems() {
    let foreign = [
        ("PGOPTIONS", "-c default_transaction_read_only=off"),
        ("PGSSLCERT", "/nowhere"),
        ("PGSSLKEY", "/nowhere"),
        ("PGSSLROOTCERT", "/nowhere"),
    ];
    let query = "DELETE FROM users";
    let mut refused = check("postgres://u@127.0.0.1:1/users", query, &foreign);
    assert_eq!(refused.wait(), Some(78));
    let other = "DOORWARD_DIRECTORY_QUERY: ";
    assert!(refused.log.contains(other), "all at once: {}", refused.log);
    for (name, value) in foreign {
        let problem = format!("{name}: would change the connection to the user directory");
        assert!(refused.log.contains(&problem), "{}", refused.log);
        assert!(!refused.log.contains(value), "{}", refused.log);
    }
    let database = TestDatabase::sqlite();
    database.run(USERS);
    let query = "SELECT id, email FROM users WHERE id = ?";
    let mut other = check(&database.url, query, &foreign);
    assert_eq!(other.wait(), Some(0), "not read there: {}", other.log);
}

fn byte(stream: &mut TcpStream) -> u8 {
    let mut byte = [0];
    stream.read_exact(&mut byte).unwrap();
    byte[0]
}

/// The content of a message, behind its length.
fn message(stream: &mut TcpStream) -> Vec<u8> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).unwrap();
    let mut content = vec![0; u32::from_be_bytes(length) as usize - 4];
    stream.read_exact(&mut content).unwrap();
    content
}
