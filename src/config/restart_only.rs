//! Settings that change only when the service is restarted.

use super::Configuration;
use super::logging::Logging;
use super::server::ServerSettings;
use super::traces::TraceSettings;

/// The settings that change only when the service is restarted: sockets, threads, logging and the
/// export of spans.
#[derive(Debug, Clone)]
pub struct RestartOnlySettings {
    server: ServerSettings,
    logging: Logging,
    is_tls: bool,
    traces: Option<TraceSettings>,
}

impl RestartOnlySettings {
    /// Copies them from a configuration.
    pub fn of(configuration: &Configuration) -> Self {
        let Configuration {
            server,
            logging,
            traces,
            tls,
            ..
        } = configuration;
        Self {
            server: server.clone(),
            logging: logging.clone(),
            traces: traces.clone(),
            is_tls: tls.is_some(),
        }
    }

    /// Returns the names of the settings that have another value in `other`.
    pub fn differing(&self, other: &Configuration) -> Vec<&'static str> {
        let (own, new) = (&self.server, &other.server);
        let (own_log, new_log) = (&self.logging, &other.logging);
        let (own_traces, new_traces) = (self.traces.as_ref(), other.traces.as_ref());
        let ratio =
            |traces: Option<&TraceSettings>| traces.map(|traces| traces.sample_ratio.to_bits());
        let same = [
            // Other files are allowed: their contents are reloaded while the service runs. TLS
            // itself cannot be switched on or off.
            ("tls_certificate_file", self.is_tls == other.tls.is_some()),
            ("listen", own.listen == new.listen),
            ("admin_listen", own.admin_listen == new.admin_listen),
            ("grpc_listen", own.grpc_listen == new.grpc_listen),
            (
                "unix_socket_mode",
                own.unix_socket.mode == new.unix_socket.mode,
            ),
            (
                "unix_socket_group",
                own.unix_socket.group == new.unix_socket.group,
            ),
            ("workers", own.workers == new.workers),
            ("keep_alive", own.keep_alive == new.keep_alive),
            (
                "client_header_timeout",
                own.client_header_timeout == new.client_header_timeout,
            ),
            (
                "max_connections",
                own.max_connections == new.max_connections,
            ),
            ("shutdown_delay", own.shutdown_delay == new.shutdown_delay),
            (
                "shutdown_timeout",
                own.shutdown_timeout == new.shutdown_timeout,
            ),
            ("reload", own.reload == new.reload),
            ("log_format", own_log.format == new_log.format),
            (
                "metrics_route_label",
                own_log.metrics_route_label == new_log.metrics_route_label,
            ),
            (
                "otlp_endpoint",
                own_traces.map(|own| &own.url) == new_traces.map(|new| &new.url),
            ),
            ("trace_sample_ratio", ratio(own_traces) == ratio(new_traces)),
            (
                "otlp_headers",
                own_traces.map(TraceSettings::exposed) == new_traces.map(TraceSettings::exposed),
            ),
        ];
        same.into_iter()
            .filter(|(_, is_same)| !is_same)
            .map(|(name, _)| name)
            .collect()
    }
}
