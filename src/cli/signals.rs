//! Signal handling from the start of the process on.

use std::io;

use nix::sys::signal::{SigSet, Signal};
use tokio::signal::unix::{self, SignalKind, signal};
use tokio::sync::watch;

/// Signals that stay pending until there are handlers. Without this they would end the process, and
/// a service manager may send them as soon as it has started it.
pub(super) struct HeldSignals(SigSet);

/// Receives signals, including those that were pending.
pub(super) struct Signals {
    hang_up: unix::Signal,
    terminate: unix::Signal,
    interrupt: unix::Signal,
}

impl HeldSignals {
    /// Blocks the signals. Must be called before there are other threads, which would still receive
    /// them.
    pub(super) fn hold() -> Self {
        let signals: SigSet = [Signal::SIGHUP, Signal::SIGTERM, Signal::SIGINT]
            .into_iter()
            .collect();
        // This fails only for numbers that are not signals.
        let _ = signals.thread_block();
        Self(signals)
    }

    /// Unblocks the signals. Without handlers, they have their default effect.
    pub(super) fn release(&self) {
        let _ = self.0.thread_unblock();
    }

    /// Installs handlers and unblocks the signals. Must be called inside a tokio runtime.
    pub(super) fn listen(&self) -> io::Result<Signals> {
        let [hang_up, terminate, interrupt] = [
            SignalKind::hangup(),
            SignalKind::terminate(),
            SignalKind::interrupt(),
        ]
        .map(signal);
        let signals = Signals {
            hang_up: hang_up?,
            terminate: terminate?,
            interrupt: interrupt?,
        };
        self.release();
        Ok(signals)
    }
}

impl Signals {
    /// Resolves when SIGTERM or SIGINT arrives.
    pub(super) async fn end(&mut self) {
        either(&mut self.terminate, &mut self.interrupt).await;
    }

    /// Turns each SIGTERM and SIGINT into a shutdown request, and each SIGHUP into a reload
    /// request. Without `reload`, SIGHUP is ignored: it must not end the service, as it would end a
    /// program without a handler. Must be called inside a tokio runtime.
    pub(super) fn forward(self, shutdown: watch::Sender<u32>, reload: Option<watch::Sender<u32>>) {
        let Self {
            mut hang_up,
            mut terminate,
            mut interrupt,
        } = self;
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = either(&mut terminate, &mut interrupt) => shutdown.send_modify(|times| *times += 1),
                    _ = hang_up.recv() => if let Some(reload) = &reload {
                        reload.send_modify(|times| *times += 1);
                    } else {
                        tracing::warn!("SIGHUP ignored: there is no configuration to read anew");
                    },
                }
            }
        });
    }
}

async fn either(one: &mut unix::Signal, other: &mut unix::Signal) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}
