//! The error of a database without an answer.

use std::time::Duration;

use crate::domain::is_invisible;

/// The error of a database that had no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SqlError {
    /// A value is none of its parameter's type, so no row has it.
    #[error("a value is none of its parameter's type")]
    NoSuchValue,
    /// The query cannot run as it is, whatever the values are.
    #[error("{message}")]
    Query {
        /// The error of the database, or ours.
        message: String,
        /// A hint that may help.
        hint: Option<String>,
    },
    /// The answer for these values cannot be used.
    #[error("{0}")]
    Answer(String),
    /// The database cannot be asked.
    #[error("{message}")]
    Unavailable {
        /// The result for the metrics.
        result: &'static str,
        /// The error.
        message: String,
    },
}

/// The greatest length of a message of a database that is shown, in characters.
const MAX_MESSAGE: usize = 200;

impl SqlError {
    pub(super) fn query(message: impl Into<String>, hint: Option<String>) -> Self {
        Self::Query {
            message: message.into(),
            hint,
        }
    }

    pub(super) fn unavailable(result: &'static str, message: impl Into<String>) -> Self {
        Self::Unavailable {
            result,
            message: message.into(),
        }
    }

    pub(super) fn two_rows() -> Self {
        Self::Answer("the query has two rows for these values".into())
    }

    pub(super) fn timed_out(after: Duration) -> Self {
        let after = humantime::format_duration(after);
        Self::unavailable("timeout", format!("no answer within {after}"))
    }

    /// Returns the error for a failed connection or query of a server. Texts of the database are
    /// shown only where they are about the query or the log-in: others may hold values.
    pub(super) fn of_server(error: &sqlx::Error) -> Self {
        let sqlx::Error::Database(database) = error else {
            return Self::of_driver(error);
        };
        let code = database.code().unwrap_or_default().into_owned();
        let message = || format!("{} ({code})", shown(database.message()));
        match code.as_bytes() {
            // Data exceptions: a number out of range, a malformed text.
            [b'2', b'2', ..] => Self::NoSuchValue,
            [b'4', b'2', ..] => Self::query(message(), None),
            [b'2', b'8', ..] => Self::unavailable("unauthorized", message()),
            // Cancelled by the statement timeout.
            _ if code == "57014" => {
                Self::unavailable("timeout", "the server ended the query: it took too long")
            }
            [b'3', b'D', ..] | [b'5', b'3' | b'7', ..] | [b'0', b'8', ..] => {
                Self::unavailable("connect", message())
            }
            // Not in the right state, locks, failures of the system, internal errors.
            [b'5', b'5' | b'8', ..] | [b'F' | b'X', ..] => {
                Self::unavailable("status", format!("the server failed ({code})"))
            }
            // Two rows of a subquery, collations that do not mix: of these values, as far as is
            // known. One user must not close the directory to all others.
            _ => Self::Answer(format!("the query failed for these values ({code})")),
        }
    }

    /// Returns the error for what failed without an error of the database.
    pub(super) fn of_driver(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Io(error) => {
                // What the handshake finds wrong comes out of the reading of the stream.
                let is_tls = error
                    .get_ref()
                    .is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>);
                let result = if is_tls { "tls" } else { "connect" };
                Self::unavailable(result, shown(&error.to_string()))
            }
            sqlx::Error::Tls(error) => Self::unavailable("tls", shown(&error.to_string())),
            sqlx::Error::Configuration(error) => {
                Self::unavailable("connect", shown(&error.to_string()))
            }
            sqlx::Error::Protocol(message) => Self::unavailable("unreadable", shown(message)),
            _ => Self::unavailable("unreadable", "the answer cannot be read"),
        }
    }
}

/// Returns a text of a database on one line, without characters that play with a terminal.
pub(super) fn shown(message: &str) -> String {
    let mut line = String::new();
    for character in message.chars().take(MAX_MESSAGE) {
        line.push(if is_invisible(character) {
            ' '
        } else {
            character
        });
    }
    line
}
