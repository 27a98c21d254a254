//! Everything that one reading of the configuration decides about answers.

use std::sync::Arc;

use super::admin::AdminAccess;
use super::verify::{Dialect, Responder};
use crate::config::Readiness;
use crate::gate::DecisionService;

/// Everything that one reading of the configuration decides about answers. A request keeps to the
/// one that it began with.
pub struct ServiceSnapshot {
    /// Its number, counted from 1.
    pub number: u64,
    /// Decides, counts and writes down.
    pub decisions: Arc<DecisionService>,
    /// Answers.
    pub responder: Responder,
    /// How the plain `/verify` is understood.
    pub dialect: Dialect,
    /// When the service calls itself ready.
    pub readiness: Readiness,
    /// Who may ask the admin listener.
    pub admin: AdminAccess,
    /// Whether it explains decisions to peers at other addresses than loopback.
    pub explains_to_all: bool,
}
