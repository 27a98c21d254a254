//! Keys as their issuer published them.

use super::{Algorithm, KeySet, VerificationKey};

/// A key as its issuer published it, whatever number of algorithms it may be used with.
#[derive(Debug)]
pub struct PublishedKey<'a> {
    first: &'a VerificationKey,
    others: Vec<&'a VerificationKey>,
}

impl KeySet {
    /// The keys as they were published, in their order.
    pub fn published(&self) -> Vec<PublishedKey<'_>> {
        let mut published: Vec<PublishedKey<'_>> = Vec::new();
        for key in self.iter() {
            match published
                .iter_mut()
                .find(|known| known.first.is_published_with(key))
            {
                Some(known) => known.others.push(key),
                None => published.push(PublishedKey {
                    first: key,
                    others: Vec::new(),
                }),
            }
        }
        published
    }
}

impl<'a> PublishedKey<'a> {
    /// The key with the first of its algorithms.
    pub const fn first(&self) -> &'a VerificationKey {
        self.first
    }

    /// What it may be used with.
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        self.all().map(VerificationKey::algorithm)
    }

    /// The names of these algorithms as a list.
    pub fn algorithm_names(&self) -> String {
        self.algorithms()
            .map(Algorithm::name)
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// Whether it is the same key under the same id.
    pub fn is_same_as(&self, other: &PublishedKey<'_>) -> bool {
        self.first.is_published_with(other.first)
    }

    /// Whether its private part was published along with it, for whatever algorithm.
    pub fn is_private_part_published(&self) -> bool {
        self.all().any(VerificationKey::is_private_part_published)
    }

    fn all(&self) -> impl Iterator<Item = &'a VerificationKey> {
        std::iter::once(self.first).chain(self.others.iter().copied())
    }
}
