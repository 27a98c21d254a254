//! Builds the parts of the service from a configuration.

use std::io;
use std::sync::Arc;

use super::certificates::Certificates;
use super::credential_lists::CredentialLists;
use super::key_refreshers::{Fetchers, KeyRefreshers};
use super::platform::Platform;
use super::spans::spans;
use super::start_error::StartError;
use crate::authenticators::{Authenticators, Listed, TokenCache};
use crate::config::{CacheSettings, Configuration, ListedIndices, ProxySettings, TokenSettings};
use crate::gate::{DecisionService, Gate};
use crate::http::{AdminAccess, CurrentTls, Lifecycle, Responder, ServiceSnapshot};
use crate::issuers::Issuers;
use crate::platform::LowPriorityThread;
use crate::policy::{AcceptedSchemes, ClaimHeaders, Policy, RouteTable, Rules, UnreachedRoute};
use crate::proxy_files::warnings;
use crate::response::{ChallengeSchemes, DenialResponses};
use crate::telemetry::{AccessLogger, Metrics, Spans};

/// The maximum number of unreached routes that are named in warnings. Where routes are selected by
/// name, all but one may be unreached.
pub const MAX_UNREACHED: usize = 20;

/// A configuration, with everything built from it that takes long for many routes and needs no
/// shared resources.
pub(super) struct PreparedConfiguration {
    /// The configuration without its routes.
    pub(super) configuration: Configuration,
    pub(super) policy: Policy,
    denials: DenialResponses,
    route_names: Vec<Arc<str>>,
    unreached: Vec<UnreachedRoute>,
    warnings: Vec<String>,
}

impl PreparedConfiguration {
    pub(super) fn new(mut configuration: Configuration) -> Self {
        let warnings = warnings(&configuration);
        let routes = configuration.routes.take();
        let (routes, rest) = routes
            .map(|routes| (routes.table, (routes.answers, routes.unreached)))
            .unzip();
        let (answers, unreached) = rest.unzip();
        let route_names = routes
            .iter()
            .flat_map(RouteTable::iter)
            .map(|route| route.name.label())
            .collect();
        let policy = policy(&configuration.proxy, &configuration.tokens, routes);
        let issuers = configuration.issuers.len();
        let indices = configuration.listed.indices(issuers);
        Self {
            unreached: unreached.unwrap_or_default(),
            denials: DenialResponses::new(
                configuration.answers.clone(),
                answers.unwrap_or_default(),
                accepted_schemes(issuers, indices, &policy),
            ),
            route_names,
            policy,
            warnings,
            configuration,
        }
    }
}

/// Resources that are created once, however often the configuration changes.
pub(super) struct SharedResources {
    pub(super) platform: Platform,
    pub(super) metrics: Arc<Metrics>,
    pub(super) lifecycle: Arc<Lifecycle>,
    pub(super) spans: Option<Arc<Spans>>,
    pub(super) refreshers: KeyRefreshers,
    pub(super) credential_lists: CredentialLists,
    pub(super) certificates: Option<Certificates>,
    pub(super) background: LowPriorityThread,
}

impl SharedResources {
    /// Creates the resources of a service that starts with this configuration.
    pub(super) fn new(
        configuration: &Configuration,
        platform: &Platform,
    ) -> Result<Self, StartError> {
        let metrics = Arc::new(Metrics::new(
            configuration.logging.metrics_route_label,
            &platform.log,
        )?);
        metrics.configuration_accepted_at(platform.clock.now());
        let spans = configuration
            .traces
            .as_ref()
            .map(|traces| spans(traces, platform))
            .transpose()?;
        let certificates = configuration
            .tls
            .clone()
            .map(|tls| Certificates::new(tls, platform.clock.clone(), metrics.clone()));
        Ok(Self {
            platform: platform.clone(),
            metrics,
            lifecycle: Arc::default(),
            spans,
            refreshers: KeyRefreshers::default(),
            credential_lists: CredentialLists::default(),
            certificates,
            background: LowPriorityThread::default(),
        })
    }

    /// Returns the certificates that the verify listener shows, or `None` if it serves without
    /// TLS.
    pub(super) fn tls(&self) -> Option<Arc<CurrentTls>> {
        self.certificates
            .as_ref()
            .map(|certificates| certificates.current.clone())
    }

    /// Builds the snapshot of a configuration. Its cache is empty: a token that was verified under
    /// another configuration has to be verified again.
    ///
    /// Fetchers that are needed and missing from `fetchers` are created here, which blocks the
    /// thread.
    ///
    /// Fails with [`StartError`] if an HTTP client for keys cannot be built.
    pub(super) fn build(
        &mut self,
        prepared: PreparedConfiguration,
        fetchers: Fetchers,
        number: u64,
    ) -> Result<ServiceSnapshot, StartError> {
        let PreparedConfiguration {
            configuration,
            policy,
            denials,
            route_names,
            unreached,
            warnings,
        } = prepared;
        for warning in warnings {
            tracing::warn!("{warning}");
        }
        let issuer_names = configuration.issuer_names();
        let Configuration {
            server,
            admin,
            tls,
            proxy,
            tokens,
            claim_headers,
            logging,
            issuers,
            listed,
            ..
        } = configuration;
        let denials = Arc::new(denials);
        let responder = Responder::new(&claim_headers, denials.clone(), self.lifecycle.clone())
            .map_err(io::Error::other)?;
        let issuer_count = issuers.len();
        let issuers =
            self.refreshers
                .reconcile(issuers, fetchers, &self.platform, &self.metrics)?;
        let listed =
            self.credential_lists
                .replace(listed, issuer_count, &self.platform, &self.metrics);
        if let (Some(certificates), Some(tls)) = (&self.certificates, tls) {
            certificates.replace(tls);
        }
        let Platform {
            log, log_format, ..
        } = &self.platform;
        let decisions = DecisionService {
            gate: self.gate(policy, (issuers, listed), claim_headers, &tokens.cache),
            metrics: self.metrics.clone(),
            decisions: self.metrics.decision_counters(issuer_names, route_names),
            access_log: AccessLogger::new(
                log.clone(),
                logging.access_log,
                logging.access_log_fields,
                *log_format,
            ),
            spans: self.spans.clone(),
            trusted: proxy.trusted,
            denials,
        };
        warn_of_unreached(&unreached);
        Ok(ServiceSnapshot {
            number,
            decisions: decisions.into(),
            responder,
            dialect: proxy.dialect.into(),
            proxy: proxy.dialect.name(),
            readiness: server.readiness,
            admin: AdminAccess::new(admin),
            explains_to_all: server.explain,
        })
    }

    /// Creates a gate with an empty cache.
    fn gate(
        &self,
        policy: Policy,
        (issuers, listed): (Issuers, Listed),
        claim_headers: ClaimHeaders,
        cache: &CacheSettings,
    ) -> Gate {
        let evictions = self.metrics.cache_evictions.clone();
        let cache = TokenCache::new(cache, policy.has_conditions(), evictions);
        Gate {
            clock: self.platform.clock.clone(),
            policy,
            authenticators: Authenticators {
                issuers,
                listed,
                claim_headers,
                cache,
            },
        }
    }
}

/// Logs a warning for each route that no request reaches by matching, up to [`MAX_UNREACHED`] of
/// them, and the number of the others.
fn warn_of_unreached(unreached: &[UnreachedRoute]) {
    for route in unreached.iter().take(MAX_UNREACHED) {
        tracing::warn!("routes[{}] {route}", route.index);
    }
    if let Some(more) = unreached
        .len()
        .checked_sub(MAX_UNREACHED)
        .filter(|more| *more > 0)
    {
        tracing::warn!(more, "routes that are never reached by matching");
    }
}

/// Returns the schemes that the rules take in general, and those of routes that take others than
/// tokens.
pub(super) fn accepted_schemes(
    issuers: usize,
    indices: ListedIndices,
    policy: &Policy,
) -> ChallengeSchemes {
    let has_others = issuers > 0 || indices.api_keys.is_some();
    let schemes = |rules: &Rules| AcceptedSchemes::of(rules, indices.passwords, has_others);
    let routes = policy.routes().into_iter().flat_map(RouteTable::iter);
    ChallengeSchemes {
        general: schemes(policy.general()),
        of_routes: routes
            .map(|route| (route.index, schemes(&route.rules)))
            .filter(|(_, schemes)| *schemes != AcceptedSchemes::BEARER)
            .collect(),
    }
}

/// Returns the policy of these settings and routes.
pub(super) fn policy(
    proxy: &ProxySettings,
    tokens: &TokenSettings,
    routes: Option<RouteTable>,
) -> Policy {
    Policy::new(
        Rules::authenticated(tokens.sources.clone(), proxy.preflight),
        routes,
    )
}
