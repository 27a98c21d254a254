//! Calls that failed.

use std::fmt;
use std::time::Duration;

use crate::domain::Moment;

/// A call that gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallError {
    /// The dependency does not work: no connection, no answer in time, an answer that cannot be
    /// read, or one that refuses this service. Counts for the breaker.
    Failed(CallFailure),
    /// The dependency refused this one request, which says nothing about the next. Does not count
    /// for the breaker: malformed tokens of one client must not cut off all others.
    Rejected(CallFailure),
}

/// The way in which a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallFailure {
    /// The label `result` of the metric.
    pub result: &'static str,
    /// A description for the log and `/status`, without any secret, token or subject.
    pub text: String,
    /// The moment until which a rejection is kept. Other failures never are.
    pub kept_until: Moment,
}

/// The denial of a request that got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallDenied {
    /// The time after which another attempt is sensible.
    pub retry_after: Duration,
    /// `true` if the dependency refused this one request. All other denials are about the
    /// dependency.
    pub is_rejected: bool,
}

impl CallError {
    /// Makes the failure of a call that took longer than this.
    pub fn timeout(timeout: Duration) -> Self {
        let timeout = humantime::format_duration(timeout);
        Self::failed("timeout", format!("no answer within {timeout}"))
    }

    /// Makes a failure that counts for the breaker.
    pub fn failed(result: &'static str, text: impl Into<String>) -> Self {
        Self::Failed(CallFailure::new(result, text))
    }

    /// Makes a failure that concerns one request only.
    pub fn rejected(result: &'static str, text: impl Into<String>) -> Self {
        Self::Rejected(CallFailure::new(result, text))
    }

    /// Makes a failure that concerns one request only, and the same request until this moment.
    pub fn rejected_until(
        kept_until: Moment,
        result: &'static str,
        text: impl Into<String>,
    ) -> Self {
        Self::Rejected(CallFailure {
            kept_until,
            ..CallFailure::new(result, text)
        })
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Failed(failure) | Self::Rejected(failure)) = self;
        f.write_str(&failure.text)
    }
}

impl CallFailure {
    fn new(result: &'static str, text: impl Into<String>) -> Self {
        Self {
            result,
            text: text.into(),
            kept_until: Moment::PAST,
        }
    }
}

impl CallDenied {
    /// The shortest time after which clients are asked to try again.
    const LEAST: Duration = Duration::from_secs(1);

    pub(super) const fn rejected() -> Self {
        Self {
            retry_after: Self::LEAST,
            is_rejected: true,
        }
    }

    pub(super) fn failed(open_for: Option<Duration>) -> Self {
        Self::refused(open_for.unwrap_or_default())
    }

    pub(super) fn refused(wait: Duration) -> Self {
        Self {
            retry_after: wait.max(Self::LEAST),
            is_rejected: false,
        }
    }
}
