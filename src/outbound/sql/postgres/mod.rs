//! `PostgreSQL`.

mod bind;
mod numeric;
mod transaction;
mod value;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use secrecy::ExposeSecret;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection, PgRow, PgSslMode, Postgres};
use sqlx::query::Query;
use sqlx::{
    AssertSqlSafe, Column, ConnectOptions, Either, Executor, Row, SqlSafeStr, Statement, TypeInfo,
    ValueRef,
};
use tokio_stream::StreamExt;

use super::connections::{Connections, Lease};
use super::description::{DescribedColumn, QueryDescription};
use super::json_row::JsonRow;
use super::sql_error::SqlError;
use crate::config::{DatabaseSettings, ServerAddress, ServerLocation};

const PORT: u16 = 5432;

/// A client of a `PostgreSQL` server, or of a pgbouncer in front of one.
pub(super) struct PostgresClient {
    connections: Connections<PgConnection>,
    /// For a session of our own: read-only, with a statement timeout, and with prepared statements.
    session: PgConnectOptions,
    /// For a pooler that lends a session for one transaction at a time.
    transaction: PgConnectOptions,
    /// `true` if there is such a pooler.
    is_pooled: AtomicBool,
    max_connections: u32,
    timeout: Duration,
}

impl PostgresClient {
    pub(super) fn new(server: &ServerAddress, settings: &DatabaseSettings) -> Self {
        let base = options(server, settings);
        let millis = settings.timeout.as_millis().to_string();
        Self {
            connections: Connections::new(settings.max_connections),
            session: base.clone().options([
                ("default_transaction_read_only", "on"),
                ("statement_timeout", millis.as_str()),
                transaction::MARK,
            ]),
            // Statements have no names there: the next transaction may have another server.
            transaction: base.statement_cache_capacity(0),
            is_pooled: AtomicBool::new(false),
            max_connections: settings.max_connections,
            timeout: settings.timeout,
        }
    }

    pub(super) async fn fetch_row(
        &self,
        query: &Arc<str>,
        values: &[Box<str>],
    ) -> Result<Option<String>, SqlError> {
        // Each attempt but the last uses up a connection that the server has closed meanwhile, or
        // whose statement was prepared for a table that has changed. A query only reads, so asking
        // once more does no harm.
        for _ in 0..self.max_connections {
            let mut lease = self.connections.take(async || self.connect().await).await?;
            let fetched = self.fetch_on(&mut lease, query, values).await;
            match fetched {
                Err(Failure::Sqlx(error)) if lease.is_reused() && is_outdated(&error) => {}
                fetched => return self.end(lease, fetched),
            }
        }
        let mut lease = self.connections.take(async || self.connect().await).await?;
        let fetched = self.fetch_on(&mut lease, query, values).await;
        self.end(lease, fetched)
    }

    pub(super) async fn describe(
        &self,
        query: &Arc<str>,
        parameters: usize,
    ) -> Result<QueryDescription, SqlError> {
        let mut connection = self.connect().await?;
        if self.is_pooled() {
            transaction::begin(&mut connection, self.timeout).await?;
        }
        let statement = connection
            .prepare(AssertSqlSafe(query.clone()).into_sql_str())
            .await;
        let statement = statement.map_err(|error| SqlError::of_server(&error))?;
        let types = match statement.parameters() {
            Some(Either::Left(types)) => types,
            _ => &[],
        };
        let column = |column: &<Postgres as sqlx::Database>::Column| DescribedColumn {
            name: column.name().to_owned(),
            type_name: column.type_info().to_string().to_ascii_lowercase(),
            is_known: value::is_known(column.type_info()),
        };
        let description = QueryDescription {
            parameters: types.iter().map(bind::type_name).collect(),
            columns: statement.columns().iter().map(column).collect(),
        };
        let description = description.with_parameters(parameters)?;
        bind::check_types(types)?;
        Ok(description)
    }

    fn is_pooled(&self) -> bool {
        self.is_pooled.load(Ordering::Relaxed)
    }

    async fn connect(&self) -> Result<PgConnection, SqlError> {
        if !self.is_pooled() {
            match self.session.connect().await {
                Ok(mut connection) => {
                    if transaction::is_own_session(&mut connection).await? {
                        return Ok(connection);
                    }
                }
                Err(error) if transaction::is_refused_parameter(&error) => {}
                Err(error) => return Err(SqlError::of_server(&error)),
            }
            self.is_pooled.store(true, Ordering::Relaxed);
        }
        let connected = self.transaction.connect().await;
        connected.map_err(|error| SqlError::of_server(&error))
    }

    /// Gives a connection back on which nothing is left to be read, and returns the row.
    fn end(
        &self,
        lease: Lease<PgConnection>,
        fetched: Result<Option<String>, Failure>,
    ) -> Result<Option<String>, SqlError> {
        let fetched = fetched.map_err(Failure::into_error);
        // After an error a transaction is still open.
        let is_idle = match &fetched {
            Ok(_) => true,
            Err(SqlError::NoSuchValue) => !self.is_pooled(),
            Err(_) => false,
        };
        if is_idle {
            self.connections.give_back(lease);
        }
        fetched
    }

    async fn fetch_on(
        &self,
        connection: &mut PgConnection,
        query: &Arc<str>,
        values: &[Box<str>],
    ) -> Result<Option<String>, Failure> {
        if self.is_pooled() {
            return self.fetch_in_transaction(connection, query, values).await;
        }
        // From the second time on a connection knows the statement, and nothing is sent for this.
        let statement = connection
            .prepare(AssertSqlSafe(query.clone()).into_sql_str())
            .await
            .map_err(Failure::Sqlx)?;
        let types = match statement.parameters() {
            Some(Either::Left(types)) => types,
            _ => &[],
        };
        let arguments = bind::arguments(types, values)?;
        one_row(connection, statement.query_with(arguments)).await
    }
}

impl PostgresClient {
    async fn fetch_in_transaction(
        &self,
        connection: &mut PgConnection,
        query: &Arc<str>,
        values: &[Box<str>],
    ) -> Result<Option<String>, Failure> {
        let types = transaction::begin_for(connection, self.timeout, query).await?;
        let row = match bind::arguments(&types, values) {
            Ok(arguments) => {
                let query = sqlx::query_with(AssertSqlSafe(query.clone()), arguments);
                one_row(connection, query.persistent(false)).await?
            }
            // No row has such a value, so nothing is asked; the transaction must end all the same.
            Err(SqlError::NoSuchValue) => None,
            Err(error) => return Err(error.into()),
        };
        transaction::end(connection).await?;
        Ok(row)
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
            Self::Sqlx(error) => SqlError::of_server(&error),
            Self::Other(error) => error,
        }
    }
}

impl From<SqlError> for Failure {
    fn from(error: SqlError) -> Self {
        Self::Other(error)
    }
}

/// Returns `true` if a connection was closed by the server, or its statement is out of date.
fn is_outdated(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            // Administrator's shutdown, connection errors, "cached plan must not change result
            // type", and a statement that a pooler has lost.
            code.starts_with("57P") || code.starts_with("08") || matches!(&*code, "0A000" | "26000")
        }
        _ => false,
    }
}

async fn one_row(
    connection: &mut PgConnection,
    query: Query<'_, Postgres, PgArguments>,
) -> Result<Option<String>, Failure> {
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

fn render(row: &PgRow) -> Result<String, SqlError> {
    let mut json = JsonRow::new();
    for (position, column) in row.columns().iter().enumerate() {
        let value = row
            .try_get_raw(position)
            .map_err(|error| SqlError::of_driver(&error))?;
        if !value.is_null() {
            let type_name = column.type_info().name();
            json.add(column.name(), type_name, |out| value::push(out, &value))?;
        }
    }
    Ok(json.finish())
}

fn options(server: &ServerAddress, settings: &DatabaseSettings) -> PgConnectOptions {
    let mut options = PgConnectOptions::new_without_pgpass()
        .application_name("doorward")
        .extra_float_digits(None)
        .disable_statement_logging();
    options = match &server.location {
        ServerLocation::Host { name, port, tls } => {
            let mode = if *tls {
                PgSslMode::VerifyFull
            } else {
                PgSslMode::Disable
            };
            options.host(name).port(port.unwrap_or(PORT)).ssl_mode(mode)
        }
        ServerLocation::Socket { path, port } => options
            .socket(path)
            .port(port.unwrap_or(PORT))
            .ssl_mode(PgSslMode::Disable),
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
        Some(pem) => options.ssl_root_cert_from_pem(pem.clone()),
        None => options,
    }
}
