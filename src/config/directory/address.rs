//! Where a database is, and how to log in.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::config_reader::{Invalid, value};
use crate::domain::is_loopback;

/// Where a database is, and how to log in.
#[derive(Debug, Clone, PartialEq)]
pub enum DatabaseAddress {
    /// A `PostgreSQL` server.
    Postgres(ServerAddress),
    /// A `MySQL` or `MariaDB` server.
    MySql(ServerAddress),
    /// A file of `SQLite`.
    Sqlite(PathBuf),
}

/// A server, and how to log in.
#[derive(Debug, Clone)]
pub struct ServerAddress {
    /// Where the server listens.
    pub location: ServerLocation,
    /// The name of the role or user; `None` for the default of the database's own clients.
    pub user: Option<String>,
    /// The password, if there is one.
    pub password: Option<SecretString>,
    /// The name of the database; `None` for the default.
    pub database: Option<String>,
}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerLocation {
    /// A host in the network or on this machine.
    Host {
        /// The name or address.
        name: String,
        /// The port; `None` for the default of the database.
        port: Option<u16>,
        /// Says that connections use TLS, and that the certificate is verified.
        tls: bool,
    },
    /// A unix socket: the directory of it for `PostgreSQL`, the file for `MySQL`.
    Socket {
        /// The path.
        path: PathBuf,
        /// The port, which is part of the name of the socket of `PostgreSQL`.
        port: Option<u16>,
    },
}

impl PartialEq for ServerAddress {
    fn eq(&self, other: &Self) -> bool {
        // Every field is named, so that a new one is not forgotten.
        let Self {
            location,
            user,
            password,
            database,
        } = self;
        let exposed = |secret: &Option<SecretString>| {
            secret
                .as_ref()
                .map(|secret| secret.expose_secret().to_owned())
        };
        *location == other.location
            && *user == other.user
            && exposed(password) == exposed(&other.password)
            && *database == other.database
    }
}

impl DatabaseAddress {
    /// Returns `true` if two texts are equal for this database only if their bytes are equal.
    /// Single columns may differ from that, by their type or their collation.
    pub const fn compares_exactly(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Returns the name of the kind of database.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Postgres(_) => "PostgreSQL",
            Self::MySql(_) => "MySQL",
            Self::Sqlite(_) => "SQLite",
        }
    }
}

/// The parameters of a URL of one kind of database.
struct Dialect {
    /// The spellings of the parameter for TLS.
    tls: [&'static str; 2],
    /// Its value with which the certificate is verified, and the one without TLS.
    verified: &'static str,
    disabled: &'static str,
    /// The parameter for a socket.
    socket: &'static str,
}

const POSTGRES: Dialect = Dialect {
    tls: ["sslmode", "ssl-mode"],
    verified: "verify-full",
    disabled: "disable",
    socket: "host",
};
const MYSQL: Dialect = Dialect {
    tls: ["ssl-mode", "sslmode"],
    verified: "VERIFY_IDENTITY",
    disabled: "DISABLED",
    socket: "socket",
};

/// Parses the URL of a database. No message shows a part of it: there is a password in it.
pub(super) fn parse(text: &str) -> Result<DatabaseAddress, Invalid> {
    let text = value::text(text)?;
    if let Some(file) = text.strip_prefix("sqlite:") {
        return sqlite(file);
    }
    let url = Url::parse(&text).map_err(|_| unknown())?;
    match url.scheme() {
        "postgres" | "postgresql" => POSTGRES.server(&url).map(DatabaseAddress::Postgres),
        "mysql" | "mariadb" => MYSQL.server(&url).map(DatabaseAddress::MySql),
        _ => Err(unknown()),
    }
}

fn unknown_port() -> Invalid {
    Invalid::new("has a port that is none").hint("write port= and a number from 1 to 65535")
}

fn unknown() -> Invalid {
    Invalid::new("not understood").hint(
        "write postgres://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full, mysql://… or sqlite:FILE; \
         in a name or password percent-encode what is neither letter nor digit, # as %23",
    )
}

fn sqlite(file: &str) -> Result<DatabaseAddress, Invalid> {
    let file = file.strip_prefix("//").unwrap_or(file);
    let path = file.strip_suffix("?mode=ro").unwrap_or(file);
    if path.is_empty() || path.contains('?') || path.starts_with(':') {
        return Err(Invalid::new("names no file of SQLite").hint(
            "write sqlite:FILE, such as sqlite:/var/lib/app/users.db; it is opened read-only",
        ));
    }
    let path = decoded(path)?;
    Ok(DatabaseAddress::Sqlite(path.into()))
}

impl Dialect {
    fn server(&self, url: &Url) -> Result<ServerAddress, Invalid> {
        let mut tls = None;
        let mut socket = None;
        let mut port = url.port();
        for (name, value) in url.query_pairs() {
            if self.tls.contains(&&*name) {
                tls = Some(self.is_verified(&value)?);
            } else if name == self.socket && value.starts_with('/') {
                socket = Some(PathBuf::from(value.into_owned()));
            } else if name == "port" {
                let number = value.parse().ok().filter(|port| *port != 0);
                port = Some(number.ok_or_else(|| unknown_port())?);
            } else {
                return Err(
                    Invalid::new("has a parameter that is not known").hint(format!(
                        "there is {}, port and, with a path, {}",
                        self.tls[0], self.socket
                    )),
                );
            }
        }
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.map(decoded).transpose()?;
        if let Some(directory) = host.as_deref().filter(|host| host.starts_with('/')) {
            socket = Some(directory.into());
        }
        let location = match (socket, host) {
            (Some(path), _) => ServerLocation::Socket { path, port },
            (None, Some(name)) => self.host(&name, port, tls)?,
            (None, None) => {
                return Err(Invalid::new("names no host").hint(format!(
                    "write one, or the path of a socket as ?{}=/…",
                    self.socket
                )));
            }
        };
        let some = |text: &str| {
            let decoded = decoded(text)?;
            Ok(Some(decoded).filter(|text| !text.is_empty()))
        };
        Ok(ServerAddress {
            location,
            user: some(url.username())?,
            password: url
                .password()
                .map(|text| decoded(text).map(SecretString::from))
                .transpose()?,
            database: some(url.path().trim_start_matches('/'))?,
        })
    }

    fn is_verified(&self, value: &str) -> Result<bool, Invalid> {
        match value {
            _ if value.eq_ignore_ascii_case(self.verified) => Ok(true),
            _ if value.eq_ignore_ascii_case(self.disabled) => Ok(false),
            // Anything between lets someone on the way answer in the place of the database.
            _ => Err(
                Invalid::new("asks for TLS without a verified certificate").hint(format!(
                    "write {0}={1}; on loopback {0}={2} is possible",
                    self.tls[0], self.verified, self.disabled
                )),
            ),
        }
    }

    fn host(
        &self,
        name: &str,
        port: Option<u16>,
        tls: Option<bool>,
    ) -> Result<ServerLocation, Invalid> {
        // The driver gets the whole text as a name, and only a part of it would be checked here.
        if name.contains(['/', '?', '#', '@', '\\']) {
            return Err(unknown());
        }
        // In a URL of another scheme an IPv4 address is a name.
        let http = Url::parse(&format!("http://{name}/")).map_err(|_| unknown())?;
        let tls = tls.unwrap_or(false);
        if !tls && !is_loopback(&http) {
            return Err(
                Invalid::new("leads through a network without verified TLS").hint(format!(
                    "add ?{}={}; $directory_ca_file names an authority of your own",
                    self.tls[0], self.verified
                )),
            );
        }
        let name = name
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        Ok(ServerLocation::Host { name, port, tls })
    }
}

/// Decodes what is percent-encoded.
fn decoded(text: &str) -> Result<String, Invalid> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let (Some(high), Some(low)) = (digit(rest.next()), digit(rest.next())) else {
            return Err(Invalid::new("has a % without two hexadecimal digits").hint("write %25"));
        };
        bytes.extend(u8::try_from(high * 16 + low));
    }
    match String::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => Ok(text),
        _ => Err(Invalid::new("has a part that is no text")
            .hint("percent-encode the UTF-8 of each character, without %00")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
                "postgres://db.example:1/x?sslmode=verify-full",
                host("db.example", Some(1), true),
            ),
            ("postgresql://127.0.0.1/x", host("127.0.0.1", None, false)),
            (
                "postgres://[::1]/x?sslmode=disable",
                host("::1", None, false),
            ),
            (
                "postgres://localhost/x?sslmode=verify-full",
                host("localhost", None, true),
            ),
            ("postgres:///x?host=/run/pg", socket("/run/pg", None)),
            ("postgres://%2Frun%2Fpg/x", socket("/run/pg", None)),
            (
                "postgres://localhost/x?host=/run/pg&port=5433",
                socket("/run/pg", Some(5433)),
            ),
            (
                "mysql://db.example/x?ssl-mode=VERIFY_IDENTITY",
                host("db.example", None, true),
            ),
            (
                "mariadb://localhost/x?socket=/run/m.sock",
                socket("/run/m.sock", None),
            ),
        ] {
            assert_eq!(server(text).location, location, "{text}");
        }
        let found = server("postgres://us%40er:p%3Aw%23@127.0.0.1/d%2Fb");
        let password = found.password.as_ref().map(ExposeSecret::expose_secret);
        assert_eq!(
            (found.user.as_deref(), password, found.database.as_deref()),
            (Some("us@er"), Some("p:w#"), Some("d/b"))
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
            "postgres://db.example/x",
            "postgres://db.example/x?sslmode=require",
            "postgres://db.example/x?sslmode=verify-ca",
            "postgres://db.example/x?sslmode=disable",
            "postgres://127.0.0.1/x?sslmode=prefer",
            "postgres://10.0.0.1/x",
            "postgres://localhost.example/x",
            "mysql://db.example/x?ssl-mode=REQUIRED",
            "mysql://db.example/x",
        ] {
            let invalid = parse(text).unwrap_err();
            assert!(invalid.message.contains("TLS"), "{text}: {invalid:?}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "oracle://a/b",
            "127.0.0.1:5432",
            "postgres:///x",
            "postgres://127.0.0.1/x?sslrootcert=/ca.pem",
            "postgres://127.0.0.1/x?options=-cdefault_transaction_read_only=off",
            "postgres://127.0.0.1/x?host=db.example",
            "postgres://localhost%2F.evil.example/x",
            "postgres://localhost%23.evil.example/x",
            "postgres://127.0.0.1/x?port=0",
            "postgres://127.0.0.1/x?port=70000",
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
}
