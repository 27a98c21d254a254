//! The keys of one issuer (RFC 7517 section 5).

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::json::{Json, Object};
use super::jwk::given;
use super::{Algorithms, JwkRefusal, VerificationKey};

/// More keys than this in one set, and the set is refused.
const MAX_KEYS: usize = 100;

/// The keys of one issuer, vetted.
#[derive(Debug, Clone, Default)]
pub struct KeySet {
    /// A key that was published for several algorithms is here once for each.
    pub(super) keys: Vec<Arc<VerificationKey>>,
    refused: Vec<RefusedKey>,
    /// What is there for encryption, which is no concern of ours.
    for_encryption: Vec<RefusedKey>,
    /// A key that was configured by itself has no id that a token could name.
    pub(super) any_id: bool,
}

/// An entry of a key set that is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedKey {
    /// Its `kid`, if it has a readable one.
    pub id: Option<String>,
    /// Why.
    pub refusal: JwkRefusal,
}

/// Why a document is no key set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKeySet {
    /// Not a JSON object with an array `keys`.
    #[error("not a JSON Web Key Set")]
    Malformed,
    /// More keys than anyone needs.
    #[error("{0} keys, but at most {MAX_KEYS} are read")]
    TooManyKeys(usize),
    /// Nothing in it to verify a signature with.
    #[error("no usable key{}", reasons(.0))]
    NoUsableKey(Vec<RefusedKey>),
}

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    keys: Vec<&'a RawValue>,
}

impl KeySet {
    /// Reads a JWK Set. Entries are read one by one, so that a bad one never spoils the rest.
    pub fn from_jwks(document: &[u8], allowed: &Algorithms) -> Result<Self, InvalidKeySet> {
        // A derived reader takes an array for an object as well.
        if document.trim_ascii_start().first() != Some(&b'{') {
            return Err(InvalidKeySet::Malformed);
        }
        let document: Document<'_> =
            serde_json::from_slice(document).map_err(|_| InvalidKeySet::Malformed)?;
        if document.keys.len() > MAX_KEYS {
            return Err(InvalidKeySet::TooManyKeys(document.keys.len()));
        }
        let mut set = Self::default();
        for entry in &document.keys {
            set.add_entry(entry.get(), allowed);
        }
        set.refuse_duplicates();
        if set.keys.is_empty() {
            // Where there is nothing else, the keys for encryption say why.
            set.refused.append(&mut set.for_encryption);
            return Err(InvalidKeySet::NoUsableKey(set.refused));
        }
        Ok(set)
    }

    /// Keys that were configured by themselves and stand for whatever `kid` a token names.
    pub fn of_any_id(keys: Vec<VerificationKey>) -> Self {
        Self {
            keys: keys.into_iter().map(Arc::new).collect(),
            any_id: true,
            ..Self::default()
        }
    }

    /// These keys, standing for any `kid` just where the other ones do.
    #[must_use]
    pub fn in_place_of(self, other: &Self) -> Self {
        Self {
            any_id: other.any_id,
            ..self
        }
    }

    fn add_entry(&mut self, entry: &str, allowed: &Algorithms) {
        let jwk = Object::parse(entry).map_err(|_| JwkRefusal::NotAnObject);
        let id = || {
            given(jwk.as_ref().ok()?, "kid")
                .and_then(Json::string)
                .map(Cow::into_owned)
        };
        match jwk
            .as_ref()
            .map_err(Clone::clone)
            .and_then(|jwk| VerificationKey::from_jwk(jwk, allowed))
        {
            Ok(keys) => keys.into_iter().for_each(|key| self.add(key)),
            Err(refusal @ JwkRefusal::Encryption) => {
                self.for_encryption.push(RefusedKey { id: id(), refusal });
            }
            Err(refusal) => self.refused.push(RefusedKey { id: id(), refusal }),
        }
    }

    fn add(&mut self, key: VerificationKey) {
        match self.keys.iter_mut().find(|other| other.is_same_as(&key)) {
            None => self.keys.push(Arc::new(key)),
            // Written down twice, it is as public as the more telling of the two.
            Some(known) if key.is_private_part_published() => *known = Arc::new(key),
            Some(_) => {}
        }
    }

    /// Two different keys under one id and algorithm: whoever slipped in the second one must not
    /// win, with none of the algorithms that it was published for. Nor must the order tell for
    /// whose tokens a key is that stands there twice.
    fn refuse_duplicates(&mut self) {
        let is_twin = |key: &VerificationKey, other: &VerificationKey| {
            key.id().is_some()
                && key.id() == other.id()
                && key.algorithm() == other.algorithm()
                && !key.is_same_as(other)
        };
        let has_twin =
            |key: &&Arc<VerificationKey>| self.keys.iter().any(|other| is_twin(key, other));
        let twins: Vec<_> = self.keys.iter().filter(has_twin).cloned().collect();
        let (twins, keys): (Vec<_>, _) = std::mem::take(&mut self.keys)
            .into_iter()
            .partition(|key| twins.iter().any(|twin| twin.is_published_with(key)));
        self.keys = keys;
        let twins = Self {
            keys: twins,
            ..Self::default()
        };
        self.refused
            .extend(twins.published().iter().map(|key| RefusedKey {
                id: key.first().id().map(str::to_owned),
                refusal: JwkRefusal::Duplicate,
            }));
    }

    /// Whether this very key is still in the set, under the same id and for the same issuer.
    pub fn contains(&self, key: &VerificationKey) -> bool {
        self.keys.iter().any(|own| own.is_same_as(key))
    }

    /// Whether the sets hold the same keys under the same ids and for the same issuers.
    pub fn has_same_keys_as(&self, other: &Self) -> bool {
        self.keys.len() == other.keys.len() && self.keys.iter().all(|key| other.contains(key))
    }

    /// The keys one by one, each with one of its algorithms.
    pub fn iter(&self) -> impl Iterator<Item = &VerificationKey> {
        self.keys.iter().map(AsRef::as_ref)
    }

    /// The entries that could be for signatures, and are not used.
    pub fn refused(&self) -> &[RefusedKey] {
        &self.refused
    }

    /// The ids of the entries that are for encryption.
    pub fn for_encryption(&self) -> impl Iterator<Item = Option<&str>> {
        self.for_encryption.iter().map(|key| key.id.as_deref())
    }

    /// How many keys there are. One that may be used with several algorithms is one.
    pub fn len(&self) -> usize {
        self.published().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

fn reasons(refused: &[RefusedKey]) -> String {
    let described = refused.iter().take(3).map(|key| {
        let id: String = key
            .id
            .as_deref()
            .unwrap_or("without id")
            .chars()
            .take(64)
            .collect();
        format!("; key {id:?}: {}", key.refusal)
    });
    described.collect()
}
