//! Fetching one issuer's keys.

use std::time::Duration;

use tokio::time::Instant;
use url::Url;

use super::discovery::{InvalidMetadata, Metadata};
use super::document_kind::DocumentKind;
use super::fetch_failure::{Asked, FetchFailure, FetchProblem};
use crate::config::{KeyLocation, RemoteKeys};
use crate::domain::shown_url;
use crate::jose::{InvalidKeySet, KeySet};
use crate::outbound::{
    AddressRule, Egress, EntityTag, FetchBody, FetchRequest, FetchResponse, HttpClient,
    InvalidClient,
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
    /// The URL that they came from, as it may be shown; nothing for a file.
    pub url: Option<String>,
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
        let (url, rule) = self.locate(started).await?;
        let last = self.last.as_ref().filter(|last| last.url == url);
        let known = last.map(|last| &last.version);
        let ask = FetchRequest {
            url: &url,
            rule,
            with_credentials: self.is_configured(&url),
            known,
        };
        let until = started + self.settings.fetch.timeout;
        let fetched = self.get(ask, until, started).await;
        let fetched = fetched.map_err(|problem| self.failure(Asked::Keys, &url, problem))?;
        let shown = Some(shown_url(&url));
        let read = match (fetched.answer, last) {
            (FetchBody::Document(body, version), _) => self.read(&body, version, url.clone()),
            (FetchBody::NotModified, Some(last)) => Ok(last.keys.clone()),
            (FetchBody::NotModified, None) => {
                Err(FetchProblem::of_keys(InvalidKeySet::Malformed, b""))
            }
        };
        Ok(FetchedKeys {
            keys: read.map_err(|problem| self.failure(Asked::Keys, &url, problem))?,
            max_age: fetched.max_age,
            url: shown,
        })
    }

    /// Makes one request, which has to end in time.
    async fn get(
        &self,
        ask: FetchRequest<'_>,
        until: Instant,
        started: Instant,
    ) -> Result<FetchResponse, FetchProblem> {
        match tokio::time::timeout_at(until, self.client.get(ask)).await {
            Ok(fetched) => Ok(fetched?),
            Err(_) => Err(FetchProblem::TimedOut(until - started)),
        }
    }

    fn failure(&self, asked: Asked<'_>, url: &Url, problem: FetchProblem) -> FetchFailure {
        let proxy = self.client.proxy_for(url).map(ToString::to_string);
        FetchFailure::of_request(asked, url, proxy, problem)
    }

    /// The keys of a document; only good ones become the last.
    fn read(
        &mut self,
        body: &[u8],
        version: Option<EntityTag>,
        url: Url,
    ) -> Result<KeySet, FetchProblem> {
        let keys = KeySet::from_jwks(body, &self.settings.algorithms)
            .map_err(|error| FetchProblem::of_keys(error, body))?;
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
            match self.metadata(issuer, document, until, started).await {
                Ok(found) => return Ok(found),
                Err(problem) => {
                    let failure = || self.failure(Asked::Metadata(issuer), document, problem);
                    first_failure = first_failure.or_else(|| Some(failure()));
                }
            }
        }
        Err(first_failure.unwrap_or_else(|| FetchFailure::of_file("no URL of metadata".into())))
    }

    async fn metadata(
        &self,
        issuer: &str,
        document: &Url,
        until: Instant,
        started: Instant,
    ) -> Result<(Url, AddressRule), FetchProblem> {
        let ask = FetchRequest {
            url: document,
            rule: AddressRule::Any,
            with_credentials: true,
            known: None,
        };
        let fetched = self.get(ask, until, started).await?;
        let FetchBody::Document(body, _) = fetched.answer else {
            return Err(InvalidMetadata::Malformed(DocumentKind::Empty).into());
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
