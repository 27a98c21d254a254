//! `PostgreSQL`.

mod bind;
mod numeric;
mod transaction;
mod value;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use secrecy::ExposeSecret;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow, PgSslMode, Postgres};
use sqlx::{
    AssertSqlSafe, Column, ConnectOptions, Either, Executor, Row, SqlSafeStr, Statement, TypeInfo,
    ValueRef,
};

use super::connections::{Connections, Driver, Failure};
use super::description::{DescribedColumn, QueryDescription};
use super::json_row::JsonRow;
use super::one_row::one_row;
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
            timeout: settings.timeout,
        }
    }

    pub(super) async fn fetch_row(
        &self,
        query: &Arc<str>,
        values: &[Box<str>],
    ) -> Result<Option<String>, SqlError> {
        self.connections.fetch_row(self, query, values).await
    }

    pub(super) async fn describe(
        &self,
        query: &Arc<str>,
        parameters: usize,
    ) -> Result<QueryDescription, SqlError> {
        let mut connection = self.connect().await?;
        if self.is_pooled() {
            let begun = transaction::begin(&mut connection, self.timeout).await;
            begun.map_err(|error| SqlError::of_server(&error))?;
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
}

impl Driver for PostgresClient {
    type Connection = PgConnection;

    async fn connect(&self) -> Result<PgConnection, SqlError> {
        if !self.is_pooled() {
            match self.session.connect().await {
                Ok(mut connection) => {
                    let is_own = transaction::is_own_session(&mut connection).await;
                    if is_own.map_err(|error| SqlError::of_server(&error))? {
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
            .map_err(|error| failure(&error))?;
        let types = match statement.parameters() {
            Some(Either::Left(types)) => types,
            _ => &[],
        };
        let arguments = bind::arguments(types, values)?;
        let rows = statement.query_with(arguments).fetch(connection);
        one_row(rows, failure, render).await
    }

    fn is_idle_after(&self, fetched: &Result<Option<String>, SqlError>) -> bool {
        match fetched {
            Ok(_) => true,
            // After an error a transaction is still open.
            Err(SqlError::NoSuchValue) => !self.is_pooled(),
            Err(_) => false,
        }
    }
}

impl PostgresClient {
    async fn fetch_in_transaction(
        &self,
        connection: &mut PgConnection,
        query: &Arc<str>,
        values: &[Box<str>],
    ) -> Result<Option<String>, Failure> {
        // The first use of the connection, so the pooler may have closed it.
        let types = transaction::begin_for(connection, self.timeout, query)
            .await
            .map_err(|error| failure(&error))?;
        let row = match bind::arguments(&types, values) {
            Ok(arguments) => {
                let query = sqlx::query_with(AssertSqlSafe(query.clone()), arguments);
                let rows = query.persistent(false).fetch(&mut *connection);
                one_row(rows, failure, render).await?
            }
            // No row has such a value, so nothing is asked; the transaction must end all the same.
            Err(SqlError::NoSuchValue) => None,
            Err(error) => return Err(error.into()),
        };
        transaction::end(connection)
            .await
            .map_err(|error| failure(&error))?;
        Ok(row)
    }
}

fn failure(error: &sqlx::Error) -> Failure {
    let shown = SqlError::of_server(error);
    if is_outdated(error) {
        Failure::Outdated(shown)
    } else {
        Failure::Final(shown)
    }
}

/// Returns `true` if a connection was closed by the server, or its statement is out of date.
fn is_outdated(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            // Administrator's shutdown, connection errors, "cached plan must not change result
            // type", a statement that a pooler has lost, and one whose parameter has the former type
            // of its column: no operator compares the two.
            let of_statement = matches!(&*code, "0A000" | "26000" | "42883");
            code.starts_with("57P") || code.starts_with("08") || of_statement
        }
        _ => false,
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

/// Returns the options of a connection. The constructor fills them from variables of the environment
/// such as `PGHOST` and `PGPASSWORD`, so each of these is set here. The configuration refuses the
/// variables of the others.
fn options(server: &ServerAddress, settings: &DatabaseSettings) -> PgConnectOptions {
    let password = server.password.as_ref();
    let options = PgConnectOptions::new_without_pgpass()
        .username(&server.user)
        // No password is the empty one.
        .password(password.map_or("", |password| password.expose_secret()))
        // The default of the server.
        .database(server.database.as_deref().unwrap_or(&server.user))
        .application_name("doorward")
        .extra_float_digits(None)
        .disable_statement_logging();
    let options = match &server.location {
        ServerLocation::Host { name, port, tls } => {
            let mode = if *tls {
                PgSslMode::VerifyFull
            } else {
                PgSslMode::Disable
            };
            options.host(name).port(port.unwrap_or(PORT)).ssl_mode(mode)
        }
        ServerLocation::Socket { path, port } => options
            .host("localhost")
            .socket(path)
            .port(port.unwrap_or(PORT))
            .ssl_mode(PgSslMode::Disable),
    };
    match &settings.extra_roots {
        Some(pem) => options.ssl_root_cert_from_pem(pem.clone()),
        None => options,
    }
}
