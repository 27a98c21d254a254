//! Metrics of reloads: of the configuration and of the certificate files.

use prometheus::{IntCounterVec, IntGauge, IntGaugeVec, Registry};

use super::metrics_reference as declared;
use super::registry::{counters, gauges, opts, registered};

/// The metrics of reloads.
pub(super) struct ReloadMetrics {
    generation: IntGauge,
    reloads: IntCounterVec,
    is_successful: IntGauge,
    last_success: IntGauge,
    certificate_ends: IntGaugeVec,
    certificate_accepted: IntGaugeVec,
}

impl ReloadMetrics {
    /// Registers the metrics as they are after a start, with the first configuration active.
    pub(super) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let gauge = |metric| registered(registry, IntGauge::with_opts(opts(metric))?);
        let metrics = Self {
            generation: gauge(&declared::CONFIG_GENERATION)?,
            reloads: registered(registry, counters(&declared::CONFIG_RELOAD)?)?,
            is_successful: gauge(&declared::CONFIG_LAST_RELOAD_SUCCESSFUL)?,
            last_success: gauge(&declared::CONFIG_LAST_RELOAD_SUCCESS)?,
            certificate_ends: registered(registry, gauges(&declared::TLS_CERTIFICATE_NOT_AFTER)?)?,
            certificate_accepted: registered(
                registry,
                gauges(&declared::TLS_LAST_RELOAD_SUCCESSFUL)?,
            )?,
        };
        metrics.generation.set(1);
        metrics.is_successful.set(1);
        // These series exist before the first event, so that an alert sees that event too.
        for result in ["success", "failure"] {
            metrics.reloads.with_label_values(&[result]);
        }
        Ok(metrics)
    }

    pub(super) fn count(&self, is_success: bool, generation: u64) {
        self.is_successful.set(is_success.into());
        self.reloads
            .with_label_values(&[if is_success { "success" } else { "failure" }])
            .inc();
        self.generation
            .set(generation.try_into().unwrap_or(i64::MAX));
    }

    pub(super) fn succeeded_at(&self, seconds: i64) {
        self.last_success.set(seconds);
    }

    pub(super) fn certificate_ends(&self, seconds: i64) {
        self.certificate_ends
            .with_label_values::<&str>(&[])
            .set(seconds);
    }

    pub(super) fn certificate_accepted(&self, is_accepted: bool) {
        self.certificate_accepted
            .with_label_values::<&str>(&[])
            .set(is_accepted.into());
    }
}
