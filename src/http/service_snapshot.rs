//! The part of the service that changes with the configuration.

use std::sync::Arc;

use super::admin::AdminAccess;
use super::verify::{Dialect, Responder};
use crate::config::Readiness;
use crate::gate::DecisionService;
use crate::outbound::dependency::Dependency;

/// Everything that depends on one reading of the configuration. A request uses one snapshot from
/// its beginning to its end.
pub struct ServiceSnapshot {
    /// The number of the configuration, counted from 1.
    pub number: u64,
    /// The service that decides, counts and logs.
    pub decisions: Arc<DecisionService>,
    /// The responder that turns decisions into responses.
    pub responder: Responder,
    /// The dialect of requests to the plain `/verify`.
    pub dialect: Dialect,
    /// The name of that dialect in the settings.
    pub proxy: &'static str,
    /// The condition on which the service reports that it is ready.
    pub readiness: Readiness,
    /// The access rules of the admin listener.
    pub admin: AdminAccess,
    /// The services that decisions depend on.
    pub dependencies: Vec<Arc<Dependency>>,
    /// `true` if decisions are explained to peers at other addresses than loopback as well.
    pub explains_to_all: bool,
}
