//! The address of a server, and the log-in.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};

/// A server, and how to log in.
#[derive(Debug, Clone)]
pub struct ServerAddress {
    /// The place at which the server listens.
    pub location: ServerLocation,
    /// The name of the role or user.
    pub user: String,
    /// The password, if there is one.
    pub password: Option<SecretString>,
    /// The name of the database; `None` for the default.
    pub database: Option<String>,
}

/// The place at which a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerLocation {
    /// A host in the network or on this machine.
    Host {
        /// The name or address.
        name: String,
        /// The port; `None` for the default of the database.
        port: Option<u16>,
        /// `true` if connections use TLS; then the certificate is verified.
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
