//! Fetches the keys of an issuer from any source.

use std::fmt;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

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

/// The keys of an issuer, or why there are none.
pub(super) type FoundKeys = Result<KeySet, NoKeys>;

/// At most so many issuers are asked at the same time.
const MOST_AT_ONCE: usize = 16;

/// Fetches or reads the keys of several issuers at the same time. Each task returns the position of
/// its issuer. Must be called inside a tokio runtime.
pub(super) fn fetch_each(
    sources: impl IntoIterator<Item = (usize, KeySource)>,
    egress: &Egress,
) -> JoinSet<(usize, FoundKeys)> {
    let places = Arc::new(Semaphore::new(MOST_AT_ONCE));
    let mut fetching = JoinSet::new();
    for (position, source) in sources {
        let (egress, places) = (egress.clone(), places.clone());
        fetching.spawn(async move {
            // The semaphore is never closed.
            let _place = places.acquire_owned().await;
            (position, fetch(source, egress).await)
        });
    }
    fetching
}

/// Fetches or reads the keys as they are now.
pub(super) async fn fetch(source: KeySource, egress: Egress) -> FoundKeys {
    let remote = match source {
        KeySource::Fixed { keys, .. } => return Ok(keys),
        KeySource::Unneeded(_) => return Ok(KeySet::default()),
        KeySource::File(file) => return Ok(KeyOrigin::File(file).fetch().await?.keys),
        KeySource::Remote(remote) => remote,
    };
    // A client reads the system's certificates from the disk.
    let created = tokio::task::spawn_blocking(move || KeyFetcher::new(remote, egress)).await;
    let without_hint = |error| NoKeys { error, hint: None };
    let mut fetcher = created
        .map_err(|error| without_hint(error.to_string()))?
        .map_err(|error| without_hint(error.to_string()))?;
    Ok(fetcher.fetch().await?.keys)
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
