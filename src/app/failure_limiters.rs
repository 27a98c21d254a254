//! The limit on failures, across changes of the configuration.

use std::sync::Arc;

use crate::config::{FailureLimit, FailureLimitSettings};
use crate::gate::{ClientFailures, FailureLimiter};
use crate::telemetry::RateLimitCounters;

/// Makes the limiter of each configuration. The failures that were counted are kept while the limit
/// stays equal: a reload must not let a client that guesses start again from zero.
pub(super) struct FailureLimiters {
    counters: Arc<RateLimitCounters>,
    counted: Option<(FailureLimit, Arc<ClientFailures>)>,
}

impl FailureLimiters {
    pub(super) const fn new(counters: Arc<RateLimitCounters>) -> Self {
        Self {
            counters,
            counted: None,
        }
    }

    /// Returns the limiter for these settings; `None` if failures are not limited.
    pub(super) fn limiter(
        &mut self,
        settings: Option<FailureLimitSettings>,
    ) -> Option<FailureLimiter> {
        let counted = self.counted.take();
        let FailureLimitSettings { limit, proxies, .. } = settings?;
        let failures = counted
            .filter(|(counted_for, _)| *counted_for == limit)
            .map_or_else(|| Arc::new(ClientFailures::new(limit)), |(_, kept)| kept);
        self.counted = Some((limit, failures.clone()));
        Some(FailureLimiter::new(
            failures,
            proxies,
            self.counters.clone(),
        ))
    }
}
