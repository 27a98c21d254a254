//! The record of a decision for the log and the metrics.

use std::sync::Arc;

use crate::authenticators::AuthenticationRecord;
use crate::domain::{Denial, RouteIndex, Uptime};
use crate::policy::{Permit, Principal};
use crate::telemetry::Outcome;

/// The record of a decision for the log and the metrics. No decision depends on it, except on what
/// [`AuthenticationRecord`] says of itself.
#[derive(Debug, Default)]
pub struct DecisionRecord {
    /// `true` if the log shows claims.
    pub keeps_principal: bool,
    /// The principal of the credential, if it was verified and the log shows claims.
    pub principal: Option<Arc<Principal>>,
    /// The time at which the decision began, if it has.
    pub began: Option<Uptime>,
    /// The route, if one was selected.
    pub route: Option<RouteIndex>,
    /// The record of authenticating the credential.
    pub authentication: AuthenticationRecord,
    /// `true` if clocks which differ would explain the denial.
    pub clock_skew_suspected: bool,
}

impl DecisionRecord {
    /// Returns what the metrics count for this decision.
    pub fn outcome(decision: &Result<Permit, Denial>) -> Outcome {
        match decision {
            Err(denial) => Outcome::Denied(denial.reason()),
            Ok(permit) => permit
                .reported()
                .map_or(Outcome::Allowed, Outcome::Reported),
        }
    }
}
