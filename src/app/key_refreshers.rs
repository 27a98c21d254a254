//! The tasks that keep keys fresh, across changes of the configuration.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::task::JoinHandle;

use super::platform::Platform;
use super::start_error::StartError;
use crate::config::{IssuerSettings, KeySource, RefreshSettings, RemoteKeys};
use crate::issuers::{Issuer, Issuers, KeyFetcher, KeyOrigin, KeyStore, Refresher, report_keys};
use crate::jose::KeySet;
use crate::outbound::Egress;
use crate::telemetry::Metrics;

/// The tasks that keep keys fresh, by the names of their issuers. They end when they are dropped.
#[derive(Default)]
pub(super) struct KeyRefreshers {
    by_name: HashMap<String, KeyRefresher>,
    /// All issuers, those whose keys nobody needs to keep fresh too.
    names: Vec<String>,
}

/// What keeps the keys of one issuer fresh.
struct KeyRefresher {
    source: KeySource,
    store: Arc<KeyStore>,
    task: JoinHandle<()>,
}

/// How an issuer comes by its keys.
enum KeySupply {
    /// They are at hand.
    AtHand(KeySet),
    /// They stay where they are.
    Kept(Arc<KeyStore>),
    /// They are fetched from there; those of the store hold until then.
    Fetched(KeyOrigin, RefreshSettings, Option<Arc<KeyStore>>),
}

/// Fetchers by the names of their issuers.
pub(super) type Fetchers = HashMap<String, KeyFetcher>;

/// Makes them. Each reads the system's certificates from the disk: not to be called on a runtime.
pub(super) fn fetchers(
    wanted: Vec<(String, RemoteKeys)>,
    egress: &Egress,
) -> Result<Fetchers, StartError> {
    wanted
        .into_iter()
        .map(|(issuer, keys)| Ok((issuer.clone(), fetcher(issuer, keys, egress)?)))
        .collect()
}

fn fetcher(issuer: String, keys: RemoteKeys, egress: &Egress) -> Result<KeyFetcher, StartError> {
    KeyFetcher::new(keys, egress.clone()).map_err(|error| StartError::Client { issuer, error })
}

impl KeyRefreshers {
    /// The issuers for which [`reconcile`](Self::reconcile) needs a fetcher.
    pub(super) fn wanted(&self, issuers: &[IssuerSettings]) -> Vec<(String, RemoteKeys)> {
        let wanted = issuers
            .iter()
            .filter(|issuer| self.unchanged(issuer).is_none())
            .filter_map(|issuer| match &issuer.keys {
                KeySource::Remote(remote) => Some((issuer.name.clone(), remote.clone())),
                KeySource::File(_) | KeySource::Fixed { .. } => None,
            });
        wanted.collect()
    }

    /// The issuers of these settings, each with its keys. If they come from where they came from
    /// before, the issuer keeps them: nobody waits for keys that are there, and an issuer that is
    /// down stays trusted. It keeps the task that fetches them too, unless that is to be done
    /// otherwise.
    pub(super) fn reconcile(
        &mut self,
        settings: Vec<IssuerSettings>,
        mut fetchers: Fetchers,
        platform: &Platform,
        metrics: &Metrics,
    ) -> Result<Issuers, StartError> {
        // What can fail comes first: a configuration that does not work must not harm the one
        // before.
        let supplies = settings
            .iter()
            .map(|issuer| self.supply(issuer, &mut fetchers, platform));
        let supplies = supplies.collect::<Result<Vec<_>, _>>()?;
        let names = settings.iter().map(|issuer| issuer.name.clone()).collect();
        let mut before = std::mem::take(&mut self.by_name);
        let mut issuers = Vec::with_capacity(settings.len());
        for (position, (settings, supply)) in settings.into_iter().zip(supplies).enumerate() {
            let name: Arc<str> = settings.name.as_str().into();
            let algorithms = settings.keys.algorithms().clone();
            let dismissed = before.remove(&settings.name);
            let keys = match supply {
                KeySupply::AtHand(keys) => at_hand(&name, keys, platform, metrics),
                KeySupply::Kept(store) => {
                    self.by_name
                        .extend(dismissed.map(|refresher| (settings.name, refresher)));
                    store
                }
                KeySupply::Fetched(origin, refresh, known) => {
                    let refresher = KeyRefresher::new(
                        &name,
                        settings.keys,
                        origin,
                        refresh,
                        known,
                        platform,
                        metrics,
                    );
                    let store = refresher.store.clone();
                    self.by_name.insert(settings.name, refresher);
                    store
                }
            };
            let (expectations, required_scopes) = (settings.expectations, settings.required_scopes);
            issuers.push((
                settings.accepted,
                Issuer {
                    name,
                    position,
                    algorithms,
                    expectations,
                    required_scopes,
                    keys,
                },
            ));
        }
        for name in std::mem::replace(&mut self.names, names)
            .iter()
            .filter(|name| !self.names.contains(name))
        {
            metrics.forget_issuer(name);
        }
        Ok(Issuers::new(issuers))
    }

    fn supply(
        &self,
        issuer: &IssuerSettings,
        fetchers: &mut Fetchers,
        platform: &Platform,
    ) -> Result<KeySupply, StartError> {
        if let Some(refresher) = self.unchanged(issuer) {
            return Ok(KeySupply::Kept(refresher.store.clone()));
        }
        let before = self.by_name.get(&issuer.name);
        let known = before
            .filter(|refresher| refresher.source.has_keys_of(&issuer.keys))
            .map(|refresher| refresher.store.clone());
        Ok(match &issuer.keys {
            KeySource::Fixed { keys, .. } => KeySupply::AtHand(keys.clone()),
            KeySource::File(file) => {
                KeySupply::Fetched(KeyOrigin::File(file.clone()), file.refresh, known)
            }
            KeySource::Remote(remote) => {
                let at_hand = fetchers.remove(&issuer.name).map(Ok);
                let make = || fetcher(issuer.name.clone(), remote.clone(), &platform.egress);
                let fetcher = at_hand.unwrap_or_else(make)?;
                KeySupply::Fetched(KeyOrigin::Remote(fetcher.into()), remote.refresh, known)
            }
        })
    }

    /// The refresher of its keys, if that goes on unchanged.
    fn unchanged(&self, issuer: &IssuerSettings) -> Option<&KeyRefresher> {
        self.by_name
            .get(&issuer.name)
            .filter(|refresher| refresher.source.is_followed_like(&issuer.keys))
    }
}

fn at_hand(name: &str, keys: KeySet, platform: &Platform, metrics: &Metrics) -> Arc<KeyStore> {
    metrics
        .jwks(name)
        .keys
        .set(keys.len().try_into().unwrap_or(i64::MAX));
    report_keys(name, &keys, &KeySet::default());
    Arc::new(KeyStore::fixed(keys, platform.clock.uptime()))
}

impl KeyRefresher {
    fn new(
        name: &Arc<str>,
        source: KeySource,
        origin: KeyOrigin,
        settings: RefreshSettings,
        known: Option<Arc<KeyStore>>,
        platform: &Platform,
        metrics: &Metrics,
    ) -> Self {
        let store = known.map_or_else(
            || KeyStore::refreshed(&settings),
            |known| known.continued(&settings),
        );
        let had_keys = store.snapshot().is_usable(platform.clock.moment());
        let store = Arc::new(store);
        let refresher = Refresher {
            name: name.clone(),
            store: store.clone(),
            origin,
            settings,
            clock: platform.clock.clone(),
            metrics: metrics.jwks(name),
            had_keys,
        };
        Self {
            source,
            store,
            task: tokio::spawn(refresher.run()),
        }
    }
}

impl Drop for KeyRefresher {
    fn drop(&mut self) {
        self.task.abort();
    }
}
