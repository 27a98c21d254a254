//! A limit for warnings that any client can cause.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::domain::Uptime;

/// Lets one warning pass per minute and counts those that it leaves out.
pub(super) struct Throttle {
    /// The uptime in milliseconds at which the last warning passed, plus 1; 0 before the first.
    last: AtomicU64,
    left_out: AtomicU64,
}

/// The shortest time between two warnings.
const INTERVAL: Duration = Duration::from_mins(1);

impl Throttle {
    pub(super) const fn new() -> Self {
        Self {
            last: AtomicU64::new(0),
            left_out: AtomicU64::new(0),
        }
    }

    /// Returns how many warnings were left out since the last one that passed, if this one may
    /// pass.
    pub(super) fn pass(&self, now: Uptime) -> Option<u64> {
        let now = millis(now).saturating_add(1);
        let last = self.last.load(Ordering::Relaxed);
        let interval = u64::try_from(INTERVAL.as_millis()).unwrap_or(u64::MAX);
        let is_due = last == 0 || now.saturating_sub(last) >= interval;
        // Of several at once only one passes.
        let passes = is_due
            && self
                .last
                .compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        if passes {
            Some(self.left_out.swap(0, Ordering::Relaxed))
        } else {
            self.left_out.fetch_add(1, Ordering::Relaxed);
            None
        }
    }
}

fn millis(uptime: Uptime) -> u64 {
    let since_start = uptime.since(Uptime::new(Duration::ZERO));
    u64::try_from(since_start.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_a_minute_passes_and_the_others_are_counted() {
        let throttle = Throttle::new();
        let at = |secs| Uptime::new(Duration::from_secs(secs));
        let passed = [0, 1, 59, 60, 61, 300, 419].map(|secs| throttle.pass(at(secs)));
        assert_eq!(
            passed,
            [Some(0), None, None, Some(2), None, Some(1), Some(0)]
        );
    }
}
