//! Whether the threads that serve still come round.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

/// Whether the threads that serve still come round: each explain the time every now and then, and one
/// that is stuck does not.
#[derive(Debug, Clone)]
pub struct Heartbeat {
    every: Duration,
    began: Instant,
    beats: Arc<Mutex<Vec<Weak<AtomicU64>>>>,
}

impl Heartbeat {
    /// Of threads that note the time this often.
    pub fn new(every: Duration) -> Self {
        Self {
            every,
            began: Instant::now(),
            beats: Arc::default(),
        }
    }

    /// Has the thread that calls it note the time from now on. To be called inside its runtime,
    /// with which it ends.
    pub(super) fn join(&self) {
        let (heartbeat, tick) = (self.clone(), self.enter());
        actix_web::rt::spawn(async move {
            loop {
                tick.store(heartbeat.millis(), Ordering::Relaxed);
                actix_web::rt::time::sleep(heartbeat.every).await;
            }
        });
    }

    /// Whether none of them has missed three beats. Threads that have ended are nobody to wait for.
    pub fn is_regular(&self) -> bool {
        let late = u64::try_from((self.every * 3).as_millis()).unwrap_or(u64::MAX);
        let oldest = self.millis().saturating_sub(late);
        let mut beats = self.beats.lock().unwrap_or_else(PoisonError::into_inner);
        beats.retain(|tick| tick.strong_count() > 0);
        beats
            .iter()
            .filter_map(Weak::upgrade)
            .all(|tick| tick.load(Ordering::Relaxed) >= oldest)
    }

    fn enter(&self) -> Arc<AtomicU64> {
        let tick = Arc::new(AtomicU64::new(self.millis()));
        self.beats
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
        let (regular, stuck) = (heartbeat.enter(), heartbeat.enter());
        assert!(heartbeat.is_regular());
        stuck.store(heartbeat.millis() - 3100, Ordering::Relaxed);
        assert!(!heartbeat.is_regular());
        drop(stuck);
        assert!(heartbeat.is_regular());
        regular.store(0, Ordering::Relaxed);
        assert!(!heartbeat.is_regular());
    }
}
