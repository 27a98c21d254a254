//! The address of a database, and the log-in.

mod percent_encoding;
mod server_address;
mod server_url;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use url::Url;

pub use server_address::{ServerAddress, ServerLocation};

use crate::config_reader::{Invalid, value};
use percent_encoding::decoded;
use server_url::{MYSQL, POSTGRES, unknown};

/// The address of a database, and the log-in.
#[derive(Debug, Clone, PartialEq)]
pub enum DatabaseAddress {
    /// A `PostgreSQL` server.
    Postgres(ServerAddress),
    /// A `MySQL` or `MariaDB` server.
    MySql(ServerAddress),
    /// A file of `SQLite`.
    Sqlite(PathBuf),
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
