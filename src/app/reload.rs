//! A new configuration for the running service.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::spawn_blocking;

use super::assembly::Workshop;
use super::background::in_background;
use crate::config::{Configuration, FixedSettings, ReloadTrigger, Source};
use crate::http::{Generation, VerifyService};

/// How often the contents of the file are compared, where that was asked for.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often it is asked whether the last request has let go of a configuration.
const RETIRE_EVERY: Duration = Duration::from_millis(100);

/// Where a new configuration comes from, and who asks for it.
pub struct Reload {
    source: Arc<Source>,
    told: watch::Receiver<u32>,
    contents: Option<Vec<u8>>,
}

impl Reload {
    /// A way to ask for a new configuration, and what it listens to. Each increment asks once.
    ///
    /// To be called before the source is read for the first time, so that no change after that is missed.
    pub fn channel(source: Source) -> (watch::Sender<u32>, Self) {
        let (tell, told) = watch::channel(0);
        let contents = source.file_contents();
        (tell, Self { source: source.into(), told, contents })
    }

    /// For a service whose configuration never changes.
    pub fn never() -> Self {
        Self::channel(Source::new(None, [])).1
    }

    /// Puts each new configuration in force. One that is wrong is told, and changes nothing.
    pub(super) async fn follow(
        mut self,
        mut workshop: Workshop,
        service: Arc<VerifyService>,
        fixed: FixedSettings,
        trigger: ReloadTrigger,
    ) {
        loop {
            self.due(trigger).await;
            let manager = workshop.surroundings.manager.clone();
            manager.reloading();
            let source = self.source.clone();
            // Ten thousand routes take a while, and so may a disk.
            let read = in_background(move || source.read()).await;
            let is_in_force = match read {
                Ok(Ok(configuration)) => put_in_force(configuration, &mut workshop, &service, &fixed),
                Ok(Err(problems)) => {
                    problems.iter().for_each(|problem| tracing::error!(%problem, "configuration refused"));
                    false
                }
                Err(error) => {
                    tracing::error!(%error, "configuration not read");
                    false
                }
            };
            let number = service.generation().number;
            workshop.metrics.count_reload(is_in_force, number);
            if is_in_force { manager.serving(number) } else { manager.still_serving(number) }
        }
    }

    /// Resolves when it is time to read the configuration; never, if nobody can ask and nobody watches.
    async fn due(&mut self, trigger: ReloadTrigger) {
        loop {
            tokio::select! {
                Ok(()) = self.told.changed() => {
                    self.has_changed().await;
                    return;
                }
                () = tokio::time::sleep(LOOK_EVERY), if trigger == ReloadTrigger::OnChange => {
                    if self.has_changed().await {
                        return;
                    }
                }
                else => std::future::pending().await,
            }
        }
    }

    /// Whether the file has other contents than when it was last looked at. Contents are compared, not times: Kubernetes
    /// changes a symlink in the way to it. A file that is gone for a moment has not changed.
    async fn has_changed(&mut self) -> bool {
        let source = self.source.clone();
        let contents = spawn_blocking(move || source.file_contents()).await.ok().flatten();
        let has_changed = contents.is_some() && contents != self.contents;
        if has_changed {
            self.contents = contents;
        }
        has_changed
    }
}

fn put_in_force(
    configuration: Configuration,
    workshop: &mut Workshop,
    service: &VerifyService,
    fixed: &FixedSettings,
) -> bool {
    let waiting = fixed.differing(&configuration);
    let number = service.generation().number + 1;
    match workshop.build(configuration, number) {
        Ok(generation) => {
            retire(service.replace(generation));
            for setting in waiting {
                tracing::warn!(setting, "has changed and needs a restart; everything else is in force");
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

/// Frees what was in force before, once the requests that began with it are over. Whoever lets go last has to free ten
/// thousand routes and a full cache, and that must not be a worker.
fn retire(former: Arc<Generation>) {
    tokio::spawn(async move {
        while Arc::strong_count(&former) > 1 {
            tokio::time::sleep(RETIRE_EVERY).await;
        }
        in_background(move || drop(former)).await
    });
}
