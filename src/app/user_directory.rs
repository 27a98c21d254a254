//! The user directory, across changes of the configuration.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use super::platform::Platform;
use super::start_error::StartError;
use crate::config::{Configuration, DirectorySettings};
use crate::directory::{Directory, DirectoryClients, SqlDirectory};
use crate::outbound::dependency::DependencyName;
use crate::outbound::{SqlClient, SqlError};
use crate::telemetry::Metrics;
use tokio::runtime::Handle;

/// The directory of the active configuration. Its connections stay open while the settings of its
/// database are equal. Its answers are used while all of its settings and `dependency_wait` are.
#[derive(Default)]
pub(super) struct UserDirectory {
    active: Option<(Arc<SqlDirectory>, Duration)>,
}

/// A directory for a new configuration, whose query is being checked.
pub(super) struct CheckedDirectory {
    directory: Arc<SqlDirectory>,
    wait: Duration,
    /// The outcome of the check; `None` for the directory that is active already.
    outcome: Option<Receiver<Result<(), SqlError>>>,
    /// The longest wait for the check. After that the service goes on without it.
    limit: Duration,
}

/// A directory that may become active.
#[derive(Default)]
pub(super) struct ReadyDirectory(Option<(Arc<SqlDirectory>, Duration)>);

/// The time to wait beyond the timeout of the query, because a runtime may be busy.
const GRACE: Duration = Duration::from_millis(500);

impl UserDirectory {
    /// Creates the directory of a configuration, or returns the active one if nothing has changed.
    /// Its query is checked meanwhile.
    pub(super) fn prepare(
        &self,
        configuration: &Configuration,
        runtime: impl FnOnce() -> std::io::Result<Handle>,
        platform: &Platform,
        metrics: &Metrics,
    ) -> std::io::Result<Option<CheckedDirectory>> {
        let Some(settings) = &configuration.directory else {
            return Ok(None);
        };
        let wait = configuration.dependency_wait;
        let limit = settings.database.timeout + GRACE;
        if let Some(directory) = self.unchanged(settings, wait) {
            return Ok(Some(CheckedDirectory {
                directory,
                wait,
                outcome: None,
                limit,
            }));
        }
        let runtime = runtime()?;
        let clients = DirectoryClients {
            client: self.client(settings),
            runtime: runtime.clone(),
            clock: platform.clock.clone(),
            metrics: metrics.dependency(DependencyName::Directory.label(), None),
        };
        let directory = Arc::new(SqlDirectory::new(settings.clone(), wait, clients));
        let (sender, outcome) = sync_channel(1);
        let checked = directory.clone();
        runtime.spawn(async move {
            let described = checked.describe().await.map(drop);
            // Sending fails if nothing waits any more.
            let _ = sender.try_send(described);
        });
        Ok(Some(CheckedDirectory {
            directory,
            wait,
            outcome: Some(outcome),
            limit,
        }))
    }

    /// Makes a directory the active one, and returns it.
    pub(super) fn activate(&mut self, ready: ReadyDirectory, metrics: &Metrics) -> Directory {
        if self.active.is_some() && ready.0.is_none() {
            metrics.forget_dependency(DependencyName::Directory.label(), None);
        }
        if let (Some((new, _)), Some((former, _))) = (&ready.0, &self.active)
            && !Arc::ptr_eq(new, former)
        {
            // The new one has not failed yet.
            let label = DependencyName::Directory.label();
            metrics.dependency(label, None).breaker_open.set(0);
        }
        self.active = ready.0;
        match &self.active {
            Some((directory, _)) => Directory::Sql(directory.clone()),
            None => Directory::Off,
        }
    }

    fn unchanged(&self, settings: &DirectorySettings, wait: Duration) -> Option<Arc<SqlDirectory>> {
        let (active, active_wait) = self.active.as_ref()?;
        let is_same = active.settings() == settings && *active_wait == wait;
        is_same.then(|| active.clone())
    }

    fn client(&self, settings: &DirectorySettings) -> Arc<SqlClient> {
        let active = self.active.as_ref().map(|(active, _)| active);
        active
            .filter(|active| active.settings().database == settings.database)
            .map_or_else(
                || Arc::new(SqlClient::new(&settings.database)),
                |active| active.client().clone(),
            )
    }
}

impl CheckedDirectory {
    /// Waits until the query was checked. A database that cannot be asked is no error: it may come
    /// up later.
    ///
    /// This blocks the thread for a bounded time. Fails with [`StartError::Directory`] if the query
    /// can never run.
    #[expect(
        clippy::disallowed_methods,
        reason = "it waits for a bounded time, and its documentation says so"
    )]
    pub(super) fn wait(self) -> Result<ReadyDirectory, StartError> {
        let outcome = self.outcome.map(|outcome| outcome.recv_timeout(self.limit));
        match outcome {
            None | Some(Ok(Ok(()))) => {}
            Some(Ok(Err(SqlError::Query { message, hint }))) => {
                return Err(StartError::Directory { message, hint });
            }
            Some(Ok(Err(error))) => {
                tracing::warn!(%error, "the directory cannot be asked yet");
            }
            Some(Err(_)) => {
                tracing::warn!("the directory cannot be asked yet: no answer in time");
            }
        }
        Ok(ReadyDirectory(Some((self.directory, self.wait))))
    }
}
