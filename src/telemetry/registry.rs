//! Creates metrics from their declarations, and registers them.

use prometheus::{IntCounter, IntCounterVec, IntGaugeVec, Opts, Registry};

use super::metrics_reference as declared;
use super::metrics_reference::Metric;

/// Creates a family of counters.
pub(super) fn counters(metric: &Metric) -> Result<IntCounterVec, prometheus::Error> {
    IntCounterVec::new(opts(metric), metric.labels)
}

/// Creates a family of gauges.
pub(super) fn gauges(metric: &Metric) -> Result<IntGaugeVec, prometheus::Error> {
    IntGaugeVec::new(opts(metric), metric.labels)
}

/// Returns the options that all kinds of metrics have.
pub(super) fn opts(metric: &Metric) -> Opts {
    Opts::new(metric.name, metric.help)
}

/// Registers a metric and returns it.
pub(super) fn registered<C: prometheus::core::Collector + Clone + 'static>(
    registry: &Registry,
    collector: C,
) -> Result<C, prometheus::Error> {
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}

/// Creates the counter of dropped log lines, which is registered later: the log starts first.
pub(super) fn log_lines_dropped() -> Result<IntCounter, prometheus::Error> {
    IntCounter::with_opts(opts(&declared::LOG_LINES_DROPPED))
}
