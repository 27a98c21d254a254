//! Metrics as they are registered.

use prometheus::{IntCounter, IntCounterVec, IntGaugeVec, Opts, Registry};

use super::metrics_reference as declared;
use super::metrics_reference::Metric;

pub(super) fn counters(metric: &Metric) -> Result<IntCounterVec, prometheus::Error> {
    IntCounterVec::new(opts(metric), metric.labels)
}

pub(super) fn gauges(metric: &Metric) -> Result<IntGaugeVec, prometheus::Error> {
    IntGaugeVec::new(opts(metric), metric.labels)
}

pub(super) fn opts(metric: &Metric) -> Opts {
    Opts::new(metric.name, metric.help)
}

pub(super) fn registered<C: prometheus::core::Collector + Clone + 'static>(
    registry: &Registry,
    collector: C,
) -> Result<C, prometheus::Error> {
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}

pub(super) fn log_lines_dropped() -> Result<IntCounter, prometheus::Error> {
    IntCounter::with_opts(opts(&declared::LOG_LINES_DROPPED))
}
