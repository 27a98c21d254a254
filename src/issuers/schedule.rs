//! The schedule of fetching: a pure function of what happened.

use std::time::Duration;

use crate::config::RefreshSettings;

/// Computes when keys are fetched next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Schedule {
    interval: Duration,
}

/// The least and the greatest time that an answer can set by `max-age` (RFC 9111 section 5.2.2.1).
const LEAST_MAX_AGE: Duration = Duration::from_secs(30);
const MOST_MAX_AGE: Duration = Duration::from_hours(24);

/// The first and the longest wait for a retry without keys. Every request is refused meanwhile, so
/// the issuer's return should be noticed within seconds.
const RETRY_WITHOUT_KEYS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(4));

/// The first and the longest wait for a retry with keys. There is time, and an issuer in trouble
/// should not be asked more often than this.
const RETRY_WITH_KEYS: (Duration, Duration) = (Duration::from_secs(6), Duration::from_mins(1));

impl Schedule {
    pub(super) const fn new(settings: &RefreshSettings) -> Self {
        Self {
            interval: settings.interval,
        }
    }

    /// Returns the wait after a fetch that gave keys. `jitter` is from 0 to 1 and shortens the wait
    /// by up to a tenth, so that many instances do not fetch at the same moment.
    pub(super) fn after_success(&self, max_age: Option<Duration>, jitter: f64) -> Duration {
        let interval = shortened(self.interval, 0.1 * jitter);
        let asked = max_age
            .map(|max_age| shortened(max_age, 0.1 * jitter).clamp(LEAST_MAX_AGE, MOST_MAX_AGE));
        asked.map_or(interval, |asked| asked.min(interval))
    }

    /// Returns the wait after this number of failed fetches in a row. It doubles each time, up to a
    /// bound. An issuer may ask for more time by `Retry-After` (RFC 9110 section 10.2.3), but not
    /// for more than the interval between two fetches.
    pub(super) fn after_failure(
        &self,
        failures: u32,
        has_keys: bool,
        retry_after: Option<Duration>,
        jitter: f64,
    ) -> Duration {
        let (first, most) = if has_keys {
            RETRY_WITH_KEYS
        } else {
            RETRY_WITHOUT_KEYS
        };
        let doubled = first.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1)));
        let most = if has_keys {
            most.min(self.interval.max(first))
        } else {
            most
        };
        let asked = retry_after.unwrap_or_default().min(self.interval);
        shortened(doubled.min(most), 0.15 * jitter).max(asked)
    }

    /// Returns the wait after a failed fetch that a request had asked for: the next one stays where
    /// it was planned. Otherwise a client that invents key names could cause fetches by our
    /// retries.
    pub(super) fn after_failure_out_of_turn(
        &self,
        planned: Duration,
        retry_after: Option<Duration>,
    ) -> Duration {
        planned.max(retry_after.unwrap_or_default().min(self.interval))
    }
}

fn shortened(wait: Duration, share: f64) -> Duration {
    wait.mul_f64((1.0 - share).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(interval: u64) -> Schedule {
        Schedule {
            interval: Duration::from_secs(interval),
        }
    }

    #[test]
    fn max_age_is_bounded_and_never_delays_a_refresh() {
        let wait = |max_age: u64| {
            schedule(300)
                .after_success(Some(Duration::from_secs(max_age)), 0.0)
                .as_secs()
        };
        assert_eq!(
            [wait(0), wait(29), wait(60), wait(300), wait(1_000_000_000)],
            [30, 30, 60, 300, 300]
        );
        assert_eq!(schedule(300).after_success(None, 0.0).as_secs(), 300);
        assert_eq!(schedule(300).after_success(None, 1.0).as_secs(), 270);
        assert_eq!(
            schedule(300)
                .after_success(Some(Duration::ZERO), 1.0)
                .as_secs(),
            30,
            "chance does not undercut it"
        );
    }

    #[test]
    fn failures_back_off() {
        let waits = |has_keys| {
            [1, 2, 3, 4, 9, u32::MAX].map(|n| {
                schedule(300)
                    .after_failure(n, has_keys, None, 0.0)
                    .as_secs()
            })
        };
        assert_eq!(waits(false), [1, 2, 4, 4, 4, 4]);
        assert_eq!(waits(true), [6, 12, 24, 48, 60, 60]);
        assert!(schedule(300).after_failure(1, true, None, 1.0) >= Duration::from_secs(5));
    }

    #[test]
    fn what_was_asked_for_out_of_turn_moves_nothing_forward() {
        let wait = |asked| {
            schedule(300)
                .after_failure_out_of_turn(Duration::from_mins(2), asked)
                .as_secs()
        };
        assert_eq!(
            [
                wait(None),
                wait(Some(Duration::from_mins(3))),
                wait(Some(Duration::MAX))
            ],
            [120, 180, 300]
        );
    }

    #[test]
    fn an_issuer_may_ask_for_time() {
        let wait = |asked| {
            schedule(300)
                .after_failure(1, true, Some(Duration::from_secs(asked)), 1.0)
                .as_secs()
        };
        assert_eq!(
            [wait(0), wait(5), wait(120), wait(86_400), wait(u64::MAX)],
            [5, 5, 120, 300, 300]
        );
    }
}
