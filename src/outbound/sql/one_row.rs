//! The one row of an answer.

use sqlx::Error;
use tokio_stream::{Stream, StreamExt};

use super::connections::Failure;
use super::sql_error::SqlError;

/// Renders the row of an answer; `None` if it has no row. Fails if it has two: the user would be one
/// of them by chance.
pub(super) async fn one_row<R>(
    mut rows: impl Stream<Item = Result<R, Error>> + Unpin,
    failure: impl Fn(&Error) -> Failure,
    render: impl Fn(&R) -> Result<String, SqlError>,
) -> Result<Option<String>, Failure> {
    let mut next = async || rows.try_next().await.map_err(|error| failure(&error));
    let Some(row) = next().await? else {
        return Ok(None);
    };
    let rendered = render(&row)?;
    match next().await? {
        None => Ok(Some(rendered)),
        Some(_) => Err(SqlError::two_rows().into()),
    }
}
