//! `MySQL` and `MariaDB`.

mod value;

use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;
use sqlx::mysql::{
    MySql, MySqlConnectOptions, MySqlConnection, MySqlDatabaseError, MySqlRow, MySqlSslMode,
};
use sqlx::{
    AssertSqlSafe, Column, ConnectOptions, Either, Executor, Row, SqlSafeStr, Statement, TypeInfo,
    ValueRef,
};
use tokio_stream::StreamExt;

use super::connections::{Connections, Lease};
use super::description::{DescribedColumn, QueryDescription, refuse_other_number};
use super::json_row::JsonRow;
use super::sql_error::SqlError;
use crate::config::{DatabaseSettings, ServerAddress, ServerLocation};

const PORT: u16 = 3306;

/// A client of a `MySQL` or `MariaDB` server.
pub(super) struct MySqlClient {
    connections: Connections<MySqlConnection>,
    options: MySqlConnectOptions,
    max_connections: u32,
    timeout: Duration,
}

impl MySqlClient {
    pub(super) fn new(server: &ServerAddress, settings: &DatabaseSettings) -> Self {
        Self {
            connections: Connections::new(settings.max_connections),
            options: options(server, settings),
            max_connections: settings.max_connections,
            timeout: settings.timeout,
        }
    }

    pub(super) async fn fetch_row(
        &self,
        query: &Arc<str>,
        values: &[Box<str>],
    ) -> Result<Option<String>, SqlError> {
        // Each attempt but the last uses up a connection that the server has closed meanwhile. A
        // query only reads, so asking once more does no harm.
        for _ in 0..self.max_connections {
            let mut lease = self.connections.take(async || self.connect().await).await?;
            match fetch_on(&mut lease, query, values).await {
                Err(Failure::Sqlx(error)) if lease.is_reused() && is_lost(&error) => {}
                fetched => return self.end(lease, fetched),
            }
        }
        let mut lease = self.connections.take(async || self.connect().await).await?;
        let fetched = fetch_on(&mut lease, query, values).await;
        self.end(lease, fetched)
    }

    pub(super) async fn describe(
        &self,
        query: &Arc<str>,
        parameters: usize,
    ) -> Result<QueryDescription, SqlError> {
        let mut connection = self.connect().await?;
        let statement = connection
            .prepare(AssertSqlSafe(query.clone()).into_sql_str())
            .await;
        let statement = statement.map_err(|error| error_of(&error))?;
        let column = |column: &<MySql as sqlx::Database>::Column| DescribedColumn {
            name: column.name().to_owned(),
            type_name: column.type_info().name().to_ascii_lowercase(),
            is_known: value::is_known(column.type_info()),
        };
        let description = QueryDescription {
            parameters: vec!["any".to_owned(); number_of(statement.parameters())],
            columns: statement.columns().iter().map(column).collect(),
        };
        description.with_parameters(parameters)
    }

    async fn connect(&self) -> Result<MySqlConnection, SqlError> {
        let connected = self.options.connect().await;
        let mut connection = connected.map_err(|error| error_of(&error))?;
        let set_up = set_up(&mut connection, self.timeout).await;
        set_up.map_err(|error| error_of(&error))?;
        Ok(connection)
    }

    /// Gives a connection back on which nothing is left to be read, and returns the row.
    fn end(
        &self,
        lease: Lease<MySqlConnection>,
        fetched: Result<Option<String>, Failure>,
    ) -> Result<Option<String>, SqlError> {
        let fetched = fetched.map_err(Failure::into_error);
        if matches!(fetched, Ok(_) | Err(SqlError::NoSuchValue)) {
            self.connections.give_back(lease);
        }
        fetched
    }
}

/// The error for a row that was not fetched, as long as it may be tried again.
enum Failure {
    Sqlx(sqlx::Error),
    Other(SqlError),
}

impl Failure {
    fn into_error(self) -> SqlError {
        match self {
            Self::Sqlx(error) => error_of(&error),
            Self::Other(error) => error,
        }
    }
}

impl From<SqlError> for Failure {
    fn from(error: SqlError) -> Self {
        Self::Other(error)
    }
}

/// Makes a session read-only, and has the server end what takes too long.
async fn set_up(connection: &mut MySqlConnection, timeout: Duration) -> Result<(), sqlx::Error> {
    for statement in [
        "SET SESSION TRANSACTION READ ONLY",
        // By default MySQL waits up to a year for the lock of a table, and MariaDB a day.
        "SET SESSION lock_wait_timeout = 1",
    ] {
        connection.execute(sqlx::raw_sql(statement)).await?;
    }
    let row = connection
        .fetch_one(sqlx::raw_sql("SELECT VERSION() LIKE '%MariaDB%'"))
        .await?;
    let is_mariadb = row.try_get::<i64, _>(0)? == 1;
    let limit = if is_mariadb {
        format!("SET SESSION max_statement_time = {}", timeout.as_secs_f64())
    } else {
        format!("SET SESSION max_execution_time = {}", timeout.as_millis())
    };
    connection
        .execute(sqlx::raw_sql(AssertSqlSafe(limit)))
        .await
        .map(drop)
}

async fn fetch_on(
    connection: &mut MySqlConnection,
    query: &Arc<str>,
    values: &[Box<str>],
) -> Result<Option<String>, Failure> {
    // From the second time on a connection knows the statement, and nothing is sent for this.
    let statement = connection
        .prepare(AssertSqlSafe(query.clone()).into_sql_str())
        .await
        .map_err(Failure::Sqlx)?;
    refuse_other_number(number_of(statement.parameters()), values.len())?;
    let mut query = statement.query();
    for value in values {
        query = query.bind(&**value);
    }
    let mut rows = query.fetch(connection);
    let Some(row) = rows.try_next().await.map_err(Failure::Sqlx)? else {
        return Ok(None);
    };
    let rendered = render(&row)?;
    match rows.try_next().await.map_err(Failure::Sqlx)? {
        None => Ok(Some(rendered)),
        Some(_) => Err(SqlError::two_rows().into()),
    }
}

fn number_of<T>(parameters: Option<Either<&[T], usize>>) -> usize {
    parameters.map_or(0, |parameters| match parameters {
        Either::Left(types) => types.len(),
        Either::Right(number) => number,
    })
}

/// Returns `true` if a connection was closed by the server, or its statement is out of date.
fn is_lost(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => true,
        // Server shutdown, connection killed, unknown statement, statement to be prepared again.
        error => matches!(number(error), Some(1053 | 1927 | 1243 | 1615)),
    }
}

/// Returns the error for a failed connection or query. Numbers are more exact than states, so a few
/// are looked at first.
fn error_of(error: &sqlx::Error) -> SqlError {
    match number(error) {
        // The limits of MySQL and MariaDB for a statement, and a lock that was not given in time.
        Some(3024 | 1969 | 1205) => {
            SqlError::unavailable("timeout", "the server ended the query: it took too long")
        }
        _ => SqlError::of_server(error),
    }
}

fn number(error: &sqlx::Error) -> Option<u16> {
    let error = error.as_database_error()?;
    let error = error.try_downcast_ref::<MySqlDatabaseError>()?;
    Some(error.number())
}

fn render(row: &MySqlRow) -> Result<String, SqlError> {
    let mut json = JsonRow::new();
    for (position, column) in row.columns().iter().enumerate() {
        let value = row
            .try_get_raw(position)
            .map_err(|error| SqlError::of_driver(&error))?;
        if !value.is_null() {
            let type_info = column.type_info();
            json.add(column.name(), type_info.name(), |out| {
                value::push(out, type_info, value)
            })?;
        }
    }
    Ok(json.finish())
}

fn options(server: &ServerAddress, settings: &DatabaseSettings) -> MySqlConnectOptions {
    let mut options = MySqlConnectOptions::new()
        .charset("utf8mb4")
        // The session keeps the `sql_mode` of the server.
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        .disable_statement_logging();
    options = match &server.location {
        ServerLocation::Host { name, port, tls } => {
            let mode = if *tls {
                MySqlSslMode::VerifyIdentity
            } else {
                MySqlSslMode::Disabled
            };
            options.host(name).port(port.unwrap_or(PORT)).ssl_mode(mode)
        }
        ServerLocation::Socket { path, .. } => {
            options.socket(path).ssl_mode(MySqlSslMode::Disabled)
        }
    };
    if let Some(user) = &server.user {
        options = options.username(user);
    }
    if let Some(password) = &server.password {
        options = options.password(password.expose_secret());
    }
    if let Some(database) = &server.database {
        options = options.database(database);
    }
    match &settings.extra_roots {
        Some(pem) => options.ssl_ca_from_pem(pem.clone()),
        None => options,
    }
}
