//! The limit on failures of one client address.
//!
//! Each failure that cost work counts: a wrong signature, a key that the issuer does not have. A
//! client address with too many of them gets no more work done, until it has waited. Whoever
//! guesses pays for it alone: a credential from the cache passes as always, also from that address.

mod client_failures;

use std::net::IpAddr;
use std::sync::Arc;

pub use client_failures::ClientFailures;

use crate::config::TrustedProxies;
use crate::domain::{CostLimit, Denial, ForwardedRequest, Moment};
use crate::telemetry::RateLimitCounters;
use client_failures::ClientKey;

/// Limits how often one client address may fail.
pub struct FailureLimiter {
    failures: Arc<ClientFailures>,
    proxies: TrustedProxies,
    counters: Arc<RateLimitCounters>,
}

impl FailureLimiter {
    /// Creates a limiter that counts in `failures`. An address of `proxies` is no client: the one
    /// to its left is.
    pub const fn new(
        failures: Arc<ClientFailures>,
        proxies: TrustedProxies,
        counters: Arc<RateLimitCounters>,
    ) -> Self {
        Self {
            failures,
            proxies,
            counters,
        }
    }

    /// Counts a denial of this request, if it took work to find it. A refusal by this limit took
    /// none, so waiting is never prolonged by asking.
    pub(super) fn count(&self, denial: &Denial, request: &ForwardedRequest<'_>, now: Moment) {
        if denial.cost_work()
            && let Some(client) = self.client_key(request)
        {
            self.failures.count(client, now.uptime);
        }
    }

    fn client_key(&self, request: &ForwardedRequest<'_>) -> Option<ClientKey> {
        self.client(request).map(ClientKey::of)
    }
}

impl CostLimit for FailureLimiter {
    fn check(&self, request: &ForwardedRequest<'_>, now: Moment) -> Result<(), Denial> {
        let Some(client) = self.client_key(request) else {
            // One bucket for all whose address is unknown would let one of them lock out the rest.
            self.counters.count_unknown_address(now.uptime);
            return Ok(());
        };
        let wait = self.failures.wait(client, now.uptime);
        if wait.is_zero() {
            return Ok(());
        }
        self.counters.count_refusal();
        Err(Denial::rate_limited(wait))
    }

    fn client(&self, request: &ForwardedRequest<'_>) -> Option<IpAddr> {
        request.client_address(|address| self.proxies.contains(address))
    }
}
