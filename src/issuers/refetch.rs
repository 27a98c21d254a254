//! Fetches before their time, because a token names an unknown key, or the keys are too old.

use std::pin::pin;
use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::{Notify, watch};

use crate::domain::Uptime;

/// Lets requests ask for a fetch, and wait for its end.
///
/// At most one fetch runs at a time; a request that asks while one runs waits for that one. Between
/// two fetches that were asked for lies at least the configured time, whatever came of the first: a
/// flood of invented key names costs the issuer nothing.
pub(super) struct Refetch {
    min_interval: Duration,
    state: Mutex<State>,
    asked: Notify,
    finished: watch::Sender<u64>,
}

struct State {
    last_asked: Option<Uptime>,
    running: bool,
}

impl Refetch {
    pub(super) fn new(min_interval: Duration) -> Self {
        // The first fetch counts as running before it begins: requests may be there before the task
        // that makes it.
        let state = Mutex::new(State {
            last_asked: None,
            running: true,
        });
        Self {
            min_interval,
            state,
            asked: Notify::new(),
            finished: watch::Sender::new(0),
        }
    }

    /// Creates one for another task that fetches. It keeps the time of the last request, so that a
    /// flood of invented key names gains nothing.
    pub(super) fn continued(&self, min_interval: Duration) -> Self {
        let last_asked = self.lock().last_asked;
        let fresh = Self::new(min_interval);
        fresh.lock().last_asked = last_asked;
        fresh
    }

    /// Asks for a fetch, and returns a receiver that changes at the end of it or of the one that
    /// already runs. Returns `None` if it is too early to ask again.
    pub(super) fn ask(&self, now: Uptime) -> Option<watch::Receiver<u64>> {
        let mut state = self.lock();
        let finished = self.finished.subscribe();
        if !state.running {
            // `now` may be earlier than the last request's: a request that has waited asks with the
            // time at which it came.
            if state
                .last_asked
                .is_some_and(|last| now < last.plus(self.min_interval))
            {
                return None;
            }
            state.last_asked = Some(now);
            state.running = true;
            self.asked.notify_one();
        }
        Some(finished)
    }

    /// Returns a receiver that changes at the end of the fetch that runs, if one does.
    pub(super) fn running(&self) -> Option<watch::Receiver<u64>> {
        let state = self.lock();
        state.running.then(|| self.finished.subscribe())
    }

    /// Resolves when a request has asked.
    pub(super) async fn asked(&self) {
        self.asked.notified().await;
    }

    /// Notes that a fetch begins. It serves all requests that have asked until now, so no other
    /// fetch is needed for them.
    pub(super) fn begin(&self) {
        self.lock().running = true;
        pin!(self.asked.notified()).enable();
    }

    /// Notes that the fetch is over and its result is in place. Wakes the requests that wait.
    pub(super) fn end(&self) {
        self.lock().running = false;
        self.finished.send_modify(|count| *count += 1);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // Nothing can panic while it is held.
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn is_asked(refetch: &Refetch) -> bool {
        pin!(refetch.asked()).poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
    }

    #[test]
    fn a_fetch_that_was_due_anyway_serves_those_who_ask_at_that_moment() {
        let refetch = Refetch::new(Duration::from_secs(30));
        refetch.end();
        for (at, is_due) in [(0, false), (30, true)] {
            assert!(refetch.ask(Uptime::new(Duration::from_secs(at))).is_some());
            if is_due {
                refetch.begin();
            }
            assert_ne!(is_asked(&refetch), is_due);
            refetch.end();
        }
    }

    #[test]
    fn asking_is_limited_and_coalesced() {
        let refetch = Refetch::new(Duration::from_secs(30));
        let at = |secs| Uptime::new(Duration::from_secs(secs));
        assert!(
            refetch.running().is_some(),
            "the first fetch is about to begin"
        );
        refetch.begin();
        refetch.end();
        assert!(refetch.running().is_none());
        assert!(refetch.ask(at(0)).is_some());
        assert!(
            refetch.ask(at(1)).is_some(),
            "the fetch still runs, so it is joined"
        );
        refetch.end();
        assert!(
            refetch.ask(at(29)).is_none(),
            "too early, whatever came of the first"
        );
        refetch.begin();
        assert!(
            refetch.ask(at(29)).is_some(),
            "a scheduled fetch runs, so it is joined"
        );
        refetch.end();
        assert!(refetch.ask(at(30)).is_some());
        refetch.end();
        assert!(
            refetch.ask(at(29)).is_none(),
            "a request that came before the last asking and waited since"
        );
    }
}
