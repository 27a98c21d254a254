//! Signals, from the first moment on.

use std::io;

use nix::sys::signal::{SigSet, Signal};
use tokio::signal::unix::{self, SignalKind, signal};
use tokio::sync::watch;

/// Signals that stay pending until there are handlers. Without that they would end the program, and
/// a service manager may send them as soon as it has started it.
pub(super) struct HeldSignals(SigSet);

/// Receives signals, first those that came before there was a receiver.
pub(super) struct Signals {
    hang_up: unix::Signal,
    terminate: unix::Signal,
    interrupt: unix::Signal,
}

impl HeldSignals {
    /// Blocks them. To be called before there are other threads, which would still get them.
    pub(super) fn hold() -> Self {
        let signals: SigSet = [Signal::SIGHUP, Signal::SIGTERM, Signal::SIGINT]
            .into_iter()
            .collect();
        // It fails only for numbers that are no signals.
        let _ = signals.thread_block();
        Self(signals)
    }

    /// Unblocks them: without handlers they do what they do to any program.
    pub(super) fn release(&self) {
        let _ = self.0.thread_unblock();
    }

    /// Installs handlers and unblocks them. Must be called inside a tokio runtime.
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
    /// Resolves when the service is to end.
    pub(super) async fn end(&mut self) {
        either(&mut self.terminate, &mut self.interrupt).await;
    }

    /// Every SIGTERM and every SIGINT tells once. SIGHUP asks for a reload; where there is no
    /// configuration it must not end the service, as it would end a program without a handler. Must
    /// be called inside a tokio runtime.
    pub(super) fn forward(
        self,
        tell: watch::Sender<u32>,
        ask_for_reload: Option<watch::Sender<u32>>,
    ) {
        let Self {
            mut hang_up,
            mut terminate,
            mut interrupt,
        } = self;
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = either(&mut terminate, &mut interrupt) => tell.send_modify(|times| *times += 1),
                    _ = hang_up.recv() => if let Some(ask) = &ask_for_reload {
                        ask.send_modify(|times| *times += 1);
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
