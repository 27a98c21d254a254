//! The keys of one issuer as requests see them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use tokio::sync::watch;
use tokio::time::Instant;

use super::refetch::Refetch;
use crate::config::RefreshSettings;
use crate::domain::{Denial, Moment, Reason, Timestamp, Uptime};
use crate::jose::{Algorithm, Candidates, KeyFingerprint, KeySet, NoCandidate, VerificationKey};
use crate::policy::{KeyTrust, TrustedKey};

/// The keys of one issuer. Requests read a snapshot without a lock; a refresh replaces the whole
/// snapshot.
pub struct KeyStore {
    snapshot: ArcSwap<KeySnapshot>,
    history: ArcSwap<FetchHistory>,
    refetch: Option<Refetch>,
    max_stale: Duration,
    max_wait: Duration,
}

/// The keys of an issuer at one moment.
#[derive(Debug, Clone)]
pub struct KeySnapshot {
    keys: KeySet,
    /// Changes whenever the keys do, and only then.
    generation: u64,
    /// The time of the fetch; `None` for keys that are not fetched.
    fetched_at: Option<Moment>,
    usable_until: Moment,
    first_seen: HashMap<KeyFingerprint, Uptime>,
}

/// The history of fetching, for `/status`.
#[derive(Debug, Clone, Default)]
pub struct FetchHistory {
    /// The time at which keys were last fetched.
    pub last_success: Option<Timestamp>,
    /// The error of the last fetch, if it failed.
    pub last_error: Option<String>,
    /// A hint that may help against it.
    pub last_hint: Option<String>,
    /// The URL that keys were last fetched from.
    pub keys_url: Option<String>,
    /// The number of failures in a row.
    pub failures: u32,
    /// The time at which the next fetch is due.
    pub next_refresh: Option<Moment>,
}

impl KeySnapshot {
    /// Returns the keys.
    pub const fn keys(&self) -> &KeySet {
        &self.keys
    }

    /// Returns the time of the fetch; `None` if the keys are never fetched, or not yet.
    pub const fn fetched_at(&self) -> Option<Moment> {
        self.fetched_at
    }

    /// Returns the time at which this key was first seen.
    pub fn first_seen(&self, key: &VerificationKey) -> Option<Uptime> {
        self.first_seen.get(&key.fingerprint()).copied()
    }

    /// Returns `true` if signatures may be verified with these keys at this time: there are keys, and
    /// they are not too old.
    pub fn is_usable(&self, now: Moment) -> bool {
        !self.keys.is_empty() && !now.reaches(self.usable_until)
    }

    /// Returns a key of this snapshot together with the generation that it belongs to.
    pub fn trusted(&self, key: &Arc<VerificationKey>) -> TrustedKey {
        TrustedKey {
            key: key.clone(),
            generation: self.generation,
        }
    }
}

impl KeyTrust for KeyStore {
    /// Returns `true` if the key is still in the set, and the set is not too old. A key that left the
    /// set is no longer trusted for any token.
    fn still_trusts(&self, trusted: &TrustedKey, now: Moment) -> bool {
        let snapshot = self.snapshot.load();
        let present =
            trusted.generation == snapshot.generation || snapshot.keys.contains(&trusted.key);
        present && !now.reaches(snapshot.usable_until)
    }
}

impl KeyStore {
    /// Creates a store of keys that never change. `now` is the time at which they were read.
    pub fn fixed(keys: KeySet, now: Uptime) -> Self {
        let usable_until = Moment::NEVER;
        let first_seen = keys.iter().map(|key| (key.fingerprint(), now)).collect();
        Self {
            snapshot: ArcSwap::from_pointee(KeySnapshot {
                keys,
                generation: 1,
                fetched_at: None,
                usable_until,
                first_seen,
            }),
            history: ArcSwap::default(),
            refetch: None,
            max_stale: Duration::MAX,
            max_wait: Duration::ZERO,
        }
    }

    /// Creates an empty store for a [`Refresher`](super::Refresher) to fill.
    pub fn refreshed(settings: &RefreshSettings) -> Self {
        let usable_until = Moment::PAST;
        let (keys, first_seen) = (KeySet::default(), HashMap::new());
        let empty = KeySnapshot {
            keys,
            generation: 0,
            fetched_at: None,
            usable_until,
            first_seen,
        };
        Self {
            snapshot: ArcSwap::from_pointee(empty),
            history: ArcSwap::default(),
            refetch: Some(Refetch::new(settings.min_refetch)),
            max_stale: settings.max_stale,
            max_wait: settings.wait,
        }
    }

    /// Creates a store with the same keys for a [`Refresher`](super::Refresher) with other settings.
    /// The keys keep their age: the time that they may still be used counts from their fetch.
    #[must_use]
    pub fn continued(&self, settings: &RefreshSettings) -> Self {
        let fresh = Self::refreshed(settings);
        let mut snapshot = KeySnapshot::clone(&self.snapshot.load());
        let Some(fetched_at) = snapshot.fetched_at else {
            return fresh;
        };
        snapshot.usable_until = fetched_at.plus(settings.max_stale);
        Self {
            snapshot: ArcSwap::from_pointee(snapshot),
            history: ArcSwap::new(self.history.load_full()),
            refetch: self
                .refetch
                .as_ref()
                .map(|refetch| refetch.continued(settings.min_refetch)),
            ..fresh
        }
    }

    /// Returns the current keys.
    pub fn snapshot(&self) -> Guard<Arc<KeySnapshot>> {
        self.snapshot.load()
    }

    /// Returns the history of fetching.
    pub fn fetch_history(&self) -> Arc<FetchHistory> {
        self.history.load_full()
    }

    /// Returns the keys that may have signed a token, and the snapshot that they belong to.
    ///
    /// An unknown key may have been published a moment ago, and keys that are too old can be
    /// fetched. If the token is worth it, the issuer is asked, and the request waits for the
    /// answer: at most as long as the settings say, and once more if the fetch that it waited for
    /// had begun before it asked.
    pub async fn candidates(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
        worth_fetching: bool,
        now: Moment,
    ) -> Result<(Candidates, Arc<KeySnapshot>), Denial> {
        let snapshot = self.snapshot.load_full();
        match Self::find(&snapshot, id, algorithm, now) {
            Ok(candidates) => Ok((candidates, snapshot)),
            // Boxed, so that a request whose key is there does not carry the state of a wait.
            Err(_) => Box::pin(self.wait_for_candidates(id, algorithm, worth_fetching, now)).await,
        }
    }

    /// Returns the candidates as soon as they are there, if they are worth waiting for.
    async fn wait_for_candidates(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
        worth_fetching: bool,
        now: Moment,
    ) -> Result<(Candidates, Arc<KeySnapshot>), Denial> {
        let deadline = Instant::now() + self.max_wait;
        let mut was_asked = false;
        loop {
            let snapshot = self.snapshot.load_full();
            let reason = match Self::find(&snapshot, id, algorithm, now) {
                Ok(candidates) => return Ok((candidates, snapshot)),
                Err(reason) => reason,
            };
            let is_askable = match reason {
                Reason::KeyUnknown => id.is_some(),
                // Too old, after a sleep of the machine perhaps. Where there never were any, the
                // next fetch is near anyway.
                Reason::KeysUnavailable => !snapshot.keys.is_empty(),
                _ => false,
            };
            match self.fetch_to_wait_for(reason, worth_fetching && is_askable, now) {
                Some(finished) => {
                    Self::wait(finished, deadline).await?;
                    was_asked = true;
                }
                // A fetch that another request had asked for may have ended since the snapshot was
                // taken.
                None if !Arc::ptr_eq(&snapshot, &self.snapshot.load()) => {}
                // Only the issuer's answer says that there is no such key; without it the key may
                // be one that was published a moment ago.
                None => {
                    return Err(Denial::from(reason)
                        .with_cost_work(was_asked && reason == Reason::KeyUnknown));
                }
            }
        }
    }

    /// The fetch that may change this answer, if one runs or may be asked for. It ends the loop
    /// above that asking is limited: after a fetch that was asked for there is none for a while.
    fn fetch_to_wait_for(
        &self,
        reason: Reason,
        may_ask: bool,
        now: Moment,
    ) -> Option<watch::Receiver<u64>> {
        let refetch = self.refetch.as_ref()?;
        match reason {
            _ if may_ask => refetch.ask(now.uptime),
            // The first fetch may be about to end.
            Reason::KeysUnavailable => refetch.running(),
            _ => None,
        }
    }

    fn find(
        snapshot: &KeySnapshot,
        id: Option<&str>,
        algorithm: Algorithm,
        now: Moment,
    ) -> Result<Candidates, Reason> {
        if !snapshot.is_usable(now) {
            return Err(Reason::KeysUnavailable);
        }
        snapshot
            .keys
            .candidates(id, algorithm)
            .map_err(|none| match none {
                NoCandidate::KeyUnknown => Reason::KeyUnknown,
                NoCandidate::OtherAlgorithm => Reason::AlgorithmNotAllowed,
            })
    }

    async fn wait(mut finished: watch::Receiver<u64>, deadline: Instant) -> Result<(), Denial> {
        match tokio::time::timeout_at(deadline, finished.changed()).await {
            Ok(Ok(())) => Ok(()),
            // Too slow, or the refresher has ended.
            Ok(Err(_)) | Err(_) => Err(Reason::KeysUnavailable.into()),
        }
    }

    pub(super) fn refetch(&self) -> Option<&Refetch> {
        self.refetch.as_ref()
    }

    /// Replaces the keys by those that were just fetched. Returns whether they differ.
    pub(super) fn replace(&self, keys: KeySet, now: Moment) -> bool {
        let current = self.snapshot.load();
        let changed = !current.keys.has_same_keys_as(&keys);
        let generation = current.generation + u64::from(changed);
        let usable_until = now.plus(self.max_stale);
        let seen = |key: &VerificationKey| {
            (
                key.fingerprint(),
                current.first_seen(key).unwrap_or(now.uptime),
            )
        };
        let first_seen = keys.iter().map(seen).collect();
        self.snapshot.store(Arc::new(KeySnapshot {
            keys,
            generation,
            fetched_at: Some(now),
            usable_until,
            first_seen,
        }));
        changed
    }

    pub(super) fn set_fetch_history(&self, history: FetchHistory) {
        self.history.store(Arc::new(history));
    }
}
