use proptest::prelude::*;
use secrecy::ExposeSecret;

use super::*;

fn host(name: &str, port: Option<u16>, tls: bool) -> ServerLocation {
    let name = name.to_owned();
    ServerLocation::Host { name, port, tls }
}

fn socket(path: &str, port: Option<u16>) -> ServerLocation {
    let path = path.into();
    ServerLocation::Socket { path, port }
}

fn server(text: &str) -> ServerAddress {
    match parse(text).unwrap() {
        DatabaseAddress::Postgres(server) | DatabaseAddress::MySql(server) => server,
        DatabaseAddress::Sqlite(_) => panic!("{text} is a file"),
    }
}

#[test]
fn servers_are_found_with_their_credentials() {
    for (text, location) in [
        (
            "postgres://u@db.example:1/x?sslmode=verify-full",
            host("db.example", Some(1), true),
        ),
        ("postgresql://u@127.0.0.1/x", host("127.0.0.1", None, false)),
        (
            "postgres://u@[::1]/x?sslmode=disable",
            host("::1", None, false),
        ),
        (
            "postgres://u@localhost/x?sslmode=verify-full",
            host("localhost", None, true),
        ),
        (
            "postgres://u@localhost/x?host=/run/pg",
            socket("/run/pg", None),
        ),
        ("postgres://u@%2Frun%2Fpg/x", socket("/run/pg", None)),
        (
            "postgres://u@localhost/x?host=/run/pg&port=5433",
            socket("/run/pg", Some(5433)),
        ),
        (
            "mysql://u@db.example/x?ssl-mode=VERIFY_IDENTITY",
            host("db.example", None, true),
        ),
        (
            "mariadb://u@localhost/x?socket=/run/m.sock",
            socket("/run/m.sock", None),
        ),
    ] {
        assert_eq!(server(text).location, location, "{text}");
    }
    let found = server("postgres://us%40er:p%3Aw%23@127.0.0.1/d%2Fb");
    let password = found.password.as_ref().map(ExposeSecret::expose_secret);
    assert_eq!(
        (&*found.user, password, found.database.as_deref()),
        ("us@er", Some("p:w#"), Some("d/b"))
    );
    assert!(!format!("{found:?}").contains("p:w#"));
    assert_eq!(
        parse("sqlite:/a/b.db").unwrap(),
        DatabaseAddress::Sqlite("/a/b.db".into())
    );
    assert_eq!(
        parse("sqlite:///a/b.db?mode=ro").unwrap(),
        DatabaseAddress::Sqlite("/a/b.db".into())
    );
}

#[test]
fn a_network_needs_verified_tls() {
    for text in [
        "postgres://u@db.example/x",
        "postgres://u@db.example/x?sslmode=require",
        "postgres://u@db.example/x?sslmode=verify-ca",
        "postgres://u@db.example/x?sslmode=disable",
        "postgres://u@127.0.0.1/x?sslmode=prefer",
        "postgres://u@10.0.0.1/x",
        "postgres://u@localhost.example/x",
        "mysql://u@db.example/x?ssl-mode=REQUIRED",
        "mysql://u@db.example/x",
    ] {
        let invalid = parse(text).unwrap_err();
        assert!(invalid.message.contains("TLS"), "{text}: {invalid:?}");
    }
}

#[test]
fn other_texts_are_refused() {
    for text in [
        "oracle://a/b",
        "postgres://127.0.0.1/x",
        "postgres://:p@127.0.0.1/x",
        "mysql://localhost/x",
        "127.0.0.1:5432",
        "postgres:///x",
        "postgres:///x?host=/run/pg",
        "postgres://u@127.0.0.1/x?sslrootcert=/ca.pem",
        "postgres://u@127.0.0.1/x?options=-cdefault_transaction_read_only=off",
        "postgres://u@127.0.0.1/x?host=db.example",
        "postgres://u@localhost%2F.evil.example/x",
        "postgres://u@localhost%23.evil.example/x",
        "postgres://u@127.0.0.1/x?port=0",
        "postgres://u@127.0.0.1/x?port=70000",
        "mysql://u:%zz@127.0.0.1/x",
        "sqlite::memory:",
        "sqlite:",
        "sqlite:a.db?mode=rwc",
        "sqlite:file:a.db?vfs=x",
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_panics_and_no_message_shows_it(text in "(postgres://|mysql://|sqlite:)?.{0,40}") {
        if let Err(invalid) = parse(&format!("{text}#5ecret-pa55word")) {
            prop_assert!(!invalid.message.contains("5ecret"));
            prop_assert!(!invalid.hint.contains("5ecret"));
        }
    }
}
