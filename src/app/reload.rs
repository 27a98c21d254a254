//! Reloads the configuration of the running service.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::spawn_blocking;

use super::assembly::{NewClients, SharedResources, call_settings};
use super::introspectors::introspection_clients;
use super::key_refreshers::fetchers;
use super::prepared_configuration::PreparedConfiguration;
use super::start_error::StartError;
use super::user_directory::{CheckedDirectory, ReadyDirectory};
use crate::config::{Configuration, ReloadTrigger, RestartOnlySettings, Source};
use crate::config_reader::{Files, Problem};
use crate::http::{ServiceSnapshot, VerifyService};
use crate::platform::LowPriorityThread;

/// The interval at which the contents of the files are compared, with [`ReloadTrigger::OnChange`].
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// The interval at which a former configuration is checked for requests that still hold it.
const DROP_CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// The source of new configurations, and the receiver of requests to reload.
pub struct Reload {
    source: Arc<Source>,
    requests: watch::Receiver<u32>,
    /// The files of the last configuration that was read.
    last_read: Files,
    /// The files as the last poll found them.
    last_polled: Files,
}

impl Reload {
    /// Creates a sender and its receiver. Each increment of the sent number requests one reload.
    ///
    /// `files` are those that the source was first read from.
    pub fn channel(source: Source, files: Files) -> (watch::Sender<u32>, Self) {
        let (sender, requests) = watch::channel(0);
        (
            sender,
            Self {
                source: source.into(),
                requests,
                last_read: files.clone(),
                last_polled: files,
            },
        )
    }

    /// Returns a receiver for a service whose configuration never changes.
    pub fn never() -> Self {
        Self::channel(Source::new(None, []), Files::default()).1
    }

    /// Activates each new configuration. An invalid one is logged and changes nothing.
    pub(super) async fn follow(
        mut self,
        mut shared: SharedResources,
        service: Arc<VerifyService>,
        restart_only: RestartOnlySettings,
        trigger: ReloadTrigger,
    ) {
        loop {
            let due = self.due(trigger).await;
            let manager = shared.platform.manager.clone();
            manager.reloading();
            let (source, polled) = (self.source.clone(), due.clone().unwrap_or_default());
            // Ten thousand routes take a while, and the disk may be slow.
            let read = shared.background.result(move || {
                let (configuration, files) = source.read_from(polled.clone());
                (configuration.map(PreparedConfiguration::new), files)
            });
            let read = read.await.map(|(prepared, files)| {
                self.last_polled = files.clone();
                // A file that is named for the first time was read only once, and may still be in
                // the middle of a write.
                let is_settled = due.is_none_or(|polled| files.are_among(&polled));
                is_settled.then(|| {
                    self.last_read = files;
                    prepared
                })
            });
            let is_active = match read {
                // The next poll reads it again.
                Ok(None) => {
                    manager.waiting_for_files(service.snapshot().number);
                    continue;
                }
                Ok(Some(Ok(prepared))) => {
                    activate(prepared, &mut shared, &service, &restart_only).await
                }
                Ok(Some(Err(problems))) => {
                    problems
                        .iter()
                        .for_each(|problem| tracing::error!(%problem, "configuration refused"));
                    false
                }
                Err(error) => {
                    tracing::error!(%error, "configuration not read");
                    false
                }
            };
            let number = service.snapshot().number;
            if is_active {
                let now = shared.platform.clock.now();
                shared.metrics.configuration_accepted_at(now);
            }
            shared.metrics.count_reload(is_active, number);
            if is_active {
                manager.serving(number);
            } else {
                manager.still_serving(number);
            }
        }
    }

    /// Resolves when the configuration is to be read. Returns the files if a poll found a change,
    /// or `None` if a reload was requested, which reads from the disk. Never resolves if the sender
    /// is dropped and files are not polled.
    async fn due(&mut self, trigger: ReloadTrigger) -> Option<Files> {
        loop {
            tokio::select! {
                Ok(()) = self.requests.changed() => return None,
                () = tokio::time::sleep(POLL_INTERVAL), if trigger == ReloadTrigger::OnChange => {
                    if let Some(changed) = self.changed().await {
                        return Some(changed);
                    }
                }
                else => std::future::pending().await,
            }
        }
    }

    /// Returns the files if they differ from the last reading and are equal to those of the
    /// previous poll. A file that is being written is empty for a moment and then incomplete, and a
    /// part of the rules may be valid as well.
    ///
    /// Contents are compared, not times: Kubernetes changes a symlink in the path of the files. A
    /// file that cannot be read is a change like any other.
    async fn changed(&mut self) -> Option<Files> {
        let before = self.last_polled.clone();
        let now = spawn_blocking(move || before.reread()).await.ok()?;
        let is_settled = now == self.last_polled;
        self.last_polled = now;
        (is_settled && self.last_polled != self.last_read).then(|| self.last_polled.clone())
    }
}

/// Activates a configuration and returns `true`, or logs why it is refused.
///
/// Decisions may have to wait while this runs. So it does no work per route, only per series that
/// was counted so far.
async fn activate(
    prepared: PreparedConfiguration,
    shared: &mut SharedResources,
    service: &VerifyService,
    restart_only: &RestartOnlySettings,
) -> bool {
    if prepared.policy.routes().is_none()
        && service.snapshot().decisions.gate.policy.routes().is_some()
    {
        // A truncated file is more likely than intent, and without routes every token would open
        // everything.
        let problem = Problem::new(
            "routes",
            "missing; the active configuration has some",
            "restart to serve without them",
        );
        tracing::error!(%problem, "configuration refused");
        return false;
    }
    let changed = restart_only.differing(&prepared.configuration);
    let number = service.snapshot().number + 1;
    let level = prepared.configuration.logging.level;
    let clients = clients_of(&prepared.configuration, shared).await;
    match clients.and_then(|clients| shared.build(prepared, clients, number)) {
        Ok(snapshot) => {
            drop_when_unused(service.replace(snapshot), shared.background.clone());
            service.snapshot().decisions.remove_stale_series();
            shared.platform.log_filter.set(level);
            for setting in changed {
                tracing::warn!(
                    setting,
                    "has changed and needs a restart; everything else is active"
                );
            }
            tracing::info!(generation = number, "configuration active");
            true
        }
        Err(error) => {
            tracing::error!(%error, "configuration refused");
            false
        }
    }
}

async fn clients_of(
    configuration: &Configuration,
    shared: &mut SharedResources,
) -> Result<NewClients, StartError> {
    let directory = shared.prepare_directory(configuration)?;
    let keys = shared.refreshers.wanted(&configuration.issuers);
    let calls = call_settings(configuration);
    let asked = shared.introspectors.wanted(&configuration.issuers, calls);
    let egress = shared.platform.egress.clone();
    // Off the runtime's thread, which also fetches keys of other issuers and handles signals.
    let created = spawn_blocking(move || {
        Ok(NewClients {
            fetchers: fetchers(keys, &egress)?,
            introspection: introspection_clients(asked, &egress)?,
            directory: directory
                .map_or_else(|| Ok(ReadyDirectory::default()), CheckedDirectory::wait)?,
        })
    });
    created.await.map_err(io::Error::other)?
}

/// Drops the former configuration once the requests that began with it are over. The last owner has
/// to free ten thousand routes and a full cache, and that must not be a worker. A gRPC request
/// holds only the decisions.
fn drop_when_unused(former: Arc<ServiceSnapshot>, background: LowPriorityThread) {
    tokio::spawn(async move {
        while Arc::strong_count(&former) > 1 || Arc::strong_count(&former.decisions) > 1 {
            tokio::time::sleep(DROP_CHECK_INTERVAL).await;
        }
        background.free(former)
    });
}
