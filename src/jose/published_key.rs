//! Keys as their issuer published them, each with all of its algorithms.

use super::{Algorithm, KeySet, VerificationKey};

/// A key as its issuer published it, with every algorithm that it may be used with.
#[derive(Debug)]
pub struct PublishedKey<'a> {
    first: &'a VerificationKey,
    others: Vec<&'a VerificationKey>,
}

impl KeySet {
    /// Returns the keys as they were published, in their order.
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
    /// Returns the key with the first of its algorithms.
    pub const fn first(&self) -> &'a VerificationKey {
        self.first
    }

    /// Iterates over the algorithms that the key may be used with.
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        self.all().map(VerificationKey::algorithm)
    }

    /// Returns the names of these algorithms, separated by commas.
    pub fn algorithm_names(&self) -> String {
        self.algorithms()
            .map(Algorithm::name)
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// Returns `true` if both are the same key under the same id.
    pub fn is_same_as(&self, other: &PublishedKey<'_>) -> bool {
        self.first.is_published_with(other.first)
    }

    /// Returns `true` if the private part was published as well, for any of the algorithms.
    pub fn is_private_part_published(&self) -> bool {
        self.all().any(VerificationKey::is_private_part_published)
    }

    fn all(&self) -> impl Iterator<Item = &'a VerificationKey> {
        std::iter::once(self.first).chain(self.others.iter().copied())
    }
}
