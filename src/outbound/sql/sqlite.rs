//! `SQLite`.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::sqlite::{Sqlite, SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{
    AssertSqlSafe, Column, ConnectOptions, Decode, Either, Executor, Row, SqlSafeStr, Statement,
    TypeInfo, ValueRef,
};

use super::connections::{Connections, Failure};
use super::description::{DescribedColumn, QueryDescription, refuse_other_number};
use super::json_row::{JsonRow, Unrendered, push_double, push_plain, push_text};
use super::one_row::one_row;
use super::sql_error::{SqlError, shown};
use crate::config::DatabaseSettings;

/// The number of steps of the virtual machine between two looks at the time.
const STEPS: i32 = 1000;

/// A client of a file of `SQLite`. Each connection has a thread of its own, so a disk that hangs
/// blocks as many threads as there may be connections.
pub(super) struct SqliteClient {
    connections: Arc<Connections<SqliteConnection>>,
    options: SqliteConnectOptions,
    timeout: Duration,
}

impl SqliteClient {
    pub(super) fn new(path: &Path, settings: &DatabaseSettings) -> Self {
        Self {
            connections: Arc::new(Connections::new(settings.max_connections)),
            options: SqliteConnectOptions::new()
                .filename(path)
                .read_only(true)
                .create_if_missing(false)
                .busy_timeout(settings.timeout)
                .thread_name(|_| "directory".to_owned())
                .disable_statement_logging(),
            timeout: settings.timeout,
        }
    }

    pub(super) async fn fetch_row(
        &self,
        query: &Arc<str>,
        values: &[Box<str>],
    ) -> Result<Option<String>, SqlError> {
        let (connections, options) = (self.connections.clone(), self.options.clone());
        let (query, values) = (query.clone(), values.to_vec());
        let deadline = Instant::now() + self.timeout;
        let permit = self.connections.permit().await?;
        in_task(async move {
            let connect = async || connect(&options).await;
            let mut lease = connections.take(permit, connect).await?;
            let fetched = fetch_on(&mut lease, &query, &values, deadline).await;
            if matches!(fetched, Ok(_) | Err(SqlError::NoSuchValue)) {
                connections.give_back(lease);
            }
            fetched
        })
        .await
    }

    pub(super) async fn describe(
        &self,
        query: &Arc<str>,
        parameters: usize,
    ) -> Result<QueryDescription, SqlError> {
        let (options, query) = (self.options.clone(), query.clone());
        let permit = self.connections.permit().await?;
        let described = in_task(async move {
            let described = describe_on(&mut connect(&options).await?, query).await;
            drop(permit);
            described
        });
        described.await?.with_parameters(parameters)
    }
}

/// Runs the work on a connection as a task of its own. It keeps its permit for a connection until
/// the thread has ended the work, even if the caller no longer waits.
///
/// Only work that has a permit becomes a task: while a disk hangs, there are no more tasks than
/// connections.
async fn in_task<T: Send + 'static>(
    work: impl Future<Output = Result<T, SqlError>> + Send + 'static,
) -> Result<T, SqlError> {
    tokio::spawn(work).await.unwrap_or_else(|error| {
        let message = format!("the query ended without an answer: {error}");
        Err(SqlError::unavailable("unreadable", message))
    })
}

async fn describe_on(
    connection: &mut SqliteConnection,
    query: Arc<str>,
) -> Result<QueryDescription, SqlError> {
    let statement = connection
        .prepare(AssertSqlSafe(query).into_sql_str())
        .await;
    let statement = statement.map_err(|error| error_of(&error))?;
    let column = |column: &<Sqlite as sqlx::Database>::Column| DescribedColumn {
        name: column.name().to_owned(),
        type_name: column.type_info().name().to_ascii_lowercase(),
        // Each value has a type of its own, whatever the column was declared as.
        is_known: true,
    };
    let number = match statement.parameters() {
        Some(Either::Right(number)) => number,
        _ => 0,
    };
    Ok(QueryDescription {
        parameters: vec!["any".to_owned(); number],
        columns: statement.columns().iter().map(column).collect(),
    })
}

async fn connect(options: &SqliteConnectOptions) -> Result<SqliteConnection, SqlError> {
    options.connect().await.map_err(|error| error_of(&error))
}

async fn fetch_on(
    connection: &mut SqliteConnection,
    query: &Arc<str>,
    values: &[Box<str>],
    deadline: Instant,
) -> Result<Option<String>, SqlError> {
    let failed = |error: sqlx::Error| error_of(&error);
    connection
        .lock_handle()
        .await
        .map_err(failed)?
        .set_progress_handler(STEPS, move || Instant::now() < deadline);
    let statement = connection
        .prepare(AssertSqlSafe(query.clone()).into_sql_str())
        .await
        .map_err(failed)?;
    if let Some(Either::Right(number)) = statement.parameters() {
        refuse_other_number(number, values.len())?;
    }
    let mut query = statement.query();
    for value in values {
        query = query.bind(&**value);
    }
    let failure = |error: &sqlx::Error| Failure::Final(error_of(error));
    let row = one_row(query.fetch(connection), failure, render).await;
    row.map_err(Failure::into_error)
}

/// Returns the error by its primary result code.
fn error_of(error: &sqlx::Error) -> SqlError {
    let sqlx::Error::Database(database) = error else {
        return SqlError::of_driver(error);
    };
    let code = database.code().and_then(|code| code.parse::<u32>().ok());
    let message = shown(database.message());
    match code.unwrap_or(0) & 0xFF {
        // SQLITE_ERROR: a mistake in the query, or a table that is not there.
        1 => SqlError::query(message, None),
        // SQLITE_BUSY, SQLITE_LOCKED, SQLITE_INTERRUPT
        5 | 6 | 9 => SqlError::unavailable("timeout", message),
        // SQLITE_TOOBIG, SQLITE_MISMATCH
        18 | 20 => SqlError::NoSuchValue,
        // SQLITE_PERM, SQLITE_READONLY, SQLITE_CANTOPEN, SQLITE_AUTH, SQLITE_NOTADB
        3 | 8 | 14 | 23 | 26 => SqlError::unavailable("connect", message),
        _ => SqlError::unavailable("status", message),
    }
}

fn render(row: &SqliteRow) -> Result<String, SqlError> {
    let mut json = JsonRow::new();
    for (position, column) in row.columns().iter().enumerate() {
        let value = row
            .try_get_raw(position)
            .map_err(|error| SqlError::of_driver(&error))?;
        if value.is_null() {
            continue;
        }
        let (own, declared) = (
            value.type_info().name().to_owned(),
            column.type_info().name(),
        );
        json.add(column.name(), &own, |out| match own.as_str() {
            "INTEGER" if declared == "BOOLEAN" => {
                push_plain(out, decoded::<i64>(value)? != 0);
                Ok(())
            }
            "INTEGER" => {
                push_plain(out, decoded::<i64>(value)?);
                Ok(())
            }
            "REAL" => push_double(out, decoded(value)?),
            "TEXT" => {
                push_text(out, decoded::<&str>(value)?);
                Ok(())
            }
            _ => Err(Unrendered::Type),
        })?;
    }
    Ok(json.finish())
}

fn decoded<'r, T: Decode<'r, Sqlite>>(
    value: <Sqlite as sqlx::Database>::ValueRef<'r>,
) -> Result<T, Unrendered> {
    T::decode(value).map_err(|_| Unrendered::Value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::DatabaseAddress;
    use crate::outbound::SqlClient;

    /// A file that hangs when it is opened, as on a disk that does not answer.
    #[tokio::test]
    async fn a_file_that_hangs_holds_no_more_tasks_than_connections() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("users.db");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let settings = DatabaseSettings {
            address: DatabaseAddress::Sqlite(path.clone()),
            extra_roots: None,
            timeout: Duration::from_millis(10),
            max_connections: 2,
        };
        let client = SqlClient::new(&settings);
        let tasks = || {
            tokio::runtime::Handle::current()
                .metrics()
                .num_alive_tasks()
        };
        let before = tasks();
        let query: Arc<str> = "SELECT 1 WHERE ? = ''".into();
        for _ in 0..10 {
            let fetched = client.fetch_row(&query, &["alice".into()]).await;
            assert_eq!(fetched, Err(SqlError::timed_out(settings.timeout)));
            let described = client.describe(&query, 1).await;
            assert_eq!(described, Err(SqlError::timed_out(settings.timeout)));
        }
        assert_eq!(tasks() - before, 2);
        // Lets the threads go that wait for the other end.
        std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    }
}
