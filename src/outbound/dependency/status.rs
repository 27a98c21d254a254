//! The state of a dependency, for people.

use std::sync::Arc;
use std::time::Duration;

/// The state of a dependency, as `/status` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DependencyStatus {
    /// The kind of the dependency.
    pub name: &'static str,
    /// The label of the issuer that it belongs to, if it belongs to one.
    pub issuer: Option<Arc<str>>,
    /// The number of calls in flight.
    pub in_flight: usize,
    /// The number of failures since the last call that succeeded.
    pub failures: u32,
    /// The time until the next attempt, if calls are refused because of failures.
    pub open_for: Option<Duration>,
    /// The last failure, and how long ago it was.
    pub last_failure: Option<(Duration, String)>,
}
