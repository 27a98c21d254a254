//! Errors at the start of the service.

use std::io;

use crate::outbound::InvalidClient;

/// An error at the start of the service, although its configuration is valid.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A socket is in use, or its file cannot be created.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The HTTP client that fetches keys cannot be built.
    #[error("issuer {issuer}: cannot fetch keys with these settings: {error}")]
    Client {
        /// The name of the issuer.
        issuer: String,
        /// The error of the client.
        error: InvalidClient,
    },
    /// The HTTP client that asks an issuer about tokens cannot be built.
    #[error("issuer {issuer}: cannot introspect tokens with these settings: {error}")]
    Introspection {
        /// The name of the issuer.
        issuer: String,
        /// The error of the client.
        error: InvalidClient,
    },
    /// Spans cannot be sent with these settings.
    #[error("otlp_endpoint: cannot send spans there: {0}")]
    Spans(String),
    /// The query for users can never run as it is.
    #[error("directory_query: {message}")]
    Directory {
        /// The error of the database, or ours.
        message: String,
        /// A hint that may help.
        hint: Option<String>,
    },
    /// Two metrics have the same name, which is a bug in doorward.
    #[error("metrics: {0}")]
    Metrics(#[from] prometheus::Error),
}
