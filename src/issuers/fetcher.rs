//! Fetching one issuer's keys.

use std::time::Duration;

use tokio::time::Instant;
use url::Url;

use super::discovery::{InvalidMetadata, Metadata};
use crate::config::{KeyLocation, RemoteKeys};
use crate::jose::{InvalidKeySet, KeySet};
use crate::outbound::{
    AddressRule, Egress, EntityTag, FetchBody, FetchError, FetchRequest, HttpClient, InvalidClient,
};

/// Fetches one issuer's keys.
pub struct KeyFetcher {
    settings: RemoteKeys,
    client: HttpClient,
    /// The place of the keys by the last good metadata.
    known: Option<(Url, AddressRule)>,
    last: Option<LastKeys>,
}

/// The last good keys, if their server gave their version a name.
struct LastKeys {
    url: Url,
    version: EntityTag,
    keys: KeySet,
}

/// Keys, and how long they may be kept.
#[derive(Debug)]
pub struct FetchedKeys {
    /// The keys; at least one.
    pub keys: KeySet,
    /// The time for which they may be kept, as the response says.
    pub max_age: Option<Duration>,
}

/// The reason why there are no new keys.
#[derive(Debug, thiserror::Error)]
pub enum FetchFailure {
    /// The metadata could not be fetched.
    #[error("metadata: {0}")]
    Metadata(FetchError),
    /// The metadata is not usable.
    #[error("metadata: {0}")]
    InvalidMetadata(#[from] InvalidMetadata),
    /// The keys could not be fetched.
    #[error("keys: {0}")]
    Keys(FetchError),
    /// The keys are not usable.
    #[error("keys: {0}")]
    InvalidKeySet(#[from] InvalidKeySet),
    /// The file is not usable.
    #[error("file: {0}")]
    File(String),
    /// All of it took too long.
    #[error("timed out")]
    TimedOut,
}

impl FetchFailure {
    /// Returns the time after which the issuer asks to come back.
    pub(super) const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Metadata(FetchError::Status { retry_after, .. })
            | Self::Keys(FetchError::Status { retry_after, .. }) => *retry_after,
            _ => None,
        }
    }
}

impl KeyFetcher {
    /// Fetches with these settings.
    pub fn new(settings: RemoteKeys, egress: Egress) -> Result<Self, InvalidClient> {
        let client = HttpClient::new(&settings.fetch, egress)?;
        Ok(Self {
            settings,
            client,
            known: None,
            last: None,
        })
    }

    /// Fetches the keys, within the time that the settings allow for all of it.
    pub async fn fetch(&mut self) -> Result<FetchedKeys, FetchFailure> {
        let started = Instant::now();
        let timeout = self.settings.fetch.timeout;
        tokio::time::timeout(timeout, self.fetch_untimed(started))
            .await
            .unwrap_or(Err(FetchFailure::TimedOut))
    }

    async fn fetch_untimed(&mut self, started: Instant) -> Result<FetchedKeys, FetchFailure> {
        let (url, rule) = self.locate(started).await?;
        let last = self.last.as_ref().filter(|last| last.url == url);
        let known = last.map(|last| &last.version);
        let ask = FetchRequest {
            url: &url,
            rule,
            with_credentials: self.is_configured(&url),
            known,
        };
        let fetched = self.client.get(ask).await.map_err(FetchFailure::Keys)?;
        let keys = match (fetched.answer, last) {
            (FetchBody::Document(body, version), _) => self.read(&body, version, url)?,
            (FetchBody::NotModified, Some(last)) => last.keys.clone(),
            (FetchBody::NotModified, None) => return Err(InvalidKeySet::Malformed.into()),
        };
        Ok(FetchedKeys {
            keys,
            max_age: fetched.max_age,
        })
    }

    /// The keys of a document; only good ones become the last.
    fn read(
        &mut self,
        body: &[u8],
        version: Option<EntityTag>,
        url: Url,
    ) -> Result<KeySet, InvalidKeySet> {
        let keys = KeySet::from_jwks(body, &self.settings.algorithms)?;
        self.last = version.map(|version| LastKeys {
            url,
            version,
            keys: keys.clone(),
        });
        Ok(keys)
    }

    /// Returns the place of the keys. If the metadata cannot be fetched now, or is not the
    /// issuer's, the last good place is used.
    async fn locate(&mut self, started: Instant) -> Result<(Url, AddressRule), FetchFailure> {
        let (issuer, documents) = match &self.settings.location {
            KeyLocation::Jwks(url) => return Ok((url.clone(), AddressRule::Any)),
            KeyLocation::Discovery { issuer, documents } => (issuer, documents),
        };
        let discovered = self.discover(issuer, documents, started).await;
        if let Ok(found) = &discovered {
            self.known = Some(found.clone());
        }
        self.known.clone().map_or(discovered, Ok)
    }

    /// Returns the first document that is the issuer's. If there is none, fails with the first
    /// failure: it is of the place where nearly every issuer has its metadata.
    async fn discover(
        &self,
        issuer: &str,
        documents: &[Url],
        started: Instant,
    ) -> Result<(Url, AddressRule), FetchFailure> {
        let mut first_failure = None;
        for (position, document) in documents.iter().enumerate() {
            let until =
                started + patience(self.settings.fetch.timeout, documents.len() - position - 1);
            match self.metadata(issuer, document, until).await {
                Ok(found) => return Ok(found),
                Err(failure) => first_failure = first_failure.or(Some(failure)),
            }
        }
        Err(first_failure.unwrap_or(FetchFailure::InvalidMetadata(InvalidMetadata::Malformed)))
    }

    async fn metadata(
        &self,
        issuer: &str,
        document: &Url,
        until: Instant,
    ) -> Result<(Url, AddressRule), FetchFailure> {
        let ask = FetchRequest {
            url: document,
            rule: AddressRule::Any,
            with_credentials: true,
            known: None,
        };
        let request = self.client.get(ask);
        let answer = tokio::time::timeout_at(until, request).await;
        let fetched = answer
            .map_err(|_| FetchFailure::TimedOut)?
            .map_err(FetchFailure::Metadata)?;
        let FetchBody::Document(body, _) = fetched.answer else {
            return Err(InvalidMetadata::Malformed.into());
        };
        let metadata = Metadata::parse(&body, issuer, self.settings.fetch.allow_insecure_http)?;
        let rule = if self.settings.fetch.allow_private {
            AddressRule::Any
        } else {
            fetched.links
        };
        Ok((metadata.jwks_uri, rule))
    }

    /// Returns whether the operator named this party. A document from outside must not decide who
    /// gets our credentials.
    fn is_configured(&self, url: &Url) -> bool {
        self.settings
            .location
            .urls()
            .iter()
            .any(|configured| configured.origin() == url.origin())
    }
}

/// Returns the time, from the start of a fetch, that a document may take if this many others may
/// have to follow.
/// It may take what is left of the time; but a tenth is kept for each of the others, and a fifth
/// for the keys, whose place may be known from before.
fn patience(timeout: Duration, others: usize) -> Duration {
    let tenths = 8_u32.saturating_sub(others.try_into().unwrap_or(u32::MAX));
    timeout / 10 * tenths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_may_take_what_is_left() {
        let timeout = Duration::from_secs(5);
        let tried = [1, 0].map(|others| patience(timeout, others).as_millis());
        assert_eq!(tried, [3500, 4000]);
        assert_eq!(patience(timeout, 100), Duration::ZERO);
    }
}
