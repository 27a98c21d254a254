//! A new configuration for the running service.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::spawn_blocking;

use super::assembly::{PreparedConfiguration, SharedResources};
use super::key_refreshers::{Fetchers, fetchers};
use super::start_error::StartError;
use crate::config::{Configuration, ReloadTrigger, RestartOnlySettings, Source};
use crate::config_reader::{Files, Problem};
use crate::http::{ServiceSnapshot, VerifyService};
use crate::platform::LowPriorityThread;

/// How often the contents of the files are compared, where that was asked for.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often it is asked whether the last request has let go of a configuration.
const RETIRE_EVERY: Duration = Duration::from_millis(100);

/// Where a new configuration comes from, and who asks for it.
pub struct Reload {
    source: Arc<Source>,
    told: watch::Receiver<u32>,
    /// What the last reading was made of.
    read: Files,
    /// What the last look has seen.
    seen: Files,
}

impl Reload {
    /// A way to ask for a new configuration, and what it listens to. Each increment asks once.
    ///
    /// The files are those that the source was read from for the first time.
    pub fn channel(source: Source, files: Files) -> (watch::Sender<u32>, Self) {
        let (tell, told) = watch::channel(0);
        (
            tell,
            Self {
                source: source.into(),
                told,
                read: files.clone(),
                seen: files,
            },
        )
    }

    /// For a service whose configuration never changes.
    pub fn never() -> Self {
        Self::channel(Source::new(None, []), Files::default()).1
    }

    /// Puts each new configuration in force. One that is wrong is told, and changes nothing.
    pub(super) async fn follow(
        mut self,
        mut shared: SharedResources,
        service: Arc<VerifyService>,
        fixed: RestartOnlySettings,
        trigger: ReloadTrigger,
    ) {
        loop {
            let due = self.due(trigger).await;
            let manager = shared.platform.manager.clone();
            manager.reloading();
            let (source, looked_at) = (self.source.clone(), due.clone().unwrap_or_default());
            // Ten thousand routes take a while, and so may a disk.
            let read = shared.background.result(move || {
                let (configuration, files) = source.read_from(looked_at.clone());
                (configuration.map(PreparedConfiguration::new), files)
            });
            let read = read.await.map(|(prepared, files)| {
                self.seen = files.clone();
                // A file that is named for the first time was looked at once only, and may be in
                // the making.
                let is_settled = due.is_none_or(|looked_at| files.are_among(&looked_at));
                is_settled.then(|| self.read = files).map(|()| prepared)
            });
            let is_in_force = match read {
                Ok(None) => {
                    manager.still_serving(service.generation().number);
                    continue;
                }
                Ok(Some(Ok(prepared))) => activate(prepared, &mut shared, &service, &fixed).await,
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
            let number = service.generation().number;
            shared.metrics.count_reload(is_in_force, number);
            if is_in_force {
                manager.serving(number);
            } else {
                manager.still_serving(number);
            }
        }
    }

    /// Resolves when it is time to read the configuration, from the files as they were looked at,
    /// or from the disk if somebody asks; never, if nobody can ask and nobody watches.
    async fn due(&mut self, trigger: ReloadTrigger) -> Option<Files> {
        loop {
            tokio::select! {
                Ok(()) = self.told.changed() => return None,
                () = tokio::time::sleep(LOOK_EVERY), if trigger == ReloadTrigger::OnChange => {
                    if let Some(changed) = self.changed().await {
                        return Some(changed);
                    }
                }
                else => std::future::pending().await,
            }
        }
    }

    /// The files, if they are other than what was read last and the same as a look before: one that
    /// is being written is empty for a moment and then a part of itself, and fewer rules may be
    /// rules as well. Contents are compared, not times: Kubernetes changes a symlink in the way to
    /// them. That one cannot be read is a change like any other.
    async fn changed(&mut self) -> Option<Files> {
        let before = self.seen.clone();
        let now = spawn_blocking(move || before.reread()).await.ok()?;
        let is_settled = now == self.seen;
        self.seen = now;
        (is_settled && self.seen != self.read).then(|| self.seen.clone())
    }
}

/// Decisions may have to wait while this runs, so that it does nothing once for each route, only
/// for each series counted so far.
async fn activate(
    prepared: PreparedConfiguration,
    shared: &mut SharedResources,
    service: &VerifyService,
    fixed: &RestartOnlySettings,
) -> bool {
    if prepared.policy.routes().is_none()
        && service
            .generation()
            .decisions
            .gate
            .policy
            .routes()
            .is_some()
    {
        // More likely than a wish is a file that was cut off, and without routes every token opens
        // everything.
        let problem = Problem::new("routes", "missing; the configuration in force has some");
        let problem = problem.with_hint("restart to serve without them");
        tracing::error!(%problem, "configuration refused");
        return false;
    }
    let waiting = fixed.differing(&prepared.configuration);
    let number = service.generation().number + 1;
    let fetchers = fetchers_of(&prepared.configuration, shared).await;
    match fetchers.and_then(|fetchers| shared.build(prepared, fetchers, number)) {
        Ok(generation) => {
            retire(service.replace(generation), shared.background.clone());
            service.generation().decisions.forget_other_series();
            for setting in waiting {
                tracing::warn!(
                    setting,
                    "has changed and needs a restart; everything else is in force"
                );
            }
            tracing::info!(generation = number, "configuration in force");
            true
        }
        Err(error) => {
            tracing::error!(%error, "configuration refused");
            false
        }
    }
}

async fn fetchers_of(
    configuration: &Configuration,
    shared: &SharedResources,
) -> Result<Fetchers, StartError> {
    let wanted = shared.refreshers.wanted(&configuration.issuers);
    let egress = shared.platform.egress.clone();
    // Off the runtime, which also fetches other issuers' keys and handles signals.
    spawn_blocking(move || fetchers(wanted, &egress))
        .await
        .map_err(io::Error::other)?
}

/// Frees what was in force before, once the requests that began with it are over. Whoever lets go
/// last has to free ten thousand routes and a full cache, and that must not be a worker. A request
/// by gRPC holds the decisions alone.
fn retire(former: Arc<ServiceSnapshot>, background: LowPriorityThread) {
    tokio::spawn(async move {
        while Arc::strong_count(&former) > 1 || Arc::strong_count(&former.decisions) > 1 {
            tokio::time::sleep(RETIRE_EVERY).await;
        }
        background.free(former)
    });
}
