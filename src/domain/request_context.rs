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
    /// Returns what limits this request, so far in vain.
    ///
    /// Fails with [`Reason::RateLimited`](super::Reason::RateLimited) if no expensive work may be
    /// done for it at this time.
    fn check(&self, request: &ForwardedRequest<'_>, now: Moment) -> Result<LimitedBy, Denial>;

    /// Returns the address of the client, if the request tells it.
    fn client(&self, request: &ForwardedRequest<'_>) -> Option<IpAddr>;

    /// Returns what counts a failure of this request after the request has ended, if the address of
    /// its client is known.
    fn late_failure(&self, request: &ForwardedRequest<'_>, now: Moment) -> Option<LateFailure>;
}

/// Counts a failure of a client that did not wait for the outcome.
pub struct LateFailure(Box<dyn FnOnce() + Send>);

impl LateFailure {
    /// Wraps a function that counts the failure.
    pub fn new(count: impl FnOnce() + Send + 'static) -> Self {
        Self(Box::new(count))
    }

    /// Counts the failure.
    pub fn count(self) {
        (self.0)();
    }
}

/// The limit that applies to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitedBy {
    /// The failures of its client.
    Client,
    /// Nothing: its client is not known.
    Nothing,
}

impl<E: Explain> RequestContext<'_, E> {
    /// Returns the address of the client, if expensive work is limited and the address is known.
    /// Without a limit it is not looked at.
    pub fn client(&self) -> Option<IpAddr> {
        self.cost_limit?.client(self.request)
    }

    /// Returns what counts a failure of this request after the request has ended. For work that goes
    /// on when the client hangs up; `None` if expensive work is not limited for this client.
    pub fn late_failure(&self) -> Option<LateFailure> {
        self.cost_limit?.late_failure(self.request, self.now)
    }

    /// Fails with [`Reason::RateLimited`](super::Reason::RateLimited) if no expensive work may be
    /// done for this request. Call it before such work: a signature, a password's hash, a call.
    /// Other requests of the client may fail meanwhile, so it is called again before more of it.
    ///
    /// The limit is looked up here and not at the beginning, so that a credential from the cache
    /// pays nothing for it.
    pub fn check_cost(&mut self) -> Result<(), Denial> {
        let Some(limit) = self.cost_limit else {
            return Ok(());
        };
        let checked = limit.check(self.request, self.now);
        // It is counted once as a request of no known client.
        if matches!(checked, Ok(LimitedBy::Nothing)) {
            self.cost_limit = None;
        }
        let found = if checked.is_ok() { "fewer" } else { "too many" };
        let checked = self.explain.outcome("failure limit", checked, || {
            ("fewer failures than failure_limit", found)
        });
        checked.map(drop)
    }
}
