//! The clock, which is passed as an argument.

use std::pin::Pin;

use super::{Moment, Timestamp, Uptime};

/// A source of time: the clock of the machine in production, a controlled one in tests.
pub trait Clock: Send + Sync {
    /// Returns the date, for what has dates written in it: tokens, certificates, log lines.
    ///
    /// The date may be set at any moment, so no duration is measured with it.
    fn now(&self) -> Timestamp;

    /// Returns the uptime, which only moves forward.
    fn uptime(&self) -> Uptime;

    /// Returns the date and the uptime.
    fn moment(&self) -> Moment {
        Moment {
            date: self.now(),
            uptime: self.uptime(),
        }
    }

    /// Resolves as soon as [`moment`](Self::moment) reaches `at` by either clock; at once if it
    /// already has.
    fn reach(&self, at: Moment) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}
