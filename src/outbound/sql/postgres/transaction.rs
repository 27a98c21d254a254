//! Queries through a pooler that lends a session of the server for one transaction at a time.
//!
//! Settings of a session would be those of other clients too, and a prepared statement may be
//! unknown to the next server. So each look-up is a transaction of its own, which is read-only and
//! has its own timeout, and its statement has no name.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgConnection, PgTypeInfo};
use sqlx::{AssertSqlSafe, Executor, Row};

/// Returns `true` if the error says that a parameter of the session is refused, as pgbouncer does.
pub(super) fn is_refused_parameter(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else {
        return false;
    };
    error.message().contains("unsupported startup parameter")
}

/// A setting of our own sessions. A role may have the others by itself, and a pooler may be configured
/// to ignore what a session was opened with.
pub(super) const MARK: (&str, &str) = ("doorward.session", "on");

/// Returns `true` if the session has the settings that it was opened with: it is read-only by
/// default, has a statement timeout, and [`MARK`].
pub(super) async fn is_own_session(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    const QUESTION: &str = "SELECT current_setting('default_transaction_read_only') = 'on' \
                            AND current_setting('statement_timeout') <> '0' \
                            AND current_setting('doorward.session', true) = 'on'";
    let answer = connection.fetch_one(sqlx::raw_sql(QUESTION)).await?;
    let value = answer.try_get_raw(0)?;
    Ok(value.as_str().is_ok_and(|text| text == "t"))
}

/// Begins a transaction that only reads, and that the server ends in time.
pub(super) async fn begin(
    connection: &mut PgConnection,
    timeout: Duration,
) -> Result<(), sqlx::Error> {
    run(connection, beginning(timeout)).await
}

/// Begins such a transaction for a query, and returns the types of its parameters.
///
/// They are asked for by a statement whose name only this transaction uses, and which is gone
/// before the transaction is.
pub(super) async fn begin_for(
    connection: &mut PgConnection,
    timeout: Duration,
    query: &Arc<str>,
) -> Result<Vec<PgTypeInfo>, sqlx::Error> {
    let begin = beginning(timeout);
    let all = format!(
        "{begin}; PREPARE doorward_parameters AS {query}\n; \
         SELECT array_to_string(parameter_types::oid[], ',') \
         FROM pg_prepared_statements WHERE name = 'doorward_parameters'; \
         DEALLOCATE doorward_parameters"
    );
    let answer = connection
        .fetch_one(sqlx::raw_sql(AssertSqlSafe(all)))
        .await?;
    let value = answer.try_get_raw(0)?;
    let text = value.as_str().unwrap_or_default();
    let oids = text.split(',').filter_map(|oid| oid.parse().ok());
    Ok(oids.map(|oid| PgTypeInfo::with_oid(Oid(oid))).collect())
}

/// Ends the transaction.
pub(super) async fn end(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    run(connection, "COMMIT".into()).await
}

fn beginning(timeout: Duration) -> String {
    let millis = timeout.as_millis();
    format!("BEGIN READ ONLY; SET LOCAL statement_timeout = {millis}")
}

async fn run(connection: &mut PgConnection, statement: String) -> Result<(), sqlx::Error> {
    let ran = connection
        .execute(sqlx::raw_sql(AssertSqlSafe(statement)))
        .await;
    ran.map(drop)
}
