//! What the service finds around it.

use std::sync::Arc;

use super::systemd::SystemdNotifier;
use crate::config::LogFormat;
use crate::domain::Clock;
use crate::outbound::Egress;
use crate::telemetry::LogQueue;

/// What the service finds around it.
#[derive(Clone)]
pub struct Platform {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How requests of our own leave the machine.
    pub egress: Egress,
    /// Where log lines go.
    pub log: LogQueue,
    /// How they look.
    pub log_format: LogFormat,
    /// Who is told how the service is.
    pub manager: SystemdNotifier,
}
