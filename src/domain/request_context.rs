//! The subject of a decision.

use std::net::IpAddr;

use super::{Denial, Explain, ForwardedRequest, Moment};

/// The subject of a decision: request, time and explanation. Every stage takes it.
///
/// The fields are public. A closure that explains a stage borrows one of them while `explain` is
/// borrowed mutably, and a method would borrow all of them.
pub struct RequestContext<'a, E: Explain> {
    /// The request, as the proxy describes it.
    pub request: &'a ForwardedRequest<'a>,
    /// The time of the decision, read once.
    pub now: Moment,
    /// Limits the expensive work for this request; `None` if nothing does.
    pub cost_limit: Option<&'a dyn CostLimit>,
    /// Takes the steps of the decision.
    pub explain: &'a mut E,
}

/// Limits the expensive work that a client may cause.
pub trait CostLimit: Sync {
    /// Fails with [`Reason::RateLimited`](super::Reason::RateLimited) if no expensive work may be
    /// done for this request at this time.
    fn check(&self, request: &ForwardedRequest<'_>, now: Moment) -> Result<(), Denial>;

    /// Returns the address of the client, if the request tells it.
    fn client(&self, request: &ForwardedRequest<'_>) -> Option<IpAddr>;
}

impl<E: Explain> RequestContext<'_, E> {
    /// Returns the address of the client, if expensive work is limited and the address is known.
    /// Without a limit it is not looked at.
    pub fn client(&self) -> Option<IpAddr> {
        self.cost_limit?.client(self.request)
    }

    /// Fails with [`Reason::RateLimited`](super::Reason::RateLimited) if no expensive work may be
    /// done for this request. Call it before such work: a signature, a password's hash, a call.
    ///
    /// The limit is looked up here and not at the beginning, so that a credential from the cache
    /// pays nothing for it.
    pub fn check_cost(&mut self) -> Result<(), Denial> {
        let Some(limit) = self.cost_limit else {
            return Ok(());
        };
        let checked = limit.check(self.request, self.now);
        let found = if checked.is_ok() { "fewer" } else { "too many" };
        self.explain.outcome("failure limit", checked, || {
            ("fewer failures than failure_limit", found)
        })
    }
}
