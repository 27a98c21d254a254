//! Tasks that follow the files of credentials.

use std::sync::Arc;
use std::thread::available_parallelism;

use tokio::task::JoinHandle;

use super::platform::Platform;
use crate::authenticators::{FollowedList, Follower, HashPool, Listed};
use crate::config::{API_KEYS, BASIC, CredentialFile, ListedSettings};
use crate::telemetry::Metrics;

/// The tasks that follow the files of credentials. Dropping it ends the tasks.
pub(super) struct CredentialLists {
    pool: Arc<HashPool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Default for CredentialLists {
    fn default() -> Self {
        Self {
            pool: hash_pool(),
            tasks: Vec::new(),
        }
    }
}

/// Returns a pool for the cores of this machine.
pub(super) fn hash_pool() -> Arc<HashPool> {
    let cores = available_parallelism().map_or(1, usize::from);
    Arc::new(HashPool::new(cores))
}

impl CredentialLists {
    /// Makes the lists of a configuration with this number of issuers, and follows their files from
    /// now on. The lists of the previous configuration are no longer followed.
    pub(super) fn replace(
        &mut self,
        settings: ListedSettings,
        issuers: usize,
        platform: &Platform,
        metrics: &Metrics,
    ) -> Listed {
        self.tasks.drain(..).for_each(|task| task.abort());
        let api_key_file = settings.api_keys.as_ref().map(|own| own.file.clone());
        let password_file = settings.passwords.as_ref().map(|own| own.file.clone());
        let listed = Listed::new(settings, issuers, &self.pool, platform.clock.now());
        match api_key_file.zip(listed.api_keys.as_ref()) {
            Some((file, keys)) => self.follow(API_KEYS, file, keys.list(), platform, metrics),
            None => metrics.forget_list(API_KEYS),
        }
        match password_file.zip(listed.passwords.as_ref()) {
            Some((file, users)) => self.follow(BASIC, file, users.list(), platform, metrics),
            None => metrics.forget_list(BASIC),
        }
        listed
    }

    fn follow<F: CredentialFile>(
        &mut self,
        name: &'static str,
        file: F,
        list: &Arc<FollowedList<F::List>>,
        platform: &Platform,
        metrics: &Metrics,
    ) {
        let follower = Follower {
            name,
            file,
            list: list.clone(),
            clock: platform.clock.clone(),
            metrics: metrics.list(name),
        };
        self.tasks.push(tokio::spawn(follower.run()));
    }
}

impl Drop for CredentialLists {
    fn drop(&mut self) {
        self.tasks.drain(..).for_each(|task| task.abort());
    }
}
