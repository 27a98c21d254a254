//! The answers of a dependency that are kept.

use std::hash::Hash;

use super::answer::Answer;
use super::kept_values::{Kept, KeptValues};
use super::{CallDenied, HeapBytes};
use crate::domain::Moment;

/// The bytes of memory that the answers of a dependency may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerLimits {
    /// The bytes of positive answers. With 0 none is kept.
    pub positive: u64,
    /// The bytes of negative answers and of rejections.
    pub negative: u64,
}

/// An answer that can be used, or why there is none.
pub(super) type Outcome<V> = Result<Kept<V>, CallDenied>;

/// The answers of a dependency that are kept, and its rejections.
///
/// Negative answers and rejections have a cache of their own: a flood of tokens that were never
/// issued displaces no answer about a good one.
pub(super) struct KeptAnswers<K, V> {
    positive: KeptValues<K, V>,
    negative: KeptValues<K, Result<V, CallDenied>>,
}

impl<V: HeapBytes> HeapBytes for Result<V, CallDenied> {
    fn heap_bytes(&self) -> usize {
        self.as_ref().map_or(0, V::heap_bytes)
    }
}

impl<K, V> KeptAnswers<K, V>
where
    K: Hash + Eq + Clone + HeapBytes,
    V: Clone + HeapBytes,
{
    pub(super) fn new(limits: AnswerLimits) -> Self {
        Self {
            positive: KeptValues::new(limits.positive),
            negative: KeptValues::new(limits.negative),
        }
    }

    /// Returns the answer or the rejection that is kept for this key.
    pub(super) fn find(&self, key: &K, now: Moment) -> Option<Outcome<V>> {
        if let Some(kept) = self.positive.get(key, now) {
            return Some(Ok(kept));
        }
        let Kept { value, until } = self.negative.get(key, now)?;
        Some(value.map(|value| Kept { value, until }))
    }

    /// Keeps an answer until its end, and returns it.
    pub(super) fn keep(&self, key: &K, answer: Answer<V>, now: Moment) -> Kept<V> {
        let Answer {
            value,
            until,
            is_negative,
            ..
        } = answer;
        let kept = Kept { value, until };
        if is_negative {
            let value = Ok(kept.value.clone());
            self.negative
                .insert(key.clone(), Kept { value, until }, now);
        } else {
            self.positive.insert(key.clone(), kept.clone(), now);
        }
        kept
    }

    /// Keeps a rejection of this key.
    pub(super) fn keep_denial(&self, key: &K, denied: CallDenied, until: Moment, now: Moment) {
        let value = Err(denied);
        self.negative
            .insert(key.clone(), Kept { value, until }, now);
    }

    /// Removes what is over.
    pub(super) fn sweep(&self, now: Moment) {
        self.positive.sweep(now);
        self.negative.sweep(now);
    }

    /// Returns the number of answers and rejections, with those that are over.
    pub(super) fn len(&self) -> usize {
        self.positive.len() + self.negative.len()
    }
}
