//! Clients that cannot be built.

use super::error_chain::error_chain;

/// A client that cannot be built: bad certificates or headers.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InvalidClient(pub(super) String);

pub(super) fn invalid(error: reqwest::Error) -> InvalidClient {
    InvalidClient(error_chain(error))
}
