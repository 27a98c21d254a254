//! Builds the parts of the service from a configuration.

use std::io;
use std::sync::Arc;

use super::certificates::Certificates;
use super::credential_lists::CredentialLists;
use super::failure_limiters::FailureLimiters;
use super::introspectors::{CallSettings, IntrospectionClients, Introspectors, NewIntrospectors};
use super::key_refreshers::{Fetchers, KeyRefreshers};
use super::platform::Platform;
use super::prepared_configuration::PreparedConfiguration;
use super::shared_clients::SharedClients;
use super::spans::spans;
use super::start_error::StartError;
use super::user_directory::{CheckedDirectory, ReadyDirectory, UserDirectory};
use crate::authenticators::opaque::AskedIssuers;
use crate::authenticators::{Authenticators, Listed, TokenCache};
use crate::config::{CacheSettings, Configuration, IssuerSettings, ListedSettings, Logging};
use crate::directory::Directory;
use crate::gate::{DecisionService, Gate};
use crate::http::{AdminAccess, CurrentTls, Lifecycle, Responder, ServiceSnapshot};
use crate::issuers::Issuers;
use crate::outbound::dependency::Dependency;
use crate::platform::LowPriorityThread;
use crate::policy::{ClaimHeaders, Policy, UnreachedRoute};
use crate::telemetry::{AccessLogger, Metrics, Spans};

/// The maximum number of unreached routes that are named in warnings. Where routes are selected by
/// name, all but one may be unreached.
pub const MAX_UNREACHED: usize = 20;

/// Clients that a new configuration needs and that were created beforehand, because that reads from
/// the disk or waits for the database. HTTP clients that are missing are created when the
/// configuration is built.
#[derive(Default)]
pub(super) struct NewClients {
    /// Those that fetch keys.
    pub(super) fetchers: Fetchers,
    /// Those that ask issuers about tokens.
    pub(super) introspection: IntrospectionClients,
    /// The user directory, whose query was checked.
    pub(super) directory: ReadyDirectory,
}

/// Resources that are created once, however often the configuration changes.
pub(super) struct SharedResources {
    pub(super) platform: Platform,
    pub(super) metrics: Arc<Metrics>,
    pub(super) lifecycle: Arc<Lifecycle>,
    pub(super) spans: Option<Arc<Spans>>,
    pub(super) refreshers: KeyRefreshers,
    pub(super) credential_lists: CredentialLists,
    pub(super) introspectors: Introspectors,
    pub(super) certificates: Option<Certificates>,
    pub(super) failure_limiters: FailureLimiters,
    pub(super) background: LowPriorityThread,
    pub(super) clients: SharedClients,
    pub(super) directory: UserDirectory,
}

/// The sources of what is known about credentials and users.
struct Sources {
    issuers: Issuers,
    listed: Listed,
    asked: AskedIssuers,
    directory: Directory,
}

impl Sources {
    /// Returns the services that decisions wait for.
    fn dependencies(&self) -> Vec<Arc<Dependency>> {
        let introspection = self.asked.iter().filter_map(|own| own.dependency());
        let database = self.directory.database();
        let directory = database.and_then(|database| database.dependency());
        introspection.chain(directory).cloned().collect()
    }
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
            failure_limiters: FailureLimiters::new(metrics.rate_limited.clone()),
            platform: platform.clone(),
            metrics,
            lifecycle: Arc::default(),
            spans,
            refreshers: KeyRefreshers::default(),
            credential_lists: CredentialLists::default(),
            introspectors: Introspectors::default(),
            certificates,
            background: LowPriorityThread::default(),
            clients: SharedClients::default(),
            directory: UserDirectory::default(),
        })
    }

    /// Returns the certificates that the verify listener shows, or `None` if it serves without
    /// TLS.
    pub(super) fn tls(&self) -> Option<Arc<CurrentTls>> {
        self.certificates
            .as_ref()
            .map(|certificates| certificates.current.clone())
    }

    /// Creates the user directory of a configuration, whose query is checked meanwhile.
    ///
    /// Fails if its threads cannot be started.
    pub(super) fn prepare_directory(
        &mut self,
        configuration: &Configuration,
    ) -> io::Result<Option<CheckedDirectory>> {
        let clients = &mut self.clients;
        self.directory.prepare(
            configuration,
            || clients.runtime(),
            &self.platform,
            &self.metrics,
        )
    }

    /// Builds the snapshot of a configuration. Its cache is empty: a token that was verified under
    /// another configuration has to be verified again.
    ///
    /// Clients that are needed and missing from `clients` are created here, which blocks the
    /// thread.
    ///
    /// Fails with [`StartError`] if an HTTP client cannot be built.
    pub(super) fn build(
        &mut self,
        prepared: PreparedConfiguration,
        clients: NewClients,
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
        let calls = call_settings(&configuration);
        let Configuration {
            server,
            admin,
            tls,
            proxy,
            failure_limit,
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
        let sources = self.sources(issuers, listed, calls, clients)?;
        let dependencies = sources.dependencies();
        if let (Some(certificates), Some(tls)) = (&self.certificates, tls) {
            certificates.replace(tls);
        }
        let gate = Gate {
            limiter: self.failure_limiters.limiter(failure_limit),
            ..self.gate(policy, sources, claim_headers, &tokens.cache)
        };
        let decisions = DecisionService {
            gate,
            metrics: self.metrics.clone(),
            decisions: self.metrics.decision_counters(issuer_names, route_names),
            access_log: self.access_log(logging),
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
            dependencies,
            explains_to_all: server.explain,
        })
    }

    fn access_log(&self, logging: Logging) -> AccessLogger {
        let (log, format) = (self.platform.log.clone(), self.platform.log_format);
        AccessLogger::new(log, logging.access_log, logging.access_log_fields, format)
    }

    /// Starts, keeps and ends what these issuers and the directory need, and returns it.
    fn sources(
        &mut self,
        issuers: Vec<IssuerSettings>,
        listed: ListedSettings,
        calls: CallSettings,
        clients: NewClients,
    ) -> Result<Sources, StartError> {
        // What can fail comes first: a configuration that fails must not harm the active one.
        let asked = self.introspectors.prepare(
            &issuers,
            NewIntrospectors {
                clients: clients.introspection,
                settings: calls,
                platform: &self.platform,
                metrics: &self.metrics,
                runtime: &mut self.clients,
            },
        )?;
        let issuer_count = issuers.len();
        let issuers =
            self.refreshers
                .reconcile(issuers, clients.fetchers, &self.platform, &self.metrics)?;
        let asked = self.introspectors.activate(asked, &self.metrics);
        let listed =
            self.credential_lists
                .replace(listed, issuer_count, &self.platform, &self.metrics);
        let directory = self.directory.activate(clients.directory, &self.metrics);
        Ok(Sources {
            issuers,
            listed,
            asked,
            directory,
        })
    }

    /// Creates a gate with an empty cache and no limit.
    fn gate(
        &self,
        policy: Policy,
        sources: Sources,
        claim_headers: ClaimHeaders,
        cache: &CacheSettings,
    ) -> Gate {
        let evictions = self.metrics.cache_evictions.clone();
        let cache = TokenCache::new(cache, policy.has_conditions(), evictions);
        let Sources {
            issuers,
            listed,
            asked,
            directory,
        } = sources;
        Gate {
            clock: self.platform.clock.clone(),
            policy,
            authenticators: Authenticators {
                issuers,
                asked,
                listed,
                claim_headers,
                cache,
            },
            directory,
            limiter: None,
        }
    }
}

/// Returns the settings that concern all calls to issuers.
pub(super) const fn call_settings(configuration: &Configuration) -> CallSettings {
    CallSettings {
        wait: configuration.dependency_wait,
        keeps_active: configuration.tokens.cache.capacity > 0,
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
