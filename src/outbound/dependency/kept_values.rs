//! Values that are kept until their own end, within a limit of memory.

use std::hash::Hash;

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

use super::HeapBytes;
use crate::domain::Moment;

/// A value, and the moment until which it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept<V> {
    /// The value.
    pub value: V,
    /// The moment until which it is kept.
    pub until: Moment,
}

/// Values by key, each until its own end. Together they take about a given number of bytes at most.
///
/// A new value always gets a place: it displaces one that is rarely asked for. The time is that of
/// the service, so a value whose end has passed is only removed when it is asked for, or by
/// [`sweep`](Self::sweep).
pub struct KeptValues<K, V> {
    entries: Option<Cache<K, Entry<V>, ByBytes>>,
}

/// A value with the bytes that it took when it came. The cache asks for its weight again when it
/// goes, and must get the same: some values take more, once they were used.
#[derive(Clone)]
struct Entry<V> {
    kept: Kept<V>,
    bytes: u32,
}

/// Weighs entries by the bytes that they take.
#[derive(Clone)]
struct ByBytes;

/// The bytes of an entry besides its key and its value: its links, its place in the table, and the
/// hash that is remembered after it was displaced.
const ENTRY_BYTES: usize = 40;

/// Each part of the cache has a lock of its own, and an equal part of the limit. The largest value
/// must fit into any of them.
const LEAST_BYTES_OF_SHARD: u64 = 4 * 1024 * 1024;
const MOST_SHARDS: u64 = 16;

/// The bytes that an entry is expected to take, which decides how many displaced keys are
/// remembered.
const USUAL_BYTES: u64 = 512;

impl<K, V> Weighter<K, Entry<V>> for ByBytes {
    fn weight(&self, _: &K, entry: &Entry<V>) -> u64 {
        entry.bytes.into()
    }
}

impl<K, V> KeptValues<K, V>
where
    K: Hash + Eq + Clone + HeapBytes,
    V: Clone + HeapBytes,
{
    /// Creates an empty cache of at most `limit` bytes. One of 0 bytes keeps nothing.
    pub fn new(limit: u64) -> Self {
        let shards = (limit / LEAST_BYTES_OF_SHARD).clamp(1, MOST_SHARDS);
        let usual = usize::try_from(limit / USUAL_BYTES).unwrap_or(usize::MAX);
        let options = OptionsBuilder::new()
            .shards(1 << shards.ilog2())
            .estimated_items_capacity(usual.max(1))
            .weight_capacity(limit)
            .build();
        let options = options.ok().filter(|_| limit > 0);
        let entries = options.map(|options| {
            let (hasher, lifecycle) = (DefaultHashBuilder::default(), DefaultLifecycle::default());
            Cache::with_options(options, ByBytes, hasher, lifecycle)
        });
        Self { entries }
    }

    /// Returns the value of this key, if its end has not passed.
    pub fn get(&self, key: &K, now: Moment) -> Option<Kept<V>> {
        let entries = self.entries.as_ref()?;
        let entry = entries.get(key)?;
        if entry.is_over(now) {
            entries.remove_if(key, |entry| entry.is_over(now));
            return None;
        }
        Some(entry.kept)
    }

    /// Keeps a value, unless its end has passed already.
    pub fn insert(&self, key: K, kept: Kept<V>, now: Moment) {
        let Some(entries) = &self.entries else { return };
        let own = ENTRY_BYTES + size_of::<K>() + size_of::<Entry<V>>();
        let bytes = own + key.heap_bytes() + kept.value.heap_bytes();
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let entry = Entry { kept, bytes };
        if !entry.is_over(now) {
            entries.insert(key, entry);
        }
    }

    /// Removes the values whose end has passed. Their keys may never be asked for again.
    pub fn sweep(&self, now: Moment) {
        let Some(entries) = &self.entries else { return };
        // One by one, so that no request waits for more than one of them.
        for (key, _) in entries.iter().filter(|(_, entry)| entry.is_over(now)) {
            entries.remove_if(&key, |entry| entry.is_over(now));
        }
    }

    /// Returns the number of values, with those whose end has passed.
    pub fn len(&self) -> usize {
        self.entries.as_ref().map_or(0, Cache::len)
    }

    /// Returns `true` if there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<V> Entry<V> {
    fn is_over(&self, now: Moment) -> bool {
        now.reaches(self.kept.until)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;
    use crate::domain::{Timestamp, Uptime};

    impl HeapBytes for u32 {
        fn heap_bytes(&self) -> usize {
            0
        }
    }

    impl HeapBytes for String {
        fn heap_bytes(&self) -> usize {
            self.len()
        }
    }

    fn at(secs: u64) -> Moment {
        let start = Moment {
            date: Timestamp::from_secs(0),
            uptime: Uptime::new(Duration::ZERO),
        };
        start.plus(Duration::from_secs(secs))
    }

    fn until(secs: u64) -> Kept<String> {
        Kept {
            value: "x".repeat(1000),
            until: at(secs),
        }
    }

    /// Room for ten texts, or for nine with chance.
    fn texts() -> KeptValues<u32, String> {
        KeptValues::new(11_000)
    }

    #[test]
    fn values_that_are_over_give_their_room_to_others() {
        let texts = texts();
        for key in 0..10 {
            texts.insert(key, until(1), at(0));
            // Asked for again and again, so that no other is worth more.
            for _ in 0..20 {
                texts.get(&key, at(0));
            }
        }
        for key in 10..20 {
            texts.insert(key, until(9), at(2));
            assert!(texts.get(&key, at(2)).is_some(), "{key}");
        }
        texts.sweep(at(2));
        assert!((1..=10).contains(&texts.len()), "{}", texts.len());
        texts.sweep(at(9));
        assert!(texts.is_empty());
    }

    #[test]
    fn bytes_are_bounded() {
        let texts = texts();
        for key in 0..1000 {
            texts.insert(key, until(9), at(0));
            assert!(texts.len() <= 10);
        }
        assert!(texts.len() >= 8, "{}", texts.len());
        let none = KeptValues::<u32, String>::new(0);
        none.insert(1, until(9), at(0));
        assert!(none.is_empty());
    }

    /// A row takes more after its headers were rendered.
    #[test]
    fn values_may_grow_and_shrink_while_they_are_kept() {
        #[derive(Clone)]
        struct Elastic(Arc<AtomicUsize>);

        impl HeapBytes for Elastic {
            fn heap_bytes(&self) -> usize {
                self.0.load(Ordering::Relaxed)
            }
        }

        let values = KeptValues::<u32, Elastic>::new(10_000);
        for (before, after) in [(10, 5000), (5000, 10)] {
            let value = Elastic(Arc::new(before.into()));
            let (size, until) = (value.0.clone(), at(9));
            values.insert(1, Kept { value, until }, at(0));
            size.store(after, Ordering::Relaxed);
            assert!(values.get(&1, at(9)).is_none());
            assert!(values.is_empty());
        }
    }

    #[test]
    fn the_largest_value_fits() {
        let texts = KeptValues::<u32, String>::new(100 * 1024 * 1024);
        let value = "x".repeat(2 * 1024 * 1024);
        let until = at(9);
        texts.insert(1, Kept { value, until }, at(0));
        assert!(texts.get(&1, at(1)).is_some());
        assert!(texts.get(&1, at(9)).is_none());
        assert!(texts.is_empty(), "it was removed when it was asked for");
    }
}
