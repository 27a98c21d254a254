//! Credentials that the operator keeps in files: API keys, and users with passwords.

mod api_keys;
pub(super) mod explain;
mod followed_list;
mod follower;
mod hash_pool;
mod passwords;

use std::sync::Arc;

pub use api_keys::ApiKeys;
pub use followed_list::{FollowHistory, FollowedList};
pub use follower::Follower;
pub use hash_pool::HashPool;
pub use passwords::Passwords;
pub(super) use passwords::{MAX_PASSWORD, Pair};

use crate::config::ListedSettings;
use crate::domain::{IssuerIndex, Timestamp};
use crate::policy::IssuerProfile;

/// Credentials that the operator keeps in files.
#[derive(Default)]
pub struct Listed {
    /// API keys, if there is a file of them.
    pub api_keys: Option<ApiKeys>,
    /// Users with passwords, if there is a file of them.
    pub passwords: Option<Passwords>,
}

impl Listed {
    /// Makes the lists as they were read at `now`. Their positions follow those of the `issuers`.
    /// Passwords are hashed by this pool.
    pub fn new(
        settings: ListedSettings,
        issuers: usize,
        pool: &Arc<HashPool>,
        now: Timestamp,
    ) -> Self {
        let indices = settings.indices(issuers);
        let api_keys = settings.api_keys.zip(indices.api_keys);
        let passwords = settings.passwords.zip(indices.passwords);
        Self {
            api_keys: api_keys.map(|(settings, index)| ApiKeys::new(settings, index, now)),
            passwords: passwords
                .map(|(settings, index)| Passwords::new(settings, index, pool.clone(), now)),
        }
    }

    /// Returns the profile of the list at this position.
    pub fn profile(&self, index: IssuerIndex) -> Option<&IssuerProfile> {
        self.profiles().find(|profile| profile.index == index)
    }

    /// Returns the profiles of the lists, in the order of their positions.
    pub fn profiles(&self) -> impl Iterator<Item = &IssuerProfile> {
        let api_keys = self.api_keys.as_ref().map(ApiKeys::profile);
        let passwords = self.passwords.as_ref().map(Passwords::profile);
        api_keys.into_iter().chain(passwords)
    }

    /// Returns `true` if there is no list.
    pub const fn is_empty(&self) -> bool {
        self.api_keys.is_none() && self.passwords.is_none()
    }
}
