//! Reports the state of the service to the service manager that started it (`sd_notify(3)`).

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::Arc;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

use crate::http::Heartbeat;

/// The connection to the service manager that started this process, such as systemd. Without a
/// service manager, nothing is reported.
#[derive(Debug, Clone, Default)]
pub struct SystemdNotifier {
    socket: Option<Arc<(UnixDatagram, SocketAddr)>>,
    /// The timeout of the manager's watchdog. The manager restarts a service that does not report
    /// within this time.
    watchdog_timeout: Option<Duration>,
}

/// An environment variable of the service manager that is malformed.
#[derive(Debug, thiserror::Error)]
pub enum UnknownManager {
    /// `NOTIFY_SOCKET` is not an address that can be written to.
    #[error("NOTIFY_SOCKET: {0:?} cannot be written to (a path, or @ and an abstract name): {1}")]
    Address(OsString, io::Error),
    /// `WATCHDOG_USEC` is not a number of microseconds.
    #[error("WATCHDOG_USEC: {0:?} is no number of microseconds (set WatchdogSec= in the unit)")]
    Watchdog(OsString),
}

/// The number of times that each thread of the HTTP listeners notes the time within one watchdog
/// timeout.
const TICKS_PER_TIMEOUT: u32 = 12;

impl SystemdNotifier {
    /// Reads `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` from these variables. The watchdog
    /// is used only if it is meant for the process with this id.
    ///
    /// Fails with [`UnknownManager`] if a variable is malformed.
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
        let socket = variable("NOTIFY_SOCKET")
            .filter(|address| !address.is_empty())
            .map(|address| {
                let opened = open(address).map(Arc::new);
                opened.map_err(|error| UnknownManager::Address(address.clone(), error))
            });
        // The watchdog may be meant for another process, from which this one inherited the
        // variables.
        let is_ours =
            variable("WATCHDOG_PID").is_none_or(|id| id.to_str() == Some(&process.to_string()));
        let watchdog_timeout = variable("WATCHDOG_USEC").filter(|_| is_ours).map(|text| {
            let micros = text
                .to_str()
                .and_then(|text| text.parse().ok())
                .filter(|micros| *micros > 0);
            micros
                .map(Duration::from_micros)
                .ok_or_else(|| UnknownManager::Watchdog(text.clone()))
        });
        Ok(Self {
            socket: socket.transpose()?,
            watchdog_timeout: watchdog_timeout.transpose()?,
        })
    }

    /// Reports that the service is ready, with the configuration of this number.
    pub(super) fn serving(&self, configuration: u64) {
        self.notify(&format!(
            "READY=1\nSTATUS=serving by configuration {configuration}"
        ));
    }

    /// Reports that a new configuration is being read.
    pub(super) fn reloading(&self) {
        // systemd accepts this as the reply to its reload signal only if the time is later than the
        // signal.
        let now = clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(Duration::ZERO, Duration::from);
        self.notify(&format!(
            "RELOADING=1\nMONOTONIC_USEC={}\nSTATUS=reading a new configuration",
            now.as_micros()
        ));
    }

    /// Reports that a new configuration was refused, and that the one of this number is still
    /// active.
    pub(super) fn still_serving(&self, configuration: u64) {
        let status =
            format!("serving by configuration {configuration}; a new one was refused, see the log");
        self.notify(&format!("READY=1\nSTATUS={status}"));
    }

    /// Reports that the files of a new configuration are still being written, and that the one of
    /// this number is active meanwhile.
    pub(super) fn waiting_for_files(&self, configuration: u64) {
        let status = format!(
            "serving by configuration {configuration}; the files of a new one still change"
        );
        self.notify(&format!("READY=1\nSTATUS={status}"));
    }

    /// Reports that the service is stopping, and that this takes at most this long.
    pub(super) fn stopping(&self, at_most: Duration) {
        let extension = (at_most + Duration::from_secs(5)).as_micros();
        self.notify(&format!(
            "STOPPING=1\nSTATUS=stopping\nEXTEND_TIMEOUT_USEC={extension}"
        ));
    }

    /// Returns the heartbeat that the watchdog depends on, or `None` if there is no watchdog.
    pub(super) fn heartbeat(&self) -> Option<Heartbeat> {
        self.socket.as_ref()?;
        Some(Heartbeat::new(self.watchdog_timeout? / TICKS_PER_TIMEOUT))
    }

    /// Reports to the watchdog twice per timeout, as long as the heartbeat is regular. The reports
    /// also stop if the thread that runs this task is stuck.
    pub(super) async fn notify_watchdog(self, heartbeat: Heartbeat) {
        let Some(watchdog_timeout) = self.watchdog_timeout else {
            return;
        };
        loop {
            if heartbeat.is_regular() {
                self.notify("WATCHDOG=1");
            } else {
                tracing::error!(
                    "a thread of an HTTP listener is stuck; the service manager's watchdog gets no notification"
                );
            }
            tokio::time::sleep(watchdog_timeout / 2).await;
        }
    }

    fn notify(&self, state: &str) {
        let Some((socket, manager)) = self.socket.as_deref() else {
            return;
        };
        if let Err(error) = socket.send_to_addr(state.as_bytes(), manager) {
            tracing::warn!(%error, "the service manager cannot be notified");
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
    // A service manager that does not read its socket must not block the service.
    socket.set_nonblocking(true)?;
    Ok((socket, manager))
}
