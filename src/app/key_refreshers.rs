//! Tasks that refresh keys, kept across changes of the configuration.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::task::JoinHandle;

use super::platform::Platform;
use super::start_error::StartError;
use crate::config::{IssuerSettings, KeySource, RefreshSettings, RemoteKeys};
use crate::domain::IssuerIndex;
use crate::issuers::{
    Issuer, IssuerDescription, Issuers, KeyFetcher, KeyOrigin, KeyStore, Refresher, report_keys,
};
use crate::jose::KeySet;
use crate::outbound::Egress;
use crate::policy::IssuerProfile;
use crate::telemetry::Metrics;

/// The tasks that refresh keys, by the names of their issuers. Dropping it ends the tasks.
#[derive(Default)]
pub(super) struct KeyRefreshers {
    by_name: HashMap<String, KeyRefresher>,
    /// The names of all issuers, including those whose keys are not refreshed.
    names: Vec<String>,
}

/// The task that refreshes the keys of one issuer, and the store that it fills.
struct KeyRefresher {
    source: KeySource,
    store: Arc<KeyStore>,
    task: JoinHandle<()>,
}

/// The parts from which the task of one issuer is started.
struct RefresherStart {
    name: Arc<str>,
    source: KeySource,
    origin: KeyOrigin,
    settings: RefreshSettings,
    /// The store of the former task, if its keys may still be used.
    known: Option<Arc<KeyStore>>,
}

/// The origin of an issuer's keys under a new configuration.
enum KeySupply {
    /// The keys are part of the configuration.
    Fixed(KeySet),
    /// The running task and its store continue unchanged.
    Unchanged(Arc<KeyStore>),
    /// A new task fetches the keys from this origin. Until it has, the keys of the former store
    /// stay valid, if there is one.
    Fetched(KeyOrigin, RefreshSettings, Option<Arc<KeyStore>>),
}

/// Key fetchers by the names of their issuers.
pub(super) type Fetchers = HashMap<String, KeyFetcher>;

/// Creates a fetcher for each of these issuers. Each fetcher reads the system's certificates from
/// the disk, so this must not be called on a runtime's thread.
///
/// Fails with [`StartError::Client`] if an HTTP client cannot be built.
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
    /// Returns the issuers for which [`reconcile`](Self::reconcile) needs a new fetcher.
    pub(super) fn wanted(&self, issuers: &[IssuerSettings]) -> Vec<(String, RemoteKeys)> {
        let wanted = issuers
            .iter()
            .filter(|issuer| self.unchanged(issuer).is_none())
            .filter_map(|issuer| match &issuer.keys {
                KeySource::Remote(remote) => Some((issuer.name.clone(), remote.clone())),
                KeySource::File(_) | KeySource::Fixed { .. } | KeySource::Unneeded(_) => None,
            });
        wanted.collect()
    }

    /// Starts, keeps and ends tasks as these settings require, and returns the issuers with their
    /// keys.
    ///
    /// An issuer whose keys come from the same origin as before keeps them: no request has to wait
    /// for keys that are already there, and an issuer that is down stays trusted. It keeps its task
    /// as well, unless the settings of the refresh have changed.
    pub(super) fn reconcile(
        &mut self,
        settings: Vec<IssuerSettings>,
        mut fetchers: Fetchers,
        platform: &Platform,
        metrics: &Metrics,
    ) -> Result<Issuers, StartError> {
        // Everything that can fail comes first: a configuration that fails must not harm the active
        // one.
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
            let needs_keys = settings.keys.are_needed();
            let description = IssuerDescription::new(&settings, &platform.egress);
            let former = before.remove(&settings.name);
            let keys = match supply {
                KeySupply::Fixed(keys) => fixed_store(&name, keys, platform, metrics),
                KeySupply::Unchanged(store) => {
                    self.by_name
                        .extend(former.map(|refresher| (settings.name, refresher)));
                    store
                }
                KeySupply::Fetched(origin, refresh, known) => {
                    let refresher = RefresherStart {
                        name: name.clone(),
                        source: settings.keys,
                        origin,
                        settings: refresh,
                        known,
                    };
                    let refresher = refresher.start(platform, metrics);
                    let store = refresher.store.clone();
                    self.by_name.insert(settings.name, refresher);
                    store
                }
            };
            let profile = IssuerProfile::new(
                IssuerIndex::new(position),
                name,
                settings.expectations,
                settings.required_scopes,
            );
            issuers.push((
                settings.accepted,
                Issuer {
                    profile: profile.into(),
                    algorithms,
                    keys,
                    needs_keys,
                    description,
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
            return Ok(KeySupply::Unchanged(refresher.store.clone()));
        }
        let before = self.by_name.get(&issuer.name);
        let known = before
            .filter(|refresher| refresher.source.has_keys_of(&issuer.keys))
            .map(|refresher| refresher.store.clone());
        Ok(match &issuer.keys {
            KeySource::Fixed { keys, .. } => KeySupply::Fixed(keys.clone()),
            KeySource::Unneeded(_) => KeySupply::Fixed(KeySet::default()),
            KeySource::File(file) => {
                KeySupply::Fetched(KeyOrigin::File(file.clone()), file.refresh, known)
            }
            KeySource::Remote(remote) => {
                let prepared = fetchers.remove(&issuer.name).map(Ok);
                let create = || fetcher(issuer.name.clone(), remote.clone(), &platform.egress);
                let fetcher = prepared.unwrap_or_else(create)?;
                KeySupply::Fetched(KeyOrigin::Remote(fetcher.into()), remote.refresh, known)
            }
        })
    }

    /// Returns the issuer's refresher if it can continue unchanged.
    fn unchanged(&self, issuer: &IssuerSettings) -> Option<&KeyRefresher> {
        self.by_name
            .get(&issuer.name)
            .filter(|refresher| refresher.source.has_same_refresh_as(&issuer.keys))
    }
}

fn fixed_store(name: &str, keys: KeySet, platform: &Platform, metrics: &Metrics) -> Arc<KeyStore> {
    metrics
        .jwks(name)
        .keys
        .set(keys.len().try_into().unwrap_or(i64::MAX));
    report_keys(name, &keys, &KeySet::default());
    Arc::new(KeyStore::fixed(keys, platform.clock.clone()))
}

impl RefresherStart {
    /// Starts the task.
    fn start(self, platform: &Platform, metrics: &Metrics) -> KeyRefresher {
        let Self {
            name,
            source,
            origin,
            settings,
            known,
        } = self;
        let store = known.map_or_else(
            || KeyStore::refreshed(&settings, platform.clock.clone()),
            |known| known.continued(&settings),
        );
        let had_keys = store.snapshot().is_usable(platform.clock.moment());
        let store = Arc::new(store);
        let refresher = Refresher {
            metrics: metrics.jwks(&name),
            name,
            store: store.clone(),
            origin,
            settings,
            clock: platform.clock.clone(),
            had_keys,
        };
        KeyRefresher {
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
