//! Counters of the limit on failures.

use prometheus::{IntCounter, IntCounterVec};

use super::metrics_reference as declared;
use super::registry::counters;
use super::throttle::Throttle;
use crate::domain::Uptime;

/// Counts what the limit on failures did.
pub struct RateLimitCounters {
    refused: IntCounter,
    no_address: IntCounter,
    warnings: Throttle,
}

impl RateLimitCounters {
    /// Creates the counters at zero, so that an alert sees the first event.
    pub(super) fn new(family: &IntCounterVec) -> Self {
        Self {
            refused: family.with_label_values(&["refused"]),
            no_address: family.with_label_values(&["no_address"]),
            warnings: Throttle::new(),
        }
    }

    /// Creates counters that are not shown anywhere.
    pub fn unregistered() -> Result<Self, prometheus::Error> {
        Ok(Self::new(&counters(&declared::RATE_LIMITED)?))
    }

    /// Counts a request that was refused.
    pub fn count_refusal(&self) {
        self.refused.inc();
    }

    /// Counts a request that is not limited because the address of its client is unknown, and logs
    /// one warning per minute.
    pub fn count_unknown_address(&self, now: Uptime) {
        self.no_address.inc();
        if let Some(left_out) = self.warnings.pass(now) {
            tracing::warn!(
                hint = "have the proxy send the address of its client; `doorward config proxy` prints its lines; name \
                        load balancers in front of it in `failure_limit_proxies`",
                left_out = Some(left_out).filter(|number| *number > 0),
                "failures are not limited: a proxy does not send the address of its client"
            );
        }
    }
}
