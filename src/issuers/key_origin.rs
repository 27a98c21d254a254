//! The origin from which an issuer's keys are fetched again and again.

use super::KeyFetcher;
use super::fetch_failure::FetchFailure;
use super::fetcher::FetchedKeys;
use crate::config::{FileKeys, InvalidKeyFile};

/// The origin from which an issuer's keys are fetched again and again.
pub enum KeyOrigin {
    /// Its key endpoint.
    Remote(Box<KeyFetcher>),
    /// A file.
    File(FileKeys),
}

impl KeyOrigin {
    /// Fetches the keys as they are there now.
    pub async fn fetch(&mut self) -> Result<FetchedKeys, FetchFailure> {
        match self {
            Self::Remote(fetcher) => fetcher.fetch().await,
            Self::File(file) => read(file.clone()).await,
        }
    }
}

/// Off the runtime: a disk that hangs must not keep other issuers' keys from being fetched.
async fn read(file: FileKeys) -> Result<FetchedKeys, FetchFailure> {
    let read = tokio::task::spawn_blocking(move || file.read()).await;
    let keys = read
        .unwrap_or_else(|error| Err(InvalidKeyFile::Unreadable(error.to_string())))
        .map_err(FetchFailure::of_file)?;
    Ok(FetchedKeys {
        keys,
        max_age: None,
        url: None,
    })
}
