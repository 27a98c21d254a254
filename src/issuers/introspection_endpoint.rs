//! The introspection endpoint of an issuer, set or found by metadata.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use super::FetchFailure;
use super::discovery::Endpoint;
use super::metadata::Discovery;
use crate::config::{FetchSettings, IntrospectionEndpoint};
use crate::domain::Uptime;
use crate::outbound::{AddressRule, Egress, HttpClient, InvalidClient};

/// Metadata that is older is fetched again, while the endpoint that it named stays in use.
const MAX_AGE: Duration = Duration::from_mins(5);

/// The shortest time between two fetches while no endpoint is known.
const RETRY: Duration = Duration::from_secs(1);

/// Finds the introspection endpoint of an issuer, and remembers it.
pub struct EndpointFinder {
    settings: FetchSettings,
    place: Place,
}

enum Place {
    Set(Url),
    Discovered(Box<Discovered>),
}

struct Discovered {
    issuer: String,
    documents: Vec<Url>,
    endpoint: Endpoint,
    client: HttpClient,
    found: ArcSwapOption<Found>,
    /// The last fetch that failed while no endpoint was known.
    failed: ArcSwapOption<Failed>,
    /// Held while the metadata is fetched, so that one fetch runs at a time. Callers that wait share
    /// its outcome.
    fetching: Mutex<()>,
}

struct Failed {
    failure: Arc<FetchFailure>,
    at: Uptime,
}

struct Found {
    url: Url,
    rule: AddressRule,
    at: Uptime,
}

impl EndpointFinder {
    /// Creates a finder, for clients with or without a certificate: metadata may name an endpoint of
    /// its own for those with one (RFC 8705 section 5).
    ///
    /// Fails with [`InvalidClient`] if the metadata cannot be fetched with these settings. Reads the
    /// system's certificates, so it must not be called on a runtime's thread.
    pub fn new(
        endpoint: &IntrospectionEndpoint,
        has_certificate: bool,
        settings: FetchSettings,
        egress: Egress,
    ) -> Result<Self, InvalidClient> {
        let place = match endpoint {
            IntrospectionEndpoint::Url(url) => Place::Set(url.clone()),
            IntrospectionEndpoint::Metadata { issuer, documents } => {
                Place::Discovered(Box::new(Discovered {
                    issuer: issuer.clone(),
                    documents: documents.clone(),
                    endpoint: if has_certificate {
                        Endpoint::IntrospectionByCertificate
                    } else {
                        Endpoint::Introspection
                    },
                    client: HttpClient::new(&settings, egress)?,
                    found: ArcSwapOption::empty(),
                    failed: ArcSwapOption::empty(),
                    fetching: Mutex::new(()),
                }))
            }
        };
        Ok(Self { settings, place })
    }

    /// Returns the endpoint, and the addresses that it may be at. Fetches the metadata if no endpoint
    /// is known; fails with [`FetchFailure`] if that fails, or failed a moment ago.
    pub async fn find(&self, now: Uptime) -> Result<(Url, AddressRule), Arc<FetchFailure>> {
        match &self.place {
            Place::Set(url) => Ok((url.clone(), AddressRule::Any)),
            Place::Discovered(place) => place.find(&self.settings, now).await,
        }
    }

    /// Returns `true` if the metadata must be fetched, for the first time or again, by
    /// [`renew`](Self::renew).
    pub fn is_stale(&self, now: Uptime) -> bool {
        match &self.place {
            Place::Set(_) => false,
            Place::Discovered(place) => {
                if let Some(found) = &*place.found.load() {
                    return now.since(found.at) >= MAX_AGE;
                }
                place.last_failure(now).is_none()
            }
        }
    }

    /// Fetches the metadata. An endpoint that was found before stays in use if that fails.
    pub async fn renew(&self, now: Uptime) -> Result<(), Arc<FetchFailure>> {
        match &self.place {
            Place::Set(_) => Ok(()),
            Place::Discovered(place) => {
                let Ok(_fetching) = place.fetching.try_lock() else {
                    return Ok(());
                };
                place.fetch(&self.settings, now).await.map(drop)
            }
        }
    }

    /// Returns the endpoint as it may be shown, if it is known.
    pub fn known(&self) -> Option<String> {
        match &self.place {
            Place::Set(url) => Some(crate::domain::shown_url(url)),
            Place::Discovered(place) => {
                let found = place.found.load();
                found
                    .as_ref()
                    .map(|found| crate::domain::shown_url(&found.url))
            }
        }
    }
}

impl Discovered {
    async fn find(
        &self,
        settings: &FetchSettings,
        now: Uptime,
    ) -> Result<(Url, AddressRule), Arc<FetchFailure>> {
        let known = || {
            let found = self.found.load();
            found.as_ref().map(|found| (found.url.clone(), found.rule))
        };
        if let Some(known) = known() {
            return Ok(known);
        }
        let _fetching = self.fetching.lock().await;
        if let Some(known) = known() {
            return Ok(known);
        }
        match self.last_failure(now) {
            Some(failed) => Err(failed.failure.clone()),
            None => self.fetch(settings, now).await,
        }
    }

    /// Returns the last failure, if it is too early for another fetch. Clients must not set the pace
    /// at which an issuer that is down is asked. A caller that began before the failure has waited
    /// for it.
    fn last_failure(&self, now: Uptime) -> Option<Arc<Failed>> {
        let failed = self.failed.load_full();
        failed.filter(|failed| now.since(failed.at) < RETRY)
    }

    async fn fetch(
        &self,
        settings: &FetchSettings,
        now: Uptime,
    ) -> Result<(Url, AddressRule), Arc<FetchFailure>> {
        let discovery = Discovery {
            client: &self.client,
            settings,
            endpoint: self.endpoint,
        };
        let started = Instant::now();
        let fetched = discovery
            .first_of(&self.issuer, &self.documents, started)
            .await;
        // The next question does not wait for another failure.
        let at = now;
        let (url, rule) = match fetched {
            Ok(found) => found,
            Err(failure) => {
                let failure = Arc::new(failure);
                if let Some(known) = &*self.found.load() {
                    let (url, rule) = (known.url.clone(), known.rule);
                    self.found.store(Some(Arc::new(Found { url, rule, at })));
                } else {
                    let failure = failure.clone();
                    // Callers that began meanwhile wait for this fetch.
                    let at = at.plus(started.elapsed());
                    self.failed.store(Some(Arc::new(Failed { failure, at })));
                }
                return Err(failure);
            }
        };
        let found = Found {
            url: url.clone(),
            rule,
            at,
        };
        self.found.store(Some(Arc::new(found)));
        Ok((url, rule))
    }
}
