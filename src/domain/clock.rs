//! Time as an argument.

use std::pin::Pin;

use super::{Moment, Timestamp, Uptime};

/// Where the time comes from: the machine in production, the test in a test.
pub trait Clock: Send + Sync {
    /// The date, for what has dates written in it: tokens, certificates, log lines. It may be set
    /// at any moment, so nothing is measured by it.
    fn now(&self) -> Timestamp;

    /// The uptime, which only goes forward.
    fn uptime(&self) -> Uptime;

    /// Both.
    fn moment(&self) -> Moment {
        Moment {
            date: self.now(),
            uptime: self.uptime(),
        }
    }

    /// Resolves when [`moment`](Self::moment) has reached `at` by either clock, at once if it
    /// already has.
    fn reach(&self, at: Moment) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}
