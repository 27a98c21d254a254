//! The task that keeps one issuer's keys fresh.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::fetch_failure::FetchFailure;
use super::fetcher::FetchedKeys;
use super::key_report::report_keys;
use super::key_store::FetchHistory;
use super::refetch::Refetch;
use super::schedule::Schedule;
use super::{KeyOrigin, KeyStore};
use crate::config::RefreshSettings;
use crate::domain::{Clock, Moment};
use crate::telemetry::JwksMetrics;

/// Keeps one issuer's keys fresh. Nothing else fetches them or writes to the store.
pub struct Refresher {
    /// The issuer's label.
    pub name: Arc<str>,
    /// The store that the keys go to.
    pub store: Arc<KeyStore>,
    /// The origin of the keys.
    pub origin: KeyOrigin,
    /// The settings of the schedule.
    pub settings: RefreshSettings,
    /// The clock of the schedule.
    pub clock: Arc<dyn Clock>,
    /// The metrics of fetching.
    pub metrics: Arc<JwksMetrics>,
    /// `true` if there were usable keys when they were last fetched, or should have been.
    pub had_keys: bool,
}

impl Refresher {
    /// Fetches now, and then again and again: by schedule, or early because a request needs a key.
    pub async fn run(mut self) {
        let store = self.store.clone();
        let Some(refetch) = store.refetch() else {
            return;
        };
        let mut failures = 0;
        let mut planned = None;
        loop {
            refetch.begin();
            let fetched = self.fetch().await;
            let next = match fetched {
                Ok(fetched) => self.succeeded(fetched, std::mem::take(&mut failures)),
                Err(failure) => {
                    failures += 1;
                    self.failed(&failure, failures, planned)
                }
            };
            refetch.end();
            let was_asked = self.rest(refetch, next).await;
            planned = was_asked.then_some(next);
        }
    }

    async fn fetch(&mut self) -> Result<FetchedKeys, FetchFailure> {
        let started = Instant::now();
        let fetched = self.origin.fetch().await;
        self.metrics
            .duration
            .observe(started.elapsed().as_secs_f64());
        fetched
    }

    /// Waits until the next fetch is due or a request asks for one. Returns whether one asked.
    async fn rest(&self, refetch: &Refetch, next: Moment) -> bool {
        tokio::select! {
            () = self.clock.reach(next) => false,
            () = refetch.asked() => true,
        }
    }

    fn succeeded(&mut self, fetched: FetchedKeys, failures_before: u32) -> Moment {
        let now = self.clock.moment();
        let wait = Schedule::new(&self.settings).after_success(fetched.max_age, jitter());
        let (count, before) = (fetched.keys.len(), self.store.snapshot());
        let changed = self.store.replace(fetched.keys, now);
        report_keys(&self.name, self.store.snapshot().keys(), before.keys());
        self.had_keys = true;
        let next = self.note(
            now,
            wait,
            FetchHistory {
                keys_url: fetched.url,
                ..FetchHistory::default()
            },
        );
        self.metrics.succeeded.inc();
        self.metrics
            .keys
            .set(i64::try_from(count).unwrap_or(i64::MAX));
        #[allow(clippy::cast_precision_loss)] // milliseconds of this era fit into a double
        self.metrics
            .succeeded_at(now.date.as_millis() as f64 / 1000.0);
        self.metrics.consecutive_failures.set(0);
        if failures_before > 0 {
            tracing::info!(issuer = %self.name, failures = failures_before, "keys can be fetched again");
        }
        if changed {
            tracing::info!(issuer = %self.name, keys = count, "keys changed");
        }
        next
    }

    /// `planned` is when the next fetch was due, if this one was asked for out of turn.
    fn failed(&mut self, failure: &FetchFailure, failures: u32, planned: Option<Moment>) -> Moment {
        let now = self.clock.moment();
        let has_keys = self.store.snapshot().is_usable(now);
        let (schedule, asked) = (Schedule::new(&self.settings), failure.retry_after());
        let wait = match planned.filter(|planned| has_keys && !now.reaches(*planned)) {
            Some(planned) => schedule.after_failure_out_of_turn(now.until(planned), asked),
            None => schedule.after_failure(failures, has_keys, asked, jitter()),
        };
        let before = self.store.fetch_history();
        let history = FetchHistory {
            last_error: Some(failure.to_string()),
            last_hint: failure.hint().map(ToOwned::to_owned),
            keys_url: before.keys_url.clone(),
            failures,
            next_refresh: None,
        };
        let next = self.note(now, wait, history);
        self.metrics.failed.inc();
        self.metrics.consecutive_failures.set(failures.into());
        // One line for the first failure; the metric and /status have the others.
        if failures == 1 {
            tracing::warn!(issuer = %self.name, error = %failure, hint = failure.hint(), has_keys, "keys cannot be fetched");
        } else {
            tracing::debug!(issuer = %self.name, error = %failure, failures, "keys still cannot be fetched");
        }
        if self.had_keys && !has_keys {
            tracing::error!(issuer = %self.name, "keys are too old to be used: every token of the issuer is refused");
        }
        self.had_keys = has_keys;
        next
    }

    fn note(&self, now: Moment, wait: Duration, history: FetchHistory) -> Moment {
        let next = now.plus(wait);
        self.store.set_fetch_history(FetchHistory {
            next_refresh: Some(next),
            ..history
        });
        next
    }
}

/// A number from 0 to 1.
fn jitter() -> f64 {
    let mut byte = [0; 1];
    // Without randomness there is no jitter, and nothing else is lost.
    let _ = aws_lc_rs::rand::fill(&mut byte);
    f64::from(byte[0]) / 255.0
}
