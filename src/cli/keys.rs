//! Fetches the keys of an issuer from any source.

use std::fmt;

use crate::config::KeySource;
use crate::issuers::{FetchFailure, KeyFetcher, KeyOrigin};
use crate::jose::KeySet;
use crate::outbound::Egress;

/// Why there are no keys. Shown with the hint on a line of its own.
#[derive(Debug)]
pub(super) struct NoKeys {
    pub(super) error: String,
    pub(super) hint: Option<String>,
}

/// Fetches or reads the keys as they are now.
pub(super) async fn fetch(source: KeySource, egress: Egress) -> Result<KeySet, NoKeys> {
    let remote = match source {
        KeySource::Fixed { keys, .. } => return Ok(keys),
        KeySource::Unneeded(_) => return Ok(KeySet::default()),
        KeySource::File(file) => return Ok(KeyOrigin::File(file).fetch().await?.keys),
        KeySource::Remote(remote) => remote,
    };
    // A client reads the system's certificates from the disk.
    let mut fetcher =
        off_the_runtime(move || KeyFetcher::new(remote, egress).map_err(|error| error.to_string()))
            .await?;
    Ok(fetcher.fetch().await?.keys)
}

async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, NoKeys> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(error.to_string()))
        .map_err(|error| NoKeys { error, hint: None })
}

impl From<FetchFailure> for NoKeys {
    fn from(failure: FetchFailure) -> Self {
        Self {
            error: failure.to_string(),
            hint: failure.hint().map(ToOwned::to_owned),
        }
    }
}

impl fmt::Display for NoKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.error)?;
        self.hint
            .as_ref()
            .map_or(Ok(()), |hint| write!(f, "\n  hint: {hint}"))
    }
}
