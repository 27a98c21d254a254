//! Fetches the keys of an issuer from any source.

use crate::config::KeySource;
use crate::issuers::KeyFetcher;
use crate::jose::KeySet;
use crate::outbound::Egress;

/// Returns the current keys of the source. Fails with a description of why there are none.
pub(super) async fn fetch(source: &KeySource, egress: &Egress) -> Result<KeySet, String> {
    match source {
        KeySource::Fixed { keys, .. } => Ok(keys.clone()),
        KeySource::File(file) => file.read(),
        KeySource::Remote(remote) => {
            let mut fetcher = KeyFetcher::new(remote.clone(), egress.clone())
                .map_err(|error| error.to_string())?;
            fetcher
                .fetch()
                .await
                .map(|fetched| fetched.keys)
                .map_err(|failure| failure.to_string())
        }
    }
}
