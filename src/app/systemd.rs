//! The service manager that has started us and wants to know how we are (`sd_notify(3)`).

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::Arc;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

use crate::http::Heartbeat;

/// The service manager that has started us, such as systemd. Without one nobody is told anything.
#[derive(Debug, Clone, Default)]
pub struct SystemdNotifier {
    reports: Option<Arc<(UnixDatagram, SocketAddr)>>,
    /// How often it must hear from us, or it starts us anew.
    patience: Option<Duration>,
}

/// What the manager's variables say cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum UnknownManager {
    /// There is no such address.
    #[error("NOTIFY_SOCKET: {0:?} cannot be written to (a path, or @ and an abstract name): {1}")]
    Address(OsString, io::Error),
    /// No number of microseconds.
    #[error("WATCHDOG_USEC: {0:?} is no number of microseconds (set WatchdogSec= in the unit)")]
    Watchdog(OsString),
}

/// How often the serving threads note the time while the manager waits.
const BEATS: u32 = 12;

impl SystemdNotifier {
    /// As it has introduced itself to the process of this id.
    pub fn of_environment(
        environment: &[(OsString, OsString)],
        process: u32,
    ) -> Result<Self, UnknownManager> {
        let variable = |name: &str| {
            environment
                .iter()
                .find(|(own, _)| own == name)
                .map(|(_, value)| value)
        };
        let reports = variable("NOTIFY_SOCKET")
            .filter(|address| !address.is_empty())
            .map(|address| {
                let opened = open(address).map(Arc::new);
                opened.map_err(|error| UnknownManager::Address(address.clone(), error))
            });
        // The watchdog may be meant for another process, from which we have the variables.
        let is_ours =
            variable("WATCHDOG_PID").is_none_or(|id| id.to_str() == Some(&process.to_string()));
        let patience = variable("WATCHDOG_USEC").filter(|_| is_ours).map(|text| {
            let micros = text
                .to_str()
                .and_then(|text| text.parse().ok())
                .filter(|micros| *micros > 0);
            micros
                .map(Duration::from_micros)
                .ok_or_else(|| UnknownManager::Watchdog(text.clone()))
        });
        Ok(Self {
            reports: reports.transpose()?,
            patience: patience.transpose()?,
        })
    }

    /// The service serves, by the configuration of this number.
    pub(super) fn serving(&self, configuration: u64) {
        self.notify(&format!(
            "READY=1\nSTATUS=serving by configuration {configuration}"
        ));
    }

    /// A new configuration is being read.
    pub(super) fn reloading(&self) {
        // systemd takes what we say for an answer to its signal only if it is younger.
        let now = clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(Duration::ZERO, Duration::from);
        self.notify(&format!(
            "RELOADING=1\nMONOTONIC_USEC={}\nSTATUS=reading a new configuration",
            now.as_micros()
        ));
    }

    /// It is not in force, but the one of this number still is.
    pub(super) fn still_serving(&self, configuration: u64) {
        let status =
            format!("serving by configuration {configuration}; a new one was refused, see the log");
        self.notify(&format!("READY=1\nSTATUS={status}"));
    }

    /// The service stops, which takes at most so long.
    pub(super) fn stopping(&self, at_most: Duration) {
        let extension = (at_most + Duration::from_secs(5)).as_micros();
        self.notify(&format!(
            "STOPPING=1\nSTATUS=stopping\nEXTEND_TIMEOUT_USEC={extension}"
        ));
    }

    /// What its watchdog is to be told about; nothing if it has none.
    pub(super) fn heartbeat(&self) -> Option<Heartbeat> {
        self.reports.as_ref()?;
        Some(Heartbeat::new(self.patience? / BEATS))
    }

    /// Tells the watchdog again and again that all is well, as long as the serving threads come
    /// round, and this one.
    pub(super) async fn notify_watchdog(self, heartbeat: Heartbeat) {
        let Some(patience) = self.patience else {
            return;
        };
        loop {
            if heartbeat.is_regular() {
                self.notify("WATCHDOG=1");
            } else {
                tracing::error!(
                    "a serving thread is stuck; the service manager's watchdog is not told that all is well"
                );
            }
            tokio::time::sleep(patience / 2).await;
        }
    }

    fn notify(&self, state: &str) {
        let Some((socket, manager)) = self.reports.as_deref() else {
            return;
        };
        if let Err(error) = socket.send_to_addr(state.as_bytes(), manager) {
            tracing::warn!(%error, "the service manager cannot be told how the service is");
        }
    }
}

fn open(address: &OsStr) -> io::Result<(UnixDatagram, SocketAddr)> {
    let manager = match address.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        [b'/', ..] => SocketAddr::from_pathname(address)?,
        _ => return Err(io::ErrorKind::Unsupported.into()),
    };
    let socket = UnixDatagram::unbound()?;
    // A manager that does not read must not keep the service from serving.
    socket.set_nonblocking(true)?;
    Ok((socket, manager))
}
