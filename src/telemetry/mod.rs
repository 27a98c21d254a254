//! Floor 3: what the service tells about itself: metrics, events, the access log and spans.
//!
//! A token never gets here, and no label or field is taken from one.

mod access_log;
mod decision_counters;
mod jwks_metrics;
mod log_queue;
mod logging;
mod metrics;
mod metrics_reference;
mod spans;

pub(crate) use access_log::request_id;
pub use access_log::{AccessEntry, AccessLogger, DigestStart, OriginalTexts};
pub use decision_counters::DecisionCounters;
pub use jwks_metrics::JwksMetrics;
pub use log_queue::LogQueue;
pub use logging::install;
pub use metrics::{CacheUse, Metrics, Outcome};
pub use metrics_reference::metrics_reference;
pub use spans::Spans;
