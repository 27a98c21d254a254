//! Settings that hold until the service is started anew.

use super::{Configuration, Logging, ServerSettings};

/// Settings that hold until the service is started anew: its sockets, its threads and how it logs.
#[derive(Debug, Clone)]
pub struct FixedSettings {
    server: ServerSettings,
    logging: Logging,
    is_tls: bool,
}

impl FixedSettings {
    /// Those of this configuration.
    pub fn of(configuration: &Configuration) -> Self {
        Self {
            server: configuration.server.clone(),
            logging: configuration.logging,
            is_tls: configuration.tls.is_some(),
        }
    }

    /// The names of those that this other configuration has otherwise.
    pub fn differing(&self, other: &Configuration) -> Vec<&'static str> {
        let (own, new) = (&self.server, &other.server);
        let (own_log, new_log) = (&self.logging, &other.logging);
        let same = [
            // Other files are fine: what is in them is looked at again and again.
            ("tls_certificate_file", self.is_tls == other.tls.is_some()),
            ("listen", own.listen == new.listen),
            ("admin_listen", own.admin_listen == new.admin_listen),
            ("unix_socket_mode", own.unix_socket.mode == new.unix_socket.mode),
            ("unix_socket_group", own.unix_socket.group == new.unix_socket.group),
            ("workers", own.workers == new.workers),
            ("keep_alive", own.keep_alive == new.keep_alive),
            ("client_header_timeout", own.client_header_timeout == new.client_header_timeout),
            ("max_connections", own.max_connections == new.max_connections),
            ("shutdown_delay", own.shutdown_delay == new.shutdown_delay),
            ("shutdown_timeout", own.shutdown_timeout == new.shutdown_timeout),
            ("reload", own.reload == new.reload),
            ("log", own_log.level == new_log.level),
            ("log_format", own_log.format == new_log.format),
            ("metrics_route_label", own_log.metrics_route_label == new_log.metrics_route_label),
        ];
        same.into_iter().filter(|(_, is_same)| !is_same).map(|(name, _)| name).collect()
    }
}
