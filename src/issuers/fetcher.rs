//! Fetching one issuer's keys.

use std::time::Duration;

use tokio::time::Instant;
use url::Url;

use super::discovery::Endpoint;
use super::fetch_failure::{Asked, FetchFailure, FetchProblem};
use super::metadata::{Discovery, get};
use crate::config::{KeyLocation, RemoteKeys};
use crate::domain::shown_url;
use crate::jose::{InvalidKeySet, KeySet};
use crate::outbound::{
    AddressRule, Egress, EntityTag, FetchBody, FetchRequest, HttpClient, InvalidClient,
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
        let fetched = get(&self.client, ask, until, started).await;
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

    fn failure(&self, asked: Asked<'_>, url: &Url, problem: FetchProblem) -> FetchFailure {
        let proxy = self.client.proxy_for(url).map(ToString::to_string);
        FetchFailure::of_request(asked, url, proxy, problem)
    }

    /// Returns the keys of a document, and remembers them as the last good ones.
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
        let discovery = Discovery {
            client: &self.client,
            settings: &self.settings.fetch,
            endpoint: Endpoint::Keys,
        };
        let discovered = discovery.first_of(issuer, documents, started).await;
        if let Ok(found) = &discovered {
            self.known = Some(found.clone());
        }
        self.known.clone().map_or(discovered, Ok)
    }

    /// Returns `true` if the settings name the origin of this URL. A document from outside must not
    /// decide who gets our credentials.
    fn is_configured(&self, url: &Url) -> bool {
        self.settings
            .location
            .urls()
            .iter()
            .any(|configured| configured.origin() == url.origin())
    }
}
