//! The limit on failures of one client address.
//!
//! Each failure that cost work counts: a wrong signature, a key that the issuer does not have. A
//! client address with too many failures gets no more such work done until some of them are
//! forgotten. A credential from the cache still passes, also from that address. Clients that share
//! the address (NAT) also share the limit.

mod client_failures;

use std::net::IpAddr;
use std::sync::Arc;

pub use client_failures::ClientFailures;

use crate::config::TrustedProxies;
use crate::domain::{CostLimit, Denial, ForwardedRequest, LimitedBy, Moment};
use crate::telemetry::RateLimitCounters;
use client_failures::{ClientKey, one_client};

/// Limits how often one client address may fail.
pub struct FailureLimiter {
    failures: Arc<ClientFailures>,
    proxies: TrustedProxies,
    counters: Arc<RateLimitCounters>,
}

impl FailureLimiter {
    /// Creates a limiter that counts in `failures`. An address of `proxies` is not that of a
    /// client: the one to its left is.
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
    fn check(&self, request: &ForwardedRequest<'_>, now: Moment) -> Result<LimitedBy, Denial> {
        let Some(client) = self.client_key(request) else {
            // With one bucket for all unknown addresses, one client could lock out the others.
            self.counters.count_unknown_address(now.uptime);
            return Ok(LimitedBy::Nothing);
        };
        let wait = self.failures.wait(client, now.uptime);
        if wait.is_zero() {
            return Ok(LimitedBy::Client);
        }
        self.counters.count_refusal();
        Err(Denial::rate_limited(wait))
    }

    fn client(&self, request: &ForwardedRequest<'_>) -> Option<IpAddr> {
        let address = request.client_address(|address| self.proxies.contains(address))?;
        Some(one_client(address))
    }
}
