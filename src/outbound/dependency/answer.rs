//! Answers of a dependency, and the calls that get them.

use std::pin::Pin;

use super::failure::CallError;
use crate::domain::Moment;

/// An answer of a dependency.
#[derive(Debug, Clone)]
pub struct Answer<V> {
    /// The answer.
    pub value: V,
    /// The moment until which it is kept. If that has passed, only the requests that wait for the
    /// call get it.
    pub until: Moment,
    /// `true` if there is nothing for this key: no user, or no active token. Such answers are kept
    /// apart, because a client can cause any number of them.
    pub is_negative: bool,
    /// The label `result` of the metric.
    pub result: &'static str,
}

/// A future of a call.
pub(super) type CallFuture<V> = Pin<Box<dyn Future<Output = Result<Answer<V>, CallError>> + Send>>;

/// A call that has not begun.
pub(super) type BoxedCall<V> = Box<dyn FnOnce() -> CallFuture<V> + Send>;
