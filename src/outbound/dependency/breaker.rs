//! The circuit breaker of a dependency.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::domain::Moment;

/// The number of failures in a row after which calls are refused.
const MOST_FAILURES: u32 = 5;

/// The first pause after that, and the longest: each is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Refuses calls for a while after failures in a row, and then admits one at a time until one
/// succeeds.
#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    open_until: Option<Moment>,
    last_pause: Duration,
    is_probing: bool,
}

/// A call that the breaker admitted. Dropped without an outcome, it counts nothing.
#[derive(Debug)]
pub(super) struct Attempt<'b> {
    breaker: &'b Breaker,
    is_probe: bool,
}

impl Breaker {
    /// Admits a call, or returns the time for which calls are refused.
    pub(super) fn admit(&self, now: Moment) -> Result<Attempt<'_>, Duration> {
        let mut state = self.lock();
        let is_probe = match state.open_until {
            None => false,
            Some(until) if !now.reaches(until) => return Err(now.until(until)),
            Some(_) if state.is_probing => return Err(FIRST_PAUSE),
            Some(_) => true,
        };
        state.is_probing |= is_probe;
        let breaker = self;
        Ok(Attempt { breaker, is_probe })
    }

    /// Returns the time for which calls are refused; `None` if the next call would be admitted.
    pub(super) fn open_for(&self, now: Moment) -> Option<Duration> {
        let state = self.lock();
        let until = state.open_until?;
        if !now.reaches(until) {
            return Some(now.until(until));
        }
        state.is_probing.then_some(FIRST_PAUSE)
    }

    /// Returns the number of failures since the last success.
    pub(super) fn failures(&self) -> u32 {
        self.lock().failures
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt<'_> {
    /// Records a success: calls are admitted again.
    pub(super) fn succeeded(self) {
        *self.breaker.lock() = State::default();
    }

    /// Records an answer that refuses this one call. A probe has proven that the dependency answers,
    /// so calls are admitted again. Any other call says nothing about the failures before it.
    /// Returns `true` if it was the probe.
    pub(super) fn rejected(self) -> bool {
        if self.is_probe {
            *self.breaker.lock() = State::default();
        }
        self.is_probe
    }

    /// Records a failure. Returns the pause, if calls are refused from now on.
    pub(super) fn failed(self, now: Moment) -> Option<Duration> {
        let mut state = self.breaker.lock();
        state.failures = state.failures.saturating_add(1);
        // A call that began before the breaker opened says nothing new.
        let is_first = state.open_until.is_none() && state.failures >= MOST_FAILURES;
        if !is_first && !self.is_probe {
            return None;
        }
        let pause = (state.last_pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
        state.last_pause = pause;
        // Up to a quarter less, so that many replicas do not try at the same moment.
        let pause = pause.mul_f64(1.0 - 0.25 * share());
        state.open_until = Some(now.plus(pause));
        Some(pause)
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if self.is_probe {
            self.breaker.lock().is_probing = false;
        }
    }
}

/// Returns a random number from 0 to 1.
fn share() -> f64 {
    let mut byte = [0];
    // Without randomness there is no jitter, and nothing else is lost.
    let _ = aws_lc_rs::rand::fill(&mut byte);
    f64::from(byte[0]) / 255.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Moment = Moment::PAST;

    fn at(millis: u64) -> Moment {
        Moment {
            date: crate::domain::Timestamp::from_secs(0),
            ..NOON
        }
        .plus(Duration::from_millis(millis))
    }

    fn fail(breaker: &Breaker, millis: u64) -> Option<Duration> {
        breaker.admit(at(millis)).unwrap().failed(at(millis))
    }

    #[test]
    fn five_failures_in_a_row_open_it_and_one_success_closes_it() {
        let breaker = Breaker::default();
        for _ in 0..4 {
            assert_eq!(fail(&breaker, 0), None);
        }
        breaker.admit(at(0)).unwrap().succeeded();
        for _ in 0..4 {
            assert_eq!(fail(&breaker, 0), None);
        }
        let pause = fail(&breaker, 0).unwrap();
        assert!(pause <= FIRST_PAUSE && pause >= FIRST_PAUSE * 3 / 4);
        let refused_for = breaker.admit(at(0)).unwrap_err();
        assert!(pause.saturating_sub(refused_for) <= Duration::from_millis(1));
        let probe = breaker.admit(at(1000)).unwrap();
        assert!(breaker.admit(at(1000)).is_err(), "one probe at a time");
        probe.succeeded();
        assert!(breaker.admit(at(1000)).is_ok());
        assert_eq!((breaker.failures(), breaker.open_for(at(1000))), (0, None));
    }

    #[test]
    fn a_probe_that_is_rejected_closes_it_and_another_call_changes_nothing() {
        let breaker = Breaker::default();
        let late = breaker.admit(at(0)).unwrap();
        for _ in 0..5 {
            let _ = fail(&breaker, 0);
        }
        assert!(!late.rejected());
        assert!(breaker.admit(at(700)).is_err());
        assert!(breaker.admit(at(1000)).unwrap().rejected());
        let calls = (breaker.admit(at(1000)), breaker.admit(at(1000)));
        assert!(calls.0.is_ok() && calls.1.is_ok());
        assert_eq!((breaker.failures(), breaker.open_for(at(1000))), (0, None));
    }

    #[test]
    fn pauses_double_up_to_a_minute() {
        let breaker = Breaker::default();
        let mut now = 0;
        for _ in 0..5 {
            let _ = fail(&breaker, now);
        }
        for expected in [2, 4, 8, 16, 32, 60, 60] {
            now += 60_000;
            let pause = fail(&breaker, now).unwrap().as_secs_f64();
            let expected = f64::from(expected);
            assert!(
                (0.75 * expected..=expected).contains(&pause),
                "{pause} of {expected}"
            );
        }
    }

    #[test]
    fn an_attempt_without_an_outcome_counts_nothing() {
        let breaker = Breaker::default();
        for _ in 0..5 {
            let _ = fail(&breaker, 0);
        }
        drop(breaker.admit(at(1000)).unwrap());
        assert!(breaker.admit(at(1000)).is_ok(), "the next one is the probe");
        assert_eq!(breaker.failures(), 5);
    }

    #[test]
    fn late_failures_of_earlier_calls_do_not_prolong_the_pause() {
        let breaker = Breaker::default();
        let late = breaker.admit(at(0)).unwrap();
        for _ in 0..5 {
            let _ = fail(&breaker, 0);
        }
        let open_for = breaker.open_for(at(900));
        assert_eq!(late.failed(at(900)), None);
        assert_eq!(breaker.open_for(at(900)), open_for);
    }
}
