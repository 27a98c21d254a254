//! Calls to services that a decision waits for: introspection endpoints and the user directory.
//!
//! [`Calls`] is the entry point. It keeps answers, lets one call serve all requests that wait for
//! the same answer, and bounds what a dependency that is slow or down can cost: the calls in
//! flight, the time that a request waits, and the attempts after failures.

mod answer;
mod breaker;
mod calls;
mod client_share;
mod failure;
mod slots;
mod status;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::runtime::Handle;

pub use answer::Answer;
pub use calls::Calls;
pub use client_share::{ClientShares, ClientSlot};
pub use failure::{CallDenied, CallError, CallFailure};
pub use status::DependencyStatus;

use crate::domain::{Clock, Moment};
use crate::telemetry::DependencyMetrics;
use answer::BoxedCall;
use breaker::Breaker;
use slots::Slots;

/// The kind of a dependency, which is its label in metrics and `/status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DependencyName {
    /// The introspection endpoint of an issuer (RFC 7662).
    Introspection,
    /// The user directory.
    Directory,
}

/// The bounds of calls to one dependency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallBounds {
    /// The maximum number of calls in flight.
    pub max_in_flight: usize,
    /// The maximum duration of a call. A call may outlive the requests that wait for it.
    pub timeout: Duration,
    /// The time that a request waits for everything together (`dependency_wait`).
    pub wait: Duration,
}

/// The time without failures after which the next one that concerns one request is logged.
const QUIET: Duration = Duration::from_mins(1);

/// A service that decisions depend on, with the bounds and the state of the calls to it.
///
/// It lives as long as its settings stay equal, across reloads, so that a reload closes no breaker.
pub struct Dependency {
    name: DependencyName,
    issuer: Option<Arc<str>>,
    bounds: CallBounds,
    runtime: Handle,
    clock: Arc<dyn Clock>,
    metrics: DependencyMetrics,
    slots: Slots,
    breaker: Breaker,
    last_failure: ArcSwapOption<(Moment, String)>,
}

/// A request that waits for a call: when it began, and who its client is.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    /// The moment when the decision began. The request waits for the dependency's `wait` from
    /// then on.
    pub began: Moment,
    /// The address of the client; `None` if it is unknown, or if `failure_limit` is not set. Only
    /// with an address a client is limited to its share of the calls.
    pub client: Option<IpAddr>,
}

impl DependencyName {
    /// Returns the label in metrics and `/status`.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Introspection => "introspection",
            Self::Directory => "directory",
        }
    }
}

impl Dependency {
    /// Creates a dependency with these bounds. Its calls run on `runtime`, which must outlive every
    /// request: calls go on when the requests that wait for them have ended.
    pub fn new(
        metrics: DependencyMetrics,
        (name, issuer): (DependencyName, Option<Arc<str>>),
        bounds: CallBounds,
        runtime: Handle,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            name,
            issuer,
            bounds,
            runtime,
            clock,
            slots: Slots::new(bounds.max_in_flight),
            breaker: Breaker::default(),
            last_failure: ArcSwapOption::empty(),
            metrics,
        }
    }

    /// Returns the state, for people.
    pub fn status(&self) -> DependencyStatus {
        let now = self.clock.moment();
        let last_failure = self.last_failure.load_full();
        DependencyStatus {
            name: self.name.label(),
            issuer: self.issuer.clone(),
            in_flight: self.slots.in_use(),
            failures: self.breaker.failures(),
            open_for: self.breaker.open_for(now),
            last_failure: last_failure
                .as_deref()
                .map(|(at, text)| (now.since(*at), text.clone())),
        }
    }

    /// Makes one call within the bounds, and counts how it ended. A denial comes with the moment
    /// until which it is kept.
    async fn perform<V>(
        &self,
        caller: Caller,
        call: BoxedCall<V>,
    ) -> Result<Answer<V>, (CallDenied, Moment)> {
        let unkept = |denied| (denied, Moment::PAST);
        // Checked before the wait for a slot too: a call that will be refused takes no slot.
        if let Some(wait) = self.breaker.open_for(self.clock.moment()) {
            return Err(unkept(self.refused(wait)));
        }
        let deadline = caller.began.plus(self.bounds.wait);
        let slot = tokio::select! {
            // Most often a slot is free, and then nothing is set up for the wait.
            biased;
            slot = self.slots.acquire(caller.client) => slot,
            () = self.clock.reach(deadline) => None,
        };
        let Some(_slot) = slot else {
            return Err(unkept(self.refused(Duration::ZERO)));
        };
        let began = self.clock.moment();
        let attempt = self
            .breaker
            .admit(began)
            .map_err(|wait| unkept(self.refused(wait)))?;
        let timeout = self.bounds.timeout;
        let outcome = tokio::select! {
            outcome = call() => outcome,
            () = self.clock.reach(began.plus(timeout)) => Err(CallError::timeout(timeout)),
        };
        let took = self.clock.moment().uptime.since(began.uptime);
        self.metrics.duration.observe(took.as_secs_f64());
        match outcome {
            Ok(answer) => {
                self.metrics.count(answer.result);
                attempt.succeeded();
                self.recovered();
                Ok(answer)
            }
            Err(CallError::Rejected(failure)) => {
                self.metrics.count(failure.result);
                let kept_until = failure.kept_until;
                self.note(failure, "call rejected");
                Err((CallDenied::rejected(), kept_until))
            }
            Err(CallError::Failed(failure)) => {
                self.metrics.count(failure.result);
                let now = self.clock.moment();
                let opened = attempt.failed(now);
                self.failed(failure, now, opened);
                Err(unkept(CallDenied::failed(self.breaker.open_for(now))))
            }
        }
    }

    fn refused(&self, wait: Duration) -> CallDenied {
        self.metrics.count("refused");
        CallDenied::refused(wait)
    }

    fn failed(&self, failure: CallFailure, now: Moment, opened: Option<Duration>) {
        match opened {
            Some(pause) => {
                self.metrics.breaker_open.set(1);
                tracing::error!(
                    dependency = %self,
                    failure = failure.text,
                    retry_in_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
                    "a dependency fails: no further calls for a while"
                );
            }
            // A wrong secret of this service stays wrong until an operator changes it.
            None if failure.result == "unauthorized" && self.is_new(&failure) => {
                tracing::error!(dependency = %self, failure = failure.text, "a dependency refuses this service");
            }
            None => return self.note(failure, "call failed"),
        }
        self.last_failure.store(Some(Arc::new((now, failure.text))));
    }

    /// Logs and keeps a failure after which calls go on.
    fn note(&self, failure: CallFailure, message: &str) {
        let now = self.clock.moment();
        // Two users who fail in turn, each in a way of its own, must not fill the log either.
        let last = self.last_failure.load();
        let is_quiet = last
            .as_deref()
            .is_none_or(|(at, _)| now.since(*at) >= QUIET);
        if self.is_new(&failure) && (is_quiet || self.breaker.failures() > 0) {
            tracing::warn!(dependency = %self, failure = failure.text, "{message}");
        } else {
            tracing::debug!(dependency = %self, failure = failure.text, "{message}");
        }
        self.last_failure.store(Some(Arc::new((now, failure.text))));
    }

    /// Returns `true` if this failure differs from the last one. A dependency that is down must not
    /// fill the log.
    fn is_new(&self, failure: &CallFailure) -> bool {
        let last = self.last_failure.load();
        last.as_deref()
            .is_none_or(|(_, text)| *text != failure.text)
    }

    fn recovered(&self) {
        if self.metrics.breaker_open.get() != 0 {
            self.metrics.breaker_open.set(0);
            tracing::info!(dependency = %self, "a dependency answers again");
        }
    }
}

impl fmt::Display for Dependency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name.label())?;
        match &self.issuer {
            Some(issuer) => write!(f, " of {issuer}"),
            None => Ok(()),
        }
    }
}
