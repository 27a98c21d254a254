//! Points in time by two clocks: the date, which can be set, and the uptime, which cannot.

use std::time::Duration;

use super::Timestamp;

/// The time since the machine was switched on, including the time that it slept. This clock cannot
/// be set.
///
/// It counts nanoseconds, which last for five centuries. All arithmetic saturates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Uptime(u64);

/// A point in time by both clocks.
///
/// Every duration (an interval, a deadline, an age) is measured between two moments. The date alone
/// is not enough: it can be set, and a deadline computed from a wrong date may lie years ahead. The
/// uptime alone is not enough either: that of a virtual machine stops while the machine is paused,
/// but its keys still grow older.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The date.
    pub date: Timestamp,
    /// The uptime.
    pub uptime: Uptime,
}

impl Uptime {
    /// Creates the uptime that is this long after the machine was switched on.
    pub fn new(since_start: Duration) -> Self {
        Self(nanos(since_start))
    }

    /// Returns the uptime that is this much later.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(nanos(duration)))
    }

    /// Returns the time that passed since `earlier`; zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Moment {
    /// A moment before every other. As a deadline it has always passed.
    pub const PAST: Self = Self {
        date: Timestamp::from_millis(i64::MIN),
        uptime: Uptime(0),
    };

    /// A moment after every other. As a deadline it is never reached.
    pub const NEVER: Self = Self {
        date: Timestamp::from_millis(i64::MAX),
        uptime: Uptime(u64::MAX),
    };

    /// Returns the moment that is this much later by both clocks.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self {
            date: self.date.plus(duration),
            uptime: self.uptime.plus(duration),
        }
    }

    /// Returns the nearest moment that lies between `earliest` and `latest` by each clock.
    #[must_use]
    pub fn within(self, earliest: Self, latest: Self) -> Self {
        Self {
            date: self.date.max(earliest.date).min(latest.date),
            uptime: self.uptime.max(earliest.uptime).min(latest.uptime),
        }
    }

    /// Returns `true` if `deadline` has been reached by either clock.
    pub fn reaches(self, deadline: Self) -> bool {
        self.date >= deadline.date || self.uptime >= deadline.uptime
    }

    /// Returns the time until `deadline` by the clock that reaches it first; zero if one already
    /// has.
    pub fn until(self, deadline: Self) -> Duration {
        deadline
            .date
            .since(self.date)
            .min(deadline.uptime.since(self.uptime))
    }

    /// Returns the time that passed since `earlier`, by the clock that shows more.
    pub fn since(self, earlier: Self) -> Duration {
        self.date
            .since(earlier.date)
            .max(self.uptime.since(earlier.uptime))
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Noon of a day in 2026, after ten days without a restart.
    const NOON: Moment = Moment {
        date: Timestamp::from_secs(1_780_000_000),
        uptime: Uptime(240 * 3_600_000_000_000),
    };
    const HOUR: Duration = Duration::from_hours(1);

    fn dated(secs: i64) -> Moment {
        Moment {
            date: Timestamp::from_secs(secs),
            ..NOON
        }
    }

    #[test]
    fn a_deadline_is_reached_by_the_first_clock() {
        let deadline = NOON.plus(HOUR);
        assert!(!NOON.reaches(deadline) && deadline.reaches(deadline));
        let paused = Moment {
            date: NOON.date.plus(HOUR),
            ..NOON
        };
        let set_back = Moment {
            date: Timestamp::from_secs(0),
            uptime: NOON.uptime.plus(HOUR),
        };
        for moment in [paused, set_back] {
            assert!(moment.reaches(deadline));
            assert_eq!(
                (moment.until(deadline), moment.since(NOON)),
                (Duration::ZERO, HOUR)
            );
        }
    }

    #[test]
    fn past_and_never_hold_at_every_date() {
        for secs in [i64::MIN, 0, 1_780_000_000, 253_402_300_800] {
            assert!(
                dated(secs).reaches(Moment::PAST) && !dated(secs).reaches(Moment::NEVER),
                "{secs}"
            );
        }
        assert_eq!(Moment::NEVER.plus(Duration::MAX), Moment::NEVER);
    }

    proptest! {
        #[test]
        fn no_date_makes_a_wait_longer_or_an_age_smaller(
            began in any::<i64>(),
            now in any::<i64>(),
            wait in 0..1_u64 << 43,
            passed in 0..1_u64 << 43,
        ) {
            let (wait, passed) = (Duration::from_millis(wait), Duration::from_millis(passed));
            let (began, now) = (dated(began), Moment { uptime: NOON.uptime.plus(passed), ..dated(now) });
            let deadline = began.plus(wait);
            prop_assert!(now.until(deadline) <= wait.saturating_sub(passed));
            prop_assert!(now.since(began) >= passed);
            prop_assert!(passed < wait || now.reaches(deadline));
            prop_assert_eq!(now.reaches(deadline), now.until(deadline).is_zero());
        }

        #[test]
        fn both_clocks_agree_while_the_date_is_not_set(wait in 0..1_u64 << 40, passed in 0..1_u64 << 40) {
            let (wait, passed) = (Duration::from_millis(wait), Duration::from_millis(passed));
            let (now, deadline) = (NOON.plus(passed), NOON.plus(wait));
            prop_assert_eq!(now.since(NOON), passed);
            prop_assert_eq!(now.until(deadline), wait.saturating_sub(passed));
            prop_assert_eq!(now.reaches(deadline), passed >= wait);
        }
    }
}
