//! The certificates of the verify listener, across changes of their files and of the configuration.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;

use crate::config::{TlsIdentity, TlsSettings};
use crate::domain::Clock;
use crate::http::CurrentTls;
use crate::telemetry::Metrics;

/// How often the files are looked at, as those of keys are. Their contents are compared: whoever
/// rotates certificates tells nobody, and an event for each change is not to be had on every file
/// system.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The certificates of the verify listener.
#[derive(Clone)]
pub(super) struct Certificates {
    /// What handshakes go by.
    pub(super) current: Arc<CurrentTls>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
}

impl Certificates {
    pub(super) fn new(first: TlsSettings, clock: Arc<dyn Clock>, metrics: Arc<Metrics>) -> Self {
        let identity = first.identity.clone();
        let certificates = Self {
            current: Arc::new(CurrentTls::new(first)),
            clock,
            metrics,
        };
        certificates.note(&identity);
        certificates
    }

    /// Puts those of a new configuration in force.
    pub(super) fn replace(&self, next: TlsSettings) {
        let identity = next.identity.clone();
        let is_same = self.current.settings().identity.is_same(&identity);
        self.current.replace(next);
        self.current.last_error.store(None);
        if !is_same {
            self.note(&identity);
        }
    }

    /// Looks at the files again and again. What is not good is told once, and what was in force
    /// stays so.
    pub(super) async fn follow(self) {
        loop {
            self.clock.reach(self.clock.moment().plus(LOOK_EVERY)).await;
            self.check().await;
        }
    }

    async fn check(&self) {
        let current = self.current.settings().clone();
        let files = current.files.clone();
        // Off the runtime: a disk that hangs must not keep keys from being fetched.
        let read =
            spawn_blocking(move || files.read().map_err(|problems| in_one_line(&problems))).await;
        match read.unwrap_or_else(|error| Err(error.to_string())) {
            Ok(identity) if identity.is_same(&current.identity) => {
                self.current.last_error.store(None);
            }
            Ok(identity) => {
                let next = TlsSettings {
                    files: current.files.clone(),
                    identity: identity.clone(),
                };
                if self.current.replace_if_still(&current, next) {
                    self.current.last_error.store(None);
                    self.note(&identity);
                }
            }
            Err(error) => self.log(error),
        }
    }

    fn log(&self, error: String) {
        if self.current.last_error.load().as_deref() != Some(&error) {
            tracing::error!(%error, "new certificate refused; the one before stays in force");
            self.current.last_error.store(Some(error.into()));
        }
    }

    /// A certificate that is over is shown all the same: who turns proxies away would help nobody,
    /// and they decide.
    fn note(&self, identity: &TlsIdentity) {
        let not_after = identity.not_after;
        self.metrics.certificate_ends(not_after.as_secs());
        let mutual = identity.clients.is_some();
        if not_after <= self.clock.now() {
            tracing::warn!(not_after = %not_after.to_rfc3339(), mutual, "certificate in force, and it has expired");
        } else {
            tracing::info!(not_after = %not_after.to_rfc3339(), mutual, "certificate in force");
        }
    }
}

fn in_one_line(problems: &[impl ToString]) -> String {
    problems
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}
