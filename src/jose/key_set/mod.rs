//! The keys of one issuer (RFC 7517 section 5).

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::json::{Json, Object};
use super::jwk::non_empty_member;
use super::{Algorithms, JwkRefusal, VerificationKey};

/// The largest number of keys in a set; a set with more is refused.
const MAX_KEYS: usize = 100;

/// The keys of one issuer, checked when they were read.
///
/// # Examples
///
/// ```
/// use doorward::jose::{Algorithm, Algorithms, KeySet};
///
/// let document = br#"{"keys": [{
///     "kty": "OKP", "crv": "Ed25519", "kid": "k1",
///     "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
/// }]}"#;
/// let keys = KeySet::from_jwks(document, &Algorithms::asymmetric())?;
/// assert_eq!(keys.len(), 1);
/// assert!(keys.candidates(Some("k1"), Algorithm::EdDSA).is_ok());
/// assert!(keys.candidates(Some("k2"), Algorithm::EdDSA).is_err());
/// # Ok::<(), doorward::jose::InvalidKeySet>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct KeySet {
    /// The keys. One that was published for several algorithms is listed once for each.
    pub(super) keys: Vec<Arc<VerificationKey>>,
    /// The entries that could be for signatures and are not used.
    refused: Vec<RefusedKey>,
    /// The entries for encryption, which are not an error.
    for_encryption: Vec<RefusedKey>,
    /// `true` if the keys match any `kid`: keys from the configuration have no id that a token
    /// could name.
    pub(super) any_id: bool,
}

/// An entry of a key set that is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedKey {
    /// The `kid` of the entry, if it has a readable one.
    pub id: Option<String>,
    /// The reason for the refusal.
    pub refusal: JwkRefusal,
}

/// The error for a document that is no key set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKeySet {
    /// The document is not a JSON object with an array `keys`.
    #[error("not a JSON Web Key Set")]
    Malformed,
    /// The document has more keys than are read.
    #[error("{0} keys, but at most {MAX_KEYS} are read")]
    TooManyKeys(usize),
    /// The document has no key that can verify a signature.
    #[error("no usable key{}", reasons(.0))]
    NoUsableKey(Vec<RefusedKey>),
}

/// A JWK Set whose entries are not parsed yet.
#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    keys: Vec<&'a RawValue>,
}

impl KeySet {
    /// Reads a JWK Set. Each entry is read on its own, so that a bad one does not spoil the rest.
    /// Fails with [`InvalidKeySet`] if no key can be used.
    pub fn from_jwks(document: &[u8], allowed: &Algorithms) -> Result<Self, InvalidKeySet> {
        // A derived `Deserialize` would also accept an array in place of the object.
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
            // If there are no other keys, those for encryption explain why.
            set.refused.append(&mut set.for_encryption);
            return Err(InvalidKeySet::NoUsableKey(set.refused));
        }
        Ok(set)
    }

    /// Creates a set of keys that match any `kid`, for keys from the configuration.
    pub fn of_any_id(keys: Vec<VerificationKey>) -> Self {
        Self {
            keys: keys.into_iter().map(Arc::new).collect(),
            any_id: true,
            ..Self::default()
        }
    }

    /// Returns these keys, matching any `kid` if and only if `other` does.
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
            non_empty_member(jwk.as_ref().ok()?, "kid")
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
            // If a key is listed twice and one of the entries has the private part, then it is
            // public.
            Some(known) if key.is_private_part_published() => *known = Arc::new(key),
            Some(_) => {}
        }
    }

    /// Refuses different keys with the same id and algorithm, for all algorithms that they were
    /// published for: an attacker who slips in a second key must not win. The order of the entries
    /// must not decide either for which issuer a key is that is listed twice.
    fn refuse_duplicates(&mut self) {
        let conflicts = |key: &VerificationKey, other: &VerificationKey| {
            key.id().is_some()
                && key.id() == other.id()
                && key.algorithm() == other.algorithm()
                && !key.is_same_as(other)
        };
        let has_conflict =
            |key: &&Arc<VerificationKey>| self.keys.iter().any(|other| conflicts(key, other));
        let conflicting: Vec<_> = self.keys.iter().filter(has_conflict).cloned().collect();
        let (conflicting, keys): (Vec<_>, _) = std::mem::take(&mut self.keys)
            .into_iter()
            .partition(|key| conflicting.iter().any(|other| other.is_published_with(key)));
        self.keys = keys;
        let conflicting = Self {
            keys: conflicting,
            ..Self::default()
        };
        self.refused
            .extend(conflicting.published().iter().map(|key| RefusedKey {
                id: key.first().id().map(str::to_owned),
                refusal: JwkRefusal::Duplicate,
            }));
    }

    /// Returns `true` if the set has this key under the same id and for the same issuer.
    pub fn contains(&self, key: &VerificationKey) -> bool {
        self.keys.iter().any(|own| own.is_same_as(key))
    }

    /// Returns `true` if both sets hold the same keys under the same ids and for the same issuers.
    pub fn has_same_keys_as(&self, other: &Self) -> bool {
        self.keys.len() == other.keys.len() && self.keys.iter().all(|key| other.contains(key))
    }

    /// Iterates over the keys, each with one of its algorithms.
    pub fn iter(&self) -> impl Iterator<Item = &VerificationKey> {
        self.keys.iter().map(AsRef::as_ref)
    }

    /// Returns the entries that could be for signatures and are not used.
    pub fn refused(&self) -> &[RefusedKey] {
        &self.refused
    }

    /// Iterates over the ids of the entries that are for encryption.
    pub fn for_encryption(&self) -> impl Iterator<Item = Option<&str>> {
        self.for_encryption.iter().map(|key| key.id.as_deref())
    }

    /// Returns the number of keys. A key with several algorithms counts once.
    pub fn len(&self) -> usize {
        self.published().len()
    }

    /// Returns `true` if the set has no key.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

/// Describes the first three refused keys, with ids of at most 64 characters.
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
