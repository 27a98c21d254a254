//! Metrics of issuers' keys.

use prometheus::{
    GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Registry,
};

use super::metrics_reference as declared;
use super::registry::{counters, gauges, opts, registered};

/// The metrics of the keys of all issuers.
pub(super) struct JwksFamilies {
    refresh: IntCounterVec,
    durations: HistogramVec,
    failures: IntGaugeVec,
    keys: IntGaugeVec,
    last_success: GaugeVec,
}

/// The metrics of the keys of one issuer.
pub struct JwksMetrics {
    /// The number of fetches that returned keys.
    pub succeeded: IntCounter,
    /// The number of fetches that failed.
    pub failed: IntCounter,
    /// The number of fetches that failed since the last one that did not.
    pub consecutive_failures: IntGauge,
    /// The duration of fetches, in seconds.
    pub duration: Histogram,
    /// The number of usable keys.
    pub keys: IntGauge,
    last_success: GaugeVec,
    issuer: String,
}

/// The buckets of the duration in seconds, up to the largest value of `jwks_timeout`.
const FETCH_BUCKETS: [f64; 12] = [
    1e-3, 5e-3, 1e-2, 5e-2, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0,
];

impl JwksFamilies {
    /// Registers the metrics.
    pub(super) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let durations = HistogramOpts::from(opts(&declared::JWKS_FETCH_DURATION))
            .buckets(FETCH_BUCKETS.to_vec());
        let last_success = &declared::JWKS_LAST_SUCCESS;
        Ok(Self {
            refresh: registered(registry, counters(&declared::JWKS_REFRESH)?)?,
            durations: registered(
                registry,
                HistogramVec::new(durations, declared::JWKS_FETCH_DURATION.labels)?,
            )?,
            failures: registered(registry, gauges(&declared::JWKS_CONSECUTIVE_FAILURES)?)?,
            keys: registered(registry, gauges(&declared::JWKS_KEYS)?)?,
            last_success: registered(
                registry,
                GaugeVec::new(opts(last_success), last_success.labels)?,
            )?,
        })
    }

    /// Returns the metrics of one issuer.
    pub(super) fn of(&self, issuer: &str) -> JwksMetrics {
        JwksMetrics {
            succeeded: self.refresh.with_label_values(&[issuer, "success"]),
            failed: self.refresh.with_label_values(&[issuer, "failure"]),
            consecutive_failures: self.failures.with_label_values(&[issuer]),
            duration: self.durations.with_label_values(&[issuer]),
            keys: self.keys.with_label_values(&[issuer]),
            last_success: self.last_success.clone(),
            issuer: issuer.to_owned(),
        }
    }

    /// Removes the series of an issuer that no longer exists. A series that does not exist need not
    /// be removed.
    pub(super) fn forget(&self, issuer: &str) {
        let _ = self.failures.remove_label_values(&[issuer]);
        let _ = self.keys.remove_label_values(&[issuer]);
        let _ = self.last_success.remove_label_values(&[issuer]);
        let _ = self.durations.remove_label_values(&[issuer]);
        for result in ["success", "failure"] {
            let _ = self.refresh.remove_label_values(&[issuer, result]);
        }
    }
}

impl JwksMetrics {
    /// Records when keys were last fetched, in seconds since 1970. Keys that are not fetched have
    /// no such time and no series.
    pub fn succeeded_at(&self, seconds: f64) {
        self.last_success
            .with_label_values(&[self.issuer.as_str()])
            .set(seconds);
    }
}
