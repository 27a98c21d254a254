//! Settings that change only when the service is restarted.

use super::Configuration;
use super::logging::Logging;
use super::server::{ServerSettings, UnixSocketSettings};
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
        // Each section stands here, so that nobody adds one and forgets this.
        let Configuration {
            server,
            logging,
            traces,
            tls,
            admin: _,
            proxy: _,
            failure_limit: _,
            tokens: _,
            claim_headers: _,
            answers: _,
            dependency_wait: _,
            issuers: _,
            listed: _,
            directory: _,
            routes: _,
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
        // Other files are allowed: their contents are reloaded while the service runs. TLS itself
        // cannot be switched on or off.
        let tls = [("tls_certificate_file", self.is_tls == other.tls.is_some())];
        tls.into_iter()
            .chain(compare_servers(&self.server, &other.server))
            .chain(compare_logging(&self.logging, &other.logging))
            .chain(TraceSettings::compare(
                self.traces.as_ref(),
                other.traces.as_ref(),
            ))
            .filter(|(_, is_same)| !is_same)
            .map(|(name, _)| name)
            .collect()
    }
}

/// The names of settings, and whether they have the same value.
type Compared<const N: usize> = [(&'static str, bool); N];

fn compare_servers(own: &ServerSettings, new: &ServerSettings) -> Compared<12> {
    // Each field stands here: a new one either needs a restart or does not.
    let ServerSettings {
        listen,
        admin_listen,
        grpc_listen,
        unix_socket: UnixSocketSettings { mode, group },
        workers,
        keep_alive,
        client_header_timeout,
        max_connections,
        shutdown_delay,
        shutdown_timeout,
        reload,
        given_listeners: _,
        readiness: _,
        explain: _,
    } = own;
    [
        ("listen", *listen == new.listen),
        ("admin_listen", *admin_listen == new.admin_listen),
        ("grpc_listen", *grpc_listen == new.grpc_listen),
        ("unix_socket_mode", *mode == new.unix_socket.mode),
        ("unix_socket_group", *group == new.unix_socket.group),
        ("workers", *workers == new.workers),
        ("keep_alive", *keep_alive == new.keep_alive),
        (
            "client_header_timeout",
            *client_header_timeout == new.client_header_timeout,
        ),
        ("max_connections", *max_connections == new.max_connections),
        ("shutdown_delay", *shutdown_delay == new.shutdown_delay),
        (
            "shutdown_timeout",
            *shutdown_timeout == new.shutdown_timeout,
        ),
        ("reload", *reload == new.reload),
    ]
}

fn compare_logging(own: &Logging, new: &Logging) -> Compared<2> {
    let Logging {
        format,
        metrics_route_label,
        level: _,
        access_log: _,
        access_log_fields: _,
    } = own;
    [
        ("log_format", *format == new.format),
        (
            "metrics_route_label",
            *metrics_route_label == new.metrics_route_label,
        ),
    ]
}
