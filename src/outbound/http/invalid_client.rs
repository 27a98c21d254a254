//! The error for an HTTP client that cannot be built.

use super::error_chain::error_chain;

/// The error for an HTTP client that cannot be built: bad certificates, headers or proxies.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InvalidClient(pub(super) String);

/// Converts an error of the library.
pub(super) fn invalid(error: reqwest::Error) -> InvalidClient {
    InvalidClient(error_chain(error))
}
