//! From settings to the parts that judge.

use std::sync::Arc;

use prometheus::IntCounter;

use super::{StartError, Surroundings};
use crate::config::{Configuration, IssuerSettings, KeySource, ProxySettings, RefreshSettings, TokenSettings};
use crate::domain::Clock;
use crate::gate::{Gate, TokenCache, Verifier};
use crate::issuers::{Issuer, Issuers, KeyFetcher, KeyOrigin, KeyStore, Refresher, report_keys};
use crate::jose::KeySet;
use crate::policy::{Policy, RouteTable, Rules};
use crate::telemetry::Metrics;

/// The gate of a configuration whose keys are all at hand, and nothing around it: it judges as the service does, without
/// sockets, logs and metrics. Nothing if there are keys to be fetched.
pub fn offline_gate(configuration: Configuration, clock: Arc<dyn Clock>) -> Option<Gate> {
    let mut issuers = Vec::new();
    for (position, settings) in configuration.issuers.into_iter().enumerate() {
        let (keys, algorithms) = match settings.keys {
            KeySource::Fixed { keys, algorithms } => (keys, algorithms),
            KeySource::File(file) => (file.read().ok()?, file.algorithms),
            KeySource::Remote(_) => return None,
        };
        let issuer = Issuer {
            name: settings.name.into(),
            position,
            algorithms,
            expectations: settings.expectations,
            required_scopes: settings.required_scopes,
            keys: Arc::new(KeyStore::fixed(keys, clock.now())),
        };
        issuers.push((settings.issuer, issuer));
    }
    let policy = policy(&configuration.proxy, &configuration.tokens, configuration.routes.map(|routes| routes.table));
    let evictions = IntCounter::new("evictions", "Counted and never shown.").ok()?;
    let cache = TokenCache::new(&configuration.tokens.cache, evictions);
    let verifier = Verifier { issuers: Issuers::new(issuers), claim_headers: configuration.claim_headers, cache };
    Some(Gate { clock, policy, verifier })
}

/// Which rules hold for which requests.
pub(super) fn policy(proxy: &ProxySettings, tokens: &TokenSettings, routes: Option<RouteTable>) -> Policy {
    Policy::new(Rules::authenticated(tokens.sources.clone(), proxy.preflight), routes)
}

/// The issuers of these settings, and what keeps their keys fresh.
pub(super) fn issuers(
    settings: Vec<IssuerSettings>,
    surroundings: &Surroundings,
    metrics: &Metrics,
) -> Result<(Issuers, Vec<Refresher>), StartError> {
    let mut refreshers = Vec::new();
    let mut issuers = Vec::new();
    for (position, settings) in settings.into_iter().enumerate() {
        let name: Arc<str> = settings.name.as_str().into();
        let mut refreshed = |origin: KeyOrigin, refresh: RefreshSettings| {
            let store = Arc::new(KeyStore::refreshed(&refresh));
            refreshers.extend(metrics.jwks(position).map(|metrics| Refresher {
                name: name.clone(),
                store: store.clone(),
                origin,
                settings: refresh,
                clock: surroundings.clock.clone(),
                metrics,
                had_keys: false,
            }));
            store
        };
        let (keys, algorithms) = match settings.keys {
            KeySource::Fixed { keys, algorithms } => {
                if let Some(measured) = metrics.jwks(position) {
                    measured.keys.set(keys.len().try_into().unwrap_or(i64::MAX));
                }
                report_keys(&name, &keys, &KeySet::default());
                (Arc::new(KeyStore::fixed(keys, surroundings.clock.now())), algorithms)
            }
            KeySource::File(file) => {
                let (refresh, algorithms) = (file.refresh, file.algorithms.clone());
                (refreshed(KeyOrigin::File(file), refresh), algorithms)
            }
            KeySource::Remote(remote) => {
                let (refresh, algorithms) = (remote.refresh, remote.algorithms.clone());
                let fetcher = KeyFetcher::new(remote, surroundings.egress.clone())
                    .map_err(|error| StartError::Client { issuer: settings.name.clone(), error })?;
                (refreshed(KeyOrigin::Remote(fetcher.into()), refresh), algorithms)
            }
        };
        let issuer = Issuer {
            name,
            position,
            algorithms,
            expectations: settings.expectations,
            required_scopes: settings.required_scopes,
            keys,
        };
        issuers.push((settings.issuer, issuer));
    }
    Ok((Issuers::new(issuers), refreshers))
}
