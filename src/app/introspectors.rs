//! Introspectors, which ask issuers about tokens, across changes of the configuration.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::platform::Platform;
use super::shared_clients::SharedClients;
use super::start_error::StartError;
use crate::authenticators::opaque::{AskedIssuers, IntrospectionClient, Introspector};
use crate::config::{IntrospectionSettings, IssuerSettings};
use crate::outbound::Egress;
use crate::outbound::dependency::{CallBounds, Dependency, DependencyName};
use crate::telemetry::Metrics;

/// The introspectors, by the names of their issuers.
#[derive(Default)]
pub(super) struct Introspectors {
    by_name: HashMap<String, (Arc<Introspector>, CallSettings)>,
}

/// The introspectors of a new configuration, in the order of its issuers.
pub(super) struct PreparedIntrospectors {
    in_order: Vec<(String, Option<Arc<Introspector>>)>,
    settings: CallSettings,
}

/// The settings of the service that concern all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CallSettings {
    /// The time that a request waits.
    pub(super) wait: Duration,
    /// Says that active tokens may be kept.
    pub(super) keeps_active: bool,
}

/// Clients that ask issuers, by the names of the issuers.
pub(super) type IntrospectionClients = HashMap<String, IntrospectionClient>;

/// Creates a client for each of these issuers. Each reads the system's certificates from the disk,
/// so this must not be called on a runtime's thread.
///
/// Fails with [`StartError::Introspection`] if a client cannot be built.
pub(super) fn introspection_clients(
    wanted: Vec<(String, IntrospectionSettings)>,
    egress: &Egress,
) -> Result<IntrospectionClients, StartError> {
    wanted
        .into_iter()
        .map(|(issuer, settings)| Ok((issuer.clone(), client(issuer, settings, egress)?)))
        .collect()
}

fn client(
    issuer: String,
    settings: IntrospectionSettings,
    egress: &Egress,
) -> Result<IntrospectionClient, StartError> {
    IntrospectionClient::new(&issuer, settings, egress.clone())
        .map_err(|error| StartError::Introspection { issuer, error })
}

/// The parts of a new configuration from which introspectors are made.
pub(super) struct NewIntrospectors<'a> {
    /// Clients that were created before.
    pub(super) clients: IntrospectionClients,
    /// The settings of the service.
    pub(super) settings: CallSettings,
    /// The clock and the network.
    pub(super) platform: &'a Platform,
    /// The metrics.
    pub(super) metrics: &'a Metrics,
    /// The runtime of calls.
    pub(super) runtime: &'a mut SharedClients,
}

impl Introspectors {
    /// Returns the issuers for which [`prepare`](Self::prepare) needs a new client.
    pub(super) fn wanted(
        &self,
        issuers: &[IssuerSettings],
        settings: CallSettings,
    ) -> Vec<(String, IntrospectionSettings)> {
        let asked = issuers.iter().filter_map(|issuer| {
            let own = issuer.introspection.as_ref()?;
            let is_new = self.unchanged(&issuer.name, own, settings).is_none();
            is_new.then(|| (issuer.name.clone(), own.clone()))
        });
        asked.collect()
    }

    /// Creates the introspectors that these issuers need. An issuer with unchanged settings keeps
    /// its introspector and the answers in it: otherwise all of its tokens would be asked about at
    /// once. Nothing is replaced before [`activate`](Self::activate).
    ///
    /// Fails with [`StartError`] if a client cannot be built or no thread can be started.
    pub(super) fn prepare(
        &self,
        issuers: &[IssuerSettings],
        mut new: NewIntrospectors<'_>,
    ) -> Result<PreparedIntrospectors, StartError> {
        let mut in_order = Vec::with_capacity(issuers.len());
        for issuer in issuers {
            let own = match &issuer.introspection {
                None => None,
                Some(settings) => {
                    Some(match self.unchanged(&issuer.name, settings, new.settings) {
                        Some(known) => known.clone(),
                        None => new.introspector(&issuer.name, settings)?,
                    })
                }
            };
            in_order.push((issuer.name.clone(), own));
        }
        Ok(PreparedIntrospectors {
            in_order,
            settings: new.settings,
        })
    }

    /// Replaces the introspectors by these, and returns them.
    pub(super) fn activate(
        &mut self,
        prepared: PreparedIntrospectors,
        metrics: &Metrics,
    ) -> AskedIssuers {
        let PreparedIntrospectors { in_order, settings } = prepared;
        let by_name = in_order
            .iter()
            .filter_map(|(name, own)| Some((name.clone(), (own.clone()?, settings))))
            .collect();
        for name in std::mem::replace(&mut self.by_name, by_name).keys() {
            if !self.by_name.contains_key(name) {
                let dependency = DependencyName::Introspection.label();
                metrics.forget_dependency(dependency, Some(name));
            }
        }
        AskedIssuers::new(in_order.into_iter().map(|(_, own)| own))
    }

    fn unchanged(
        &self,
        name: &str,
        settings: &IntrospectionSettings,
        service: CallSettings,
    ) -> Option<&Arc<Introspector>> {
        let (introspector, made_for) = self.by_name.get(name)?;
        (introspector.settings() == settings && *made_for == service).then_some(introspector)
    }
}

impl NewIntrospectors<'_> {
    fn introspector(
        &mut self,
        name: &str,
        settings: &IntrospectionSettings,
    ) -> Result<Arc<Introspector>, StartError> {
        let client = match self.clients.remove(name) {
            Some(prepared) => prepared,
            None => client(name.to_owned(), settings.clone(), &self.platform.egress)?,
        };
        let label = DependencyName::Introspection.label();
        let metrics = self.metrics.dependency(label, Some(name));
        // A breaker that was open under other settings is closed now.
        metrics.breaker_open.set(0);
        let runtime = self.runtime.runtime()?;
        let bounds = CallBounds {
            max_in_flight: settings.max_in_flight,
            timeout: settings.timeout,
            wait: self.settings.wait,
        };
        let dependency = Dependency::new(
            metrics,
            (DependencyName::Introspection, Some(name.into())),
            bounds,
            runtime.clone(),
            self.platform.clock.clone(),
        );
        let keeps_active = self.settings.keeps_active;
        let introspector =
            Introspector::shared(client, Arc::new(dependency), runtime, keeps_active);
        introspector.prepare(self.platform.clock.moment());
        Ok(Arc::new(introspector))
    }
}
