//! Databases that are asked for the row of a user.
//!
//! A query is a prepared statement: values are sent as its parameters, and never become part of its
//! text. Sessions are read-only, and the database itself ends what takes too long. A row becomes
//! one JSON object.

mod connections;
mod description;
mod json_row;
mod mysql;
mod one_row;
mod postgres;
mod sql_error;
mod sqlite;

use std::sync::Arc;
use std::time::Duration;

pub use description::{DescribedColumn, QueryDescription};
pub use sql_error::SqlError;

use crate::config::{DatabaseAddress, DatabaseSettings};
use mysql::MySqlClient;
use postgres::PostgresClient;
use sqlite::SqliteClient;

/// A client of one database, with its connections.
///
/// Nothing is connected before the first query, and a connection that fails is dropped. All methods
/// must be called inside of a tokio runtime, which the connections then belong to.
pub struct SqlClient {
    kind: Kind,
    timeout: Duration,
}

enum Kind {
    Postgres(Box<PostgresClient>),
    MySql(Box<MySqlClient>),
    Sqlite(Box<SqliteClient>),
}

impl SqlClient {
    /// Creates a client with these settings.
    pub fn new(settings: &DatabaseSettings) -> Self {
        let kind = match &settings.address {
            DatabaseAddress::Postgres(server) => {
                Kind::Postgres(PostgresClient::new(server, settings).into())
            }
            DatabaseAddress::MySql(server) => {
                Kind::MySql(MySqlClient::new(server, settings).into())
            }
            DatabaseAddress::Sqlite(path) => Kind::Sqlite(SqliteClient::new(path, settings).into()),
        };
        Self {
            kind,
            timeout: settings.timeout,
        }
    }

    /// Returns the one row that the query has for these values, as a JSON object; `None` if there
    /// is none.
    ///
    /// Fails with [`SqlError::NoSuchValue`] if a value cannot be that of any row.
    pub async fn fetch_row(
        &self,
        query: &Arc<str>,
        values: &[Box<str>],
    ) -> Result<Option<String>, SqlError> {
        // No database can hold it in a text, and some of them would cut the text there.
        if values.iter().any(|value| value.contains('\0')) {
            return Err(SqlError::NoSuchValue);
        }
        let fetched = async {
            match &self.kind {
                Kind::Postgres(client) => client.fetch_row(query, values).await,
                Kind::MySql(client) => client.fetch_row(query, values).await,
                Kind::Sqlite(client) => client.fetch_row(query, values).await,
            }
        };
        self.in_time(fetched).await
    }

    /// Has the query prepared, and returns its parameters and columns.
    ///
    /// Fails with [`SqlError::Query`] if it can never run with this many parameters.
    pub async fn describe(
        &self,
        query: &Arc<str>,
        parameters: usize,
    ) -> Result<QueryDescription, SqlError> {
        let described = async {
            match &self.kind {
                Kind::Postgres(client) => client.describe(query, parameters).await,
                Kind::MySql(client) => client.describe(query, parameters).await,
                Kind::Sqlite(client) => client.describe(query, parameters).await,
            }
        };
        self.in_time(described).await
    }

    async fn in_time<T>(
        &self,
        asked: impl Future<Output = Result<T, SqlError>>,
    ) -> Result<T, SqlError> {
        let ended = tokio::time::timeout(self.timeout, asked).await;
        ended.unwrap_or_else(|_| Err(SqlError::timed_out(self.timeout)))
    }
}
