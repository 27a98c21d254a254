//! Signal handling from the start of the process on.

use std::io::{self, IsTerminal as _};

use nix::sys::signal::{SigSet, Signal};
use tokio::signal::unix::{self, SignalKind, signal};
use tokio::sync::watch;

/// Signals that stay pending until there are handlers. Without this they would end the process, and
/// a service manager may send them as soon as it has started it.
pub(super) struct HeldSignals {
    signals: SigSet,
    is_hang_up_ignored: bool,
}

/// The effect of SIGHUP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HangUp {
    /// The configuration is reloaded, as by other services.
    Reload,
    /// The program ends, as other programs do when their terminal is closed.
    End,
}

/// Receives signals, including those that were pending.
pub(super) struct Signals {
    hang_up: unix::Signal,
    terminate: unix::Signal,
    interrupt: unix::Signal,
    user_1: unix::Signal,
    user_2: unix::Signal,
    /// `true` if SIGHUP ends the program; never under `nohup`.
    ends_by_hang_up: bool,
}

impl HangUp {
    /// Returns the effect of SIGHUP for a service with or without a configuration file, and with or
    /// without a service manager.
    pub(super) fn of(has_file: bool, has_manager: bool) -> Self {
        if has_manager || (has_file && !std::io::stdin().is_terminal()) {
            Self::Reload
        } else {
            Self::End
        }
    }
}

impl HeldSignals {
    /// Blocks the signals. Must be called before there are other threads, which would still receive
    /// them.
    pub(super) fn hold() -> Self {
        let signals: SigSet = [
            Signal::SIGHUP,
            Signal::SIGTERM,
            Signal::SIGINT,
            Signal::SIGUSR1,
            Signal::SIGUSR2,
        ]
        .into_iter()
        .collect();
        // This fails only for numbers that are not signals.
        let _ = signals.thread_block();
        Self {
            signals,
            is_hang_up_ignored: is_hang_up_ignored(),
        }
    }

    /// Unblocks the signals. Without handlers, they have their default effect.
    pub(super) fn release(&self) {
        let _ = self.signals.thread_unblock();
    }

    /// Installs handlers and unblocks the signals. Must be called inside a tokio runtime.
    pub(super) fn listen(&self, on_hang_up: HangUp) -> io::Result<Signals> {
        let [hang_up, terminate, interrupt, user_1, user_2] = [
            SignalKind::hangup(),
            SignalKind::terminate(),
            SignalKind::interrupt(),
            SignalKind::user_defined1(),
            SignalKind::user_defined2(),
        ]
        .map(signal);
        let signals = Signals {
            hang_up: hang_up?,
            terminate: terminate?,
            interrupt: interrupt?,
            user_1: user_1?,
            user_2: user_2?,
            ends_by_hang_up: on_hang_up == HangUp::End && !self.is_hang_up_ignored,
        };
        self.release();
        Ok(signals)
    }
}

impl Signals {
    /// Resolves when SIGTERM or SIGINT arrives, or a SIGHUP that ends the program.
    pub(super) async fn end(&mut self) {
        let ends_by_hang_up = self.ends_by_hang_up;
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            _ = self.hang_up.recv(), if ends_by_hang_up => {}
        }
    }

    /// Resolves with the next signal.
    async fn next(&mut self) -> SignalKind {
        tokio::select! {
            _ = self.terminate.recv() => SignalKind::terminate(),
            _ = self.interrupt.recv() => SignalKind::interrupt(),
            _ = self.hang_up.recv() => SignalKind::hangup(),
            _ = self.user_1.recv() => SignalKind::user_defined1(),
            _ = self.user_2.recv() => SignalKind::user_defined2(),
        }
    }

    /// Turns each signal that ends the service into a shutdown request, and each other SIGHUP into a
    /// reload request. Without `reload` such a SIGHUP is ignored. SIGUSR1 and SIGUSR2 are ignored
    /// too: tools that rotate the logs of other servers send them. Must be called inside a tokio runtime.
    pub(super) fn forward(
        mut self,
        shutdown: watch::Sender<u32>,
        reload: Option<watch::Sender<u32>>,
    ) {
        tokio::spawn(async move {
            loop {
                let next = self.next().await;
                if next == SignalKind::user_defined1() {
                    ignored("SIGUSR1");
                } else if next == SignalKind::user_defined2() {
                    ignored("SIGUSR2");
                } else if next == SignalKind::hangup() && !self.ends_by_hang_up {
                    request_reload(reload.as_ref());
                } else {
                    shutdown.send_modify(|times| *times += 1);
                }
            }
        });
    }
}

fn request_reload(ask: Option<&watch::Sender<u32>>) {
    if let Some(ask) = ask {
        ask.send_modify(|times| *times += 1);
    } else {
        tracing::warn!("SIGHUP ignored: there is no configuration to reload");
    }
}

fn ignored(signal: &'static str) {
    tracing::warn!(
        signal,
        hint = "the log goes to stderr, so no file has to be reopened; SIGHUP reloads the configuration, SIGTERM ends the service",
        "signal ignored"
    );
}

/// Returns `true` if SIGHUP was ignored when the program began, as `nohup` does it (proc(5),
/// `SigIgn`: bit 0 is signal 1).
#[expect(
    clippy::disallowed_methods,
    reason = "it is called before anything runs, and the file is the kernel's"
)]
fn is_hang_up_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & 1 == 1)
}
