//! The cache of principals that were authenticated before.
//!
//! An entry says "this credential was good, and this evidence vouches for it". It is no decision:
//! the evidence, the time and the rules of the route are checked on every hit. Denials are never
//! kept.

use std::sync::Arc;
use std::time::Duration;

use prometheus::IntCounter;
use quick_cache::sync::Cache;
use quick_cache::{Lifecycle, OptionsBuilder, Weighter};

use super::digest::{BuildDigestHasher, CredentialDigest};
use crate::config::CacheSettings;
use crate::domain::Moment;
use crate::policy::Principal;

/// The unit in which the capacity is counted.
const UNIT_BYTES: usize = 2048;

/// An entry that takes more is not kept: a few of them must not evict those of all other clients.
const MAX_UNITS: usize = 16;

/// The cache is divided into shards, each with its lock and its part of the capacity. With this
/// much in each, the largest token fits into any, and none has to turn away many more tokens than
/// the others because chance gave it more.
const LEAST_UNITS_OF_SHARD: u64 = 4096;

/// More would not make waiting for a lock any rarer.
const MOST_SHARDS: u64 = 1024;

/// The number of evicted entries whose digests are remembered, for each entry that has room. With
/// the usual half, entries that are used in turn would not displace entries that are no longer used
/// until these expire.
const REMEMBERED: f64 = 1.0;

/// Principals that were authenticated before, by the digest of their credential.
pub struct TokenCache {
    tokens: Option<Tokens>,
    time_to_live: Duration,
    has_conditions: bool,
    evictions: IntCounter,
}

type Tokens = Cache<CredentialDigest, Entry, EntryWeight, BuildDigestHasher, EvictionSink>;

/// A principal that was authenticated before. A hit copies this, which clones one `Arc`.
#[derive(Clone)]
struct Entry {
    principal: Arc<Principal>,
    kept_until: Moment,
    units: u64,
}

/// The part of the capacity that an entry takes.
#[derive(Clone)]
struct EntryWeight;

impl Weighter<CredentialDigest, Entry> for EntryWeight {
    fn weight(&self, _: &CredentialDigest, token: &Entry) -> u64 {
        token.units
    }
}

/// Collects evicted entries, which are counted and freed when no lock is held any more.
#[derive(Clone)]
struct EvictionSink;

impl Lifecycle<CredentialDigest, Entry> for EvictionSink {
    type RequestState = Vec<(CredentialDigest, Entry)>;

    fn on_evict(&self, left: &mut Self::RequestState, digest: CredentialDigest, token: Entry) {
        left.push((digest, token));
    }
}

impl TokenCache {
    /// Creates a cache of this size; evictions are counted. If there are conditions, room is
    /// reserved for the values that they make of the claims.
    pub fn new(settings: &CacheSettings, has_conditions: bool, evictions: IntCounter) -> Self {
        let tokens = tokens(settings.capacity);
        Self {
            tokens,
            time_to_live: settings.time_to_live,
            has_conditions,
            evictions,
        }
    }

    /// Returns the bytes that a cache with these settings may take. With 0 nothing is kept.
    pub const fn bytes(settings: &CacheSettings) -> u64 {
        settings.capacity.saturating_mul(UNIT_BYTES as u64)
    }

    /// Returns the principal with this digest, if it is there and its time is not over: that of its
    /// token, and that of the cache.
    pub(super) fn get(&self, digest: &CredentialDigest, now: Moment) -> Option<Arc<Principal>> {
        let tokens = self.tokens.as_ref()?;
        let token = tokens.get(digest)?;
        if token.is_over(now) {
            self.remove_if_over(tokens, digest, now);
            return None;
        }
        Some(token.principal)
    }

    /// Keeps a principal, unless it is too large or about to expire.
    pub(super) fn insert(&self, digest: CredentialDigest, principal: Arc<Principal>, now: Moment) {
        let Some(tokens) = &self.tokens else { return };
        let limit = principal.last_moment();
        let own_time = principal.profile().kept_for;
        let kept_for = own_time.unwrap_or(self.time_to_live);
        let mut kept_until = now.plus(kept_for).within(Moment::PAST, limit);
        if let Some(end) = principal.token().validity().expires_at() {
            kept_until.date = end.min(kept_until.date);
        }
        let bytes = size_of::<Entry>() + principal.size(self.has_conditions);
        let units = bytes.div_ceil(UNIT_BYTES);
        if now.reaches(kept_until) || units > MAX_UNITS {
            return;
        }
        let token = Entry {
            principal,
            kept_until,
            units: units as u64,
        };
        let mut left = Vec::new();
        tokens.insert_with_lifecycle(digest, token, &mut left);
        // When two requests with the same token were verified at once, the second replaces what the
        // first has kept.
        let evicted = left.iter().filter(|(other, _)| *other != digest).count();
        self.evictions.inc_by(evicted as u64);
    }

    /// Removes an entry.
    pub(super) fn forget(&self, digest: &CredentialDigest) {
        if let Some(tokens) = &self.tokens {
            tokens.remove(digest);
        }
    }

    /// Frees the memory of entries whose time is over. Their tokens may never be presented again.
    pub fn sweep(&self, now: Moment) {
        let Some(tokens) = &self.tokens else { return };
        // One by one, so that no request waits for more than one of them.
        for (digest, _) in tokens.iter().filter(|(_, token)| token.is_over(now)) {
            self.remove_if_over(tokens, &digest, now);
        }
    }

    /// Returns the number of entries.
    pub fn len(&self) -> usize {
        self.tokens.as_ref().map_or(0, Tokens::len)
    }

    /// Returns whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns whether principals are kept at all.
    pub const fn is_on(&self) -> bool {
        self.tokens.is_some()
    }

    /// Removes an entry, unless another request has renewed it meanwhile.
    fn remove_if_over(&self, tokens: &Tokens, digest: &CredentialDigest, now: Moment) {
        if tokens
            .remove_if(digest, |token| token.is_over(now))
            .is_some()
        {
            self.evictions.inc();
        }
    }
}

impl Entry {
    fn is_over(&self, now: Moment) -> bool {
        now.reaches(self.kept_until)
    }
}

/// Creates a cache for this many units; `None` for 0. An entry that would take all or nearly all of
/// it may find no room.
fn tokens(capacity: u64) -> Option<Tokens> {
    if capacity == 0 {
        return None;
    }
    let shards = 1
        << (capacity / LEAST_UNITS_OF_SHARD)
            .clamp(1, MOST_SHARDS)
            .ilog2();
    // A multiple of the shards: any other number would be rounded up.
    let units = capacity / shards * shards;
    let options = OptionsBuilder::new()
        .shards(usize::try_from(shards).ok()?)
        .estimated_items_capacity(usize::try_from(units).ok()?)
        .weight_capacity(units)
        .ghost_allocation(REMEMBERED)
        .build();
    Some(Cache::with_options(
        options.ok()?,
        EntryWeight,
        BuildDigestHasher::default(),
        EvictionSink,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capacity_is_never_exceeded_and_nearly_reached() {
        for capacity in [
            1,
            2,
            10,
            64,
            4096,
            8191,
            8192,
            8193,
            100_000,
            1_234_567,
            100_000_000,
        ] {
            let tokens = tokens(capacity).unwrap();
            let (given, shards) = (tokens.capacity(), tokens.num_shards() as u64);
            assert!(
                given <= capacity && given > capacity - shards,
                "{capacity}: {given} in {shards}"
            );
            assert!(
                shards <= MOST_SHARDS
                    && tokens.shard_capacity() >= capacity.min(LEAST_UNITS_OF_SHARD),
                "{capacity}"
            );
        }
        assert!(tokens(0).is_none());
    }
}
