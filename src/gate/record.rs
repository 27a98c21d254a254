//! What a decision leaves for the log and the metrics.

use crate::authenticators::AuthenticationRecord;
use crate::domain::{Denial, Reason, RouteIndex, Uptime};
use crate::policy::Permit;
use crate::telemetry::Outcome;

/// What a decision leaves for the log and the metrics. No decision reads it.
#[derive(Debug, Default)]
pub struct DecisionRecord {
    /// When the decision began, if it has.
    pub began: Option<Uptime>,
    /// The route, if one was selected.
    pub route: Option<RouteIndex>,
    /// What authenticating the credential left.
    pub authentication: AuthenticationRecord,
    /// Why the request would have been denied, on a route that only reports denials.
    pub reported: Option<Reason>,
    /// Says that clocks which differ would explain the denial.
    pub clock_skew_suspected: bool,
}

impl DecisionRecord {
    /// Returns what the metrics count for this decision.
    pub fn outcome(&self, decision: &Result<Permit, Denial>) -> Outcome {
        match (decision, self.reported) {
            (Err(denial), _) => Outcome::Denied(denial.reason()),
            (Ok(_), Some(reason)) => Outcome::Reported(reason),
            (Ok(_), None) => Outcome::Allowed,
        }
    }
}
