//! The system clock.

use std::pin::Pin;
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::time::{ClockId, clock_gettime};

use crate::domain::{Clock, Moment, Timestamp, Uptime};

/// The clock of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// The longest sleep before the clocks are read again. Timers stop while the machine sleeps, and
/// the date may be set.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where the date comes from"
    )]
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }

    /// Reads `CLOCK_BOOTTIME`. Unlike `CLOCK_MONOTONIC` it continues while the machine sleeps, as
    /// the lifetimes of keys do (`clock_gettime(2)`).
    fn uptime(&self) -> Uptime {
        Uptime::new(
            clock_gettime(ClockId::CLOCK_BOOTTIME).map_or_else(|_| since_start(), Duration::from),
        )
    }

    fn reach(&self, at: Moment) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            loop {
                let left = self.moment().until(at);
                if left.is_zero() {
                    return;
                }
                tokio::time::sleep(left.min(LONGEST_SLEEP)).await;
            }
        })
    }
}

/// Returns the time since the first call, by `CLOCK_MONOTONIC`, which every system has. It serves
/// in sandboxes that do not know `CLOCK_BOOTTIME`.
fn since_start() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed()
}

/// A clock that always shows the same time, to decide as of another time.
#[derive(Debug, Clone, Copy)]
pub struct StoppedClock(pub Timestamp);

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        self.0
    }

    fn uptime(&self) -> Uptime {
        Uptime::new(Duration::ZERO)
    }

    fn reach(&self, at: Moment) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        if self.moment().reaches(at) {
            Box::pin(std::future::ready(()))
        } else {
            Box::pin(std::future::pending())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YEAR: Duration = Duration::from_hours(8766);

    fn reach(at: Moment) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(SystemClock.reach(at));
    }

    #[test]
    fn a_moment_is_reached_by_either_clock() {
        let now = SystemClock.moment();
        let soon = now.plus(Duration::from_millis(5));
        reach(Moment {
            date: now.date.plus(YEAR),
            ..soon
        });
        reach(Moment {
            uptime: now.uptime.plus(YEAR),
            ..soon
        });
        reach(Moment::PAST);
        assert!(SystemClock.moment().reaches(now));
    }
}
