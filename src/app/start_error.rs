//! Why the service cannot start.

use std::io;

use crate::outbound::InvalidClient;

/// Why the service cannot start, although its configuration is fine.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A socket is taken, or its file cannot be made.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A client for fetching keys cannot be made.
    #[error("issuer {issuer}: cannot fetch keys with these settings: {error}")]
    Client {
        /// Whose keys.
        issuer: String,
        /// What is wrong.
        error: InvalidClient,
    },
    /// Spans cannot be sent with these settings.
    #[error("otlp_endpoint: cannot send spans there: {0}")]
    Spans(String),
    /// Two metrics of one name; a defect of ours.
    #[error("metrics: {0}")]
    Metrics(#[from] prometheus::Error),
}
