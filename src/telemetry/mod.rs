//! Layer 4: telemetry: metrics, events, the access log and spans.
//!
//! No token gets into this module, and no label or field is copied from one.

mod access_log;
mod cache_use;
mod client_address;
mod decision_counters;
mod dependency_metrics;
mod jwks_metrics;
mod list_metrics;
mod log_line;
mod log_queue;
mod logging;
mod metrics;
mod metrics_reference;
mod outcome;
mod rate_limit_counters;
mod registry;
mod reload_metrics;
mod spans;
mod throttle;
mod unusable_requests;

pub(crate) use access_log::request_id;
pub use access_log::{AccessEntry, AccessLogger, ChosenField, DigestStart, OriginalRequestTexts};
pub use cache_use::CacheUse;
pub(crate) use client_address::client_address;
pub use decision_counters::DecisionCounters;
pub use dependency_metrics::DependencyMetrics;
pub use jwks_metrics::JwksMetrics;
pub use list_metrics::ListMetrics;
pub use log_queue::LogQueue;
pub use logging::{LogFilter, install};
pub use metrics::Metrics;
pub use metrics_reference::metrics_reference;
pub use outcome::Outcome;
pub use rate_limit_counters::RateLimitCounters;
pub use spans::Spans;
pub use unusable_requests::{UnusableKind, UnusableRequest, UnusableRequests};
