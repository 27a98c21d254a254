//! URLs of servers.

use std::path::PathBuf;

use secrecy::SecretString;
use url::Url;

use super::percent_encoding::decoded;
use super::server_address::{ServerAddress, ServerLocation};
use crate::config_reader::Invalid;
use crate::domain::is_loopback;

/// The parameters of a URL of one kind of database.
pub(super) struct Dialect {
    /// The spellings of the parameter for TLS.
    tls: [&'static str; 2],
    /// Its value with which the certificate is verified, and the one without TLS.
    verified: &'static str,
    disabled: &'static str,
    /// The parameter for a socket.
    socket: &'static str,
}

fn unknown_port() -> Invalid {
    Invalid::new("has a port that is none").hint("write port= and a number from 1 to 65535")
}

pub(super) const POSTGRES: Dialect = Dialect {
    tls: ["sslmode", "ssl-mode"],
    verified: "verify-full",
    disabled: "disable",
    socket: "host",
};
pub(super) const MYSQL: Dialect = Dialect {
    tls: ["ssl-mode", "sslmode"],
    verified: "VERIFY_IDENTITY",
    disabled: "DISABLED",
    socket: "socket",
};

/// Returns the problem of a URL that is none, or of no database that is known.
pub(super) fn unknown() -> Invalid {
    Invalid::new("not understood").hint(
        "write postgres://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full, mysql://… or sqlite:FILE; \
         in a name or password percent-encode what is neither letter nor digit, # as %23",
    )
}

impl Dialect {
    /// Returns the server that a URL names.
    pub(super) fn server(&self, url: &Url) -> Result<ServerAddress, Invalid> {
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
                port = Some(number.ok_or_else(unknown_port)?);
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
        // The driver would take the name from the environment, or `root`.
        let user = some(url.username())?.ok_or_else(|| {
            Invalid::new("names no user")
                .hint("write USER@ before the host; beside a socket the host is localhost")
        })?;
        Ok(ServerAddress {
            location,
            user,
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
