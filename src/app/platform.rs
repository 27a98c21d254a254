//! The clock, the network, the log and the service manager.

use std::sync::Arc;

use super::systemd::SystemdNotifier;
use crate::config::LogFormat;
use crate::domain::Clock;
use crate::outbound::Egress;
use crate::telemetry::{LogFilter, LogQueue};

/// Everything outside of the service that it uses: the clock, the network, the log and the service
/// manager.
#[derive(Clone)]
pub struct Platform {
    /// The source of the time.
    pub clock: Arc<dyn Clock>,
    /// The way of the service's own requests: direct, or through a proxy.
    pub egress: Egress,
    /// The queue of log lines.
    pub log: LogQueue,
    /// The format of log lines.
    pub log_format: LogFormat,
    /// The control of how much is logged.
    pub log_filter: LogFilter,
    /// The service manager to which the state of the service is reported.
    pub manager: SystemdNotifier,
}
