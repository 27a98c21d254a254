//! A configuration with what takes long to build from it.

use std::sync::Arc;

use crate::config::{Configuration, ListedIndices, ProxySettings, TokenSettings};
use crate::policy::{AcceptedSchemes, Policy, RouteTable, Rules, UnreachedRoute};
use crate::proxy_files::warnings;
use crate::response::{ChallengeSchemes, DenialResponses};

/// A configuration, with everything built from it that takes long for many routes and needs no
/// shared resources.
pub(super) struct PreparedConfiguration {
    /// The configuration without its routes.
    pub(super) configuration: Configuration,
    pub(super) policy: Policy,
    pub(super) denials: DenialResponses,
    pub(super) route_names: Vec<Arc<str>>,
    pub(super) unreached: Vec<UnreachedRoute>,
    pub(super) warnings: Vec<String>,
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

/// Returns the schemes that the rules take in general, and those of routes that take others than
/// tokens.
pub(super) fn accepted_schemes(
    issuers: usize,
    indices: ListedIndices,
    policy: &Policy,
) -> ChallengeSchemes {
    let has_others = issuers > 0 || indices.api_keys.is_some();
    let schemes = |rules: &Rules| rules.accepted_schemes(indices.passwords, has_others);
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
