//! Detects threads of the HTTP listeners that are stuck.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

/// Detects threads of the HTTP listeners that are stuck. Each thread notes the time at a regular
/// interval, and a thread that is stuck does not. The threads of the gRPC listener are not watched:
/// their tasks move from a thread that is stuck to another one.
#[derive(Debug, Clone)]
pub struct Heartbeat {
    interval: Duration,
    began: Instant,
    ticks: Arc<Mutex<Vec<Weak<AtomicU64>>>>,
}

impl Heartbeat {
    /// Creates a heartbeat whose threads note the time at this interval.
    pub fn new(interval: Duration) -> Self {
        Self {
            interval,
            began: Instant::now(),
            ticks: Arc::default(),
        }
    }

    /// Makes the calling thread note the time from now on. Must be called inside the thread's
    /// runtime, and ends with it.
    pub(super) fn join(&self) {
        let (heartbeat, tick) = (self.clone(), self.register());
        actix_web::rt::spawn(async move {
            loop {
                tick.store(heartbeat.millis(), Ordering::Relaxed);
                actix_web::rt::time::sleep(heartbeat.interval).await;
            }
        });
    }

    /// Returns `true` if no thread has missed three ticks. Threads that have ended do not count.
    pub fn is_regular(&self) -> bool {
        let late = u64::try_from((self.interval * 3).as_millis()).unwrap_or(u64::MAX);
        let oldest = self.millis().saturating_sub(late);
        let mut ticks = self.ticks.lock().unwrap_or_else(PoisonError::into_inner);
        ticks.retain(|tick| tick.strong_count() > 0);
        ticks
            .iter()
            .filter_map(Weak::upgrade)
            .all(|tick| tick.load(Ordering::Relaxed) >= oldest)
    }

    fn register(&self) -> Arc<AtomicU64> {
        let tick = Arc::new(AtomicU64::new(self.millis()));
        self.ticks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Arc::downgrade(&tick));
        tick
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_is_stuck_is_noticed_and_one_that_has_ended_is_not() {
        let long_ago = Instant::now().checked_sub(Duration::from_mins(1)).unwrap();
        let heartbeat = Heartbeat {
            began: long_ago,
            ..Heartbeat::new(Duration::from_secs(1))
        };
        let (regular, stuck) = (heartbeat.register(), heartbeat.register());
        assert!(heartbeat.is_regular());
        stuck.store(heartbeat.millis() - 3100, Ordering::Relaxed);
        assert!(!heartbeat.is_regular());
        drop(stuck);
        assert!(heartbeat.is_regular());
        regular.store(0, Ordering::Relaxed);
        assert!(!heartbeat.is_regular());
    }
}
