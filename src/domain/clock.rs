//! Time as an argument.

use std::pin::Pin;

use super::Timestamp;

/// Where the time comes from: the machine in production, the test in a test.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// Resolves when [`now`](Self::now) has reached `at`, at once if it already has.
    fn reach(&self, at: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}
