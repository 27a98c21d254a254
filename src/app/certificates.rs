//! The certificates of the verify listener, across changes of their files and of the configuration.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;

use crate::config::{TlsIdentity, TlsSettings};
use crate::domain::Clock;
use crate::http::CurrentTls;
use crate::telemetry::Metrics;

/// The interval at which the files are read, as files of keys are. Their contents are compared,
/// because no signal announces a rotation of certificates, and not every file system reports
/// changes.
const POLL_INTERVAL: Duration = Duration::from_secs(5);

/// Holds the certificates of the verify listener, and follows changes of their files.
#[derive(Clone)]
pub(super) struct Certificates {
    /// The settings that new handshakes use.
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
        certificates.accept();
        certificates.report(&identity);
        certificates
    }

    /// Activates the certificates of a new configuration.
    pub(super) fn replace(&self, next: TlsSettings) {
        let identity = next.identity.clone();
        let is_same = self.current.settings().identity.is_same(&identity);
        self.current.replace(next);
        self.accept();
        if !is_same {
            self.report(&identity);
        }
    }

    /// Reads the files again and again. Logs an error once; the active certificates stay active
    /// until the files are good again.
    pub(super) async fn follow(self) {
        loop {
            self.clock
                .reach(self.clock.moment().plus(POLL_INTERVAL))
                .await;
            self.check().await;
        }
    }

    async fn check(&self) {
        let current = self.current.settings().clone();
        let files = current.files.clone();
        // Off the runtime's thread: a disk that hangs must not delay the fetching of keys.
        let read =
            spawn_blocking(move || files.read().map_err(|problems| in_one_line(&problems))).await;
        match read.unwrap_or_else(|error| Err(error.to_string())) {
            Ok(identity) if identity.is_same(&current.identity) => self.accept(),
            Ok(identity) => {
                let next = TlsSettings {
                    files: current.files.clone(),
                    identity: identity.clone(),
                };
                if self.current.replace_if_still(&current, next) {
                    self.accept();
                    self.report(&identity);
                }
            }
            Err(error) => self.refuse(error),
        }
    }

    fn accept(&self) {
        self.current.last_error.store(None);
        self.metrics.certificate_accepted(true);
    }

    fn refuse(&self, error: String) {
        self.metrics.certificate_accepted(false);
        if self.current.last_error.load().as_deref() != Some(&error) {
            tracing::error!(%error, "new certificate refused; the last good one stays active");
            self.current.last_error.store(Some(error.into()));
        }
    }

    /// Logs the certificate and sets the metric of its end. An expired certificate is still
    /// presented: refusing handshakes would help no one, and the proxies decide for themselves.
    fn report(&self, identity: &TlsIdentity) {
        let not_after = identity.not_after;
        self.metrics.certificate_ends(not_after.as_secs());
        let mutual = identity.clients.is_some();
        if not_after <= self.clock.now() {
            tracing::warn!(not_after = %not_after.to_rfc3339(), mutual, "certificate active, and it has expired");
        } else {
            tracing::info!(not_after = %not_after.to_rfc3339(), mutual, "certificate active");
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
