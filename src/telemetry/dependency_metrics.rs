//! Metrics of calls to dependencies.

use std::sync::Arc;

use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Registry,
};

use super::metrics_reference as declared;
use super::registry::{counters, gauges, opts, registered};

/// The metrics of all dependencies.
pub(super) struct DependencyFamilies {
    requests: IntCounterVec,
    durations: HistogramVec,
    breakers: IntGaugeVec,
}

/// The metrics of one dependency.
pub struct DependencyMetrics {
    requests: IntCounterVec,
    labels: [Arc<str>; 2],
    /// The duration of calls, in seconds.
    pub duration: Histogram,
    /// 1 while calls are refused because of failures.
    pub breaker_open: IntGauge,
}

/// The buckets of the duration in seconds, up to the longest timeouts.
const CALL_BUCKETS: [f64; 13] = [
    5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];

impl DependencyFamilies {
    /// Registers the metrics.
    pub(super) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let declared_duration = &declared::DEPENDENCY_DURATION;
        let durations = HistogramOpts::from(opts(declared_duration)).buckets(CALL_BUCKETS.to_vec());
        Ok(Self {
            requests: registered(registry, counters(&declared::DEPENDENCY_REQUESTS)?)?,
            durations: registered(
                registry,
                HistogramVec::new(durations, declared_duration.labels)?,
            )?,
            breakers: registered(registry, gauges(&declared::DEPENDENCY_BREAKER_OPEN)?)?,
        })
    }

    /// Returns the metrics of the dependency with these labels. They are shown from then on.
    pub(super) fn of(&self, dependency: &str, issuer: &str) -> DependencyMetrics {
        let labels = [dependency, issuer];
        // Alerts look for these, and a rate needs a series from before the first event.
        for result in ["refused", "unauthorized"] {
            self.requests
                .with_label_values(&[dependency, issuer, result]);
        }
        DependencyMetrics {
            requests: self.requests.clone(),
            duration: self.durations.with_label_values(&labels),
            breaker_open: self.breakers.with_label_values(&labels),
            labels: labels.map(Arc::from),
        }
    }

    /// Removes the gauge of a dependency that no longer exists. Its counters stay: what was counted
    /// has happened.
    pub(super) fn forget(&self, dependency: &str, issuer: &str) {
        let _ = self.breakers.remove_label_values(&[dependency, issuer]);
    }
}

impl DependencyMetrics {
    /// Counts a call by its result, or a refused one.
    pub fn count(&self, result: &str) {
        let [dependency, issuer] = &self.labels;
        self.requests
            .with_label_values(&[&**dependency, &**issuer, result])
            .inc();
    }
}
