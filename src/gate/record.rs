//! What was learned on the way to a decision.

use crate::authenticators::TokenDigest;
use crate::domain::{Denial, IssuerIndex, Reason, RouteIndex, Uptime};
use crate::policy::Permit;
use crate::telemetry::{CacheUse, Outcome};

/// What was learned on the way to a decision; it has no say in it.
#[derive(Debug, Default)]
pub struct DecisionRecord {
    /// Whether anybody is told of it, in a log or a trace.
    pub is_told: bool,
    /// When it began, if it has.
    pub began: Option<Uptime>,
    /// The digest of the token, if the cache or whoever is told of the decision needs it.
    pub digest: Option<TokenDigest>,
    /// The route, if one was selected.
    pub route: Option<RouteIndex>,
    /// The issuer of the token, as soon as it is known.
    pub issuer: Option<IssuerIndex>,
    /// What the token cache had to do with it.
    pub cache: CacheUse,
    /// Why the request would have been denied, on a route that only reports it.
    pub reported: Option<Reason>,
    /// Whether clocks that differ would explain the denial.
    pub clock_skew_suspected: bool,
}

impl DecisionRecord {
    /// What the metrics make of this decision.
    pub fn outcome(&self, decision: &Result<Permit, Denial>) -> Outcome {
        match (decision, self.reported) {
            (Err(denial), _) => Outcome::Denied(denial.reason()),
            (Ok(_), Some(reason)) => Outcome::Reported(reason),
            (Ok(_), None) => Outcome::Allowed,
        }
    }
}
