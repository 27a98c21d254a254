//! The keys that may have signed a token.

use std::sync::Arc;

use super::{Algorithm, KeySet, VerificationKey};

/// The largest number of keys that are tried for a token that does not name its key. Each of them
/// costs a signature check.
pub(super) const MAX_CANDIDATES: usize = 5;

/// The keys that may have signed a token: at least one.
#[derive(Debug, Clone)]
pub struct Candidates(Vec<Arc<VerificationKey>>);

/// The reason why no key can have signed a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoCandidate {
    /// The set has no key with the id that the token names, or no key for the algorithm of a token
    /// that names none.
    KeyUnknown,
    /// The set has such a key, but for another algorithm.
    OtherAlgorithm,
}

impl KeySet {
    /// Returns the keys that may have signed a token with this `kid` and `alg`. Fails with
    /// [`NoCandidate`] if there are none.
    pub fn candidates(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Candidates, NoCandidate> {
        let has_id = |key: &VerificationKey| self.any_id || id.is_none() || key.id() == id;
        let matching = self
            .keys
            .iter()
            .filter(|key| has_id(key) && key.algorithm() == algorithm);
        let candidates: Vec<_> = matching.take(MAX_CANDIDATES).cloned().collect();
        if !candidates.is_empty() {
            return Ok(Candidates(candidates));
        }
        let other_algorithm =
            self.any_id || id.is_some_and(|id| self.keys.iter().any(|key| key.id() == Some(id)));
        Err(if other_algorithm {
            NoCandidate::OtherAlgorithm
        } else {
            NoCandidate::KeyUnknown
        })
    }

    /// Iterates over the algorithms that have more keys without an id than are tried for a token,
    /// so that some keys are never tried.
    pub fn algorithms_over_candidate_limit(&self) -> impl Iterator<Item = Algorithm> {
        let without_id = self.keys.iter().filter(|key| key.id().is_none());
        let count = move |algorithm| {
            without_id
                .clone()
                .filter(|key| key.algorithm() == algorithm)
                .count()
        };
        Algorithm::ALL
            .iter()
            .copied()
            .filter(move |algorithm| count(*algorithm) > MAX_CANDIDATES)
    }
}

impl Candidates {
    /// Iterates over the keys.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<VerificationKey>> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::jose::{Algorithms, SigningKey};

    fn jwk(algorithm: Algorithm, id: &str) -> Value {
        SigningKey::generate(algorithm)
            .unwrap()
            .to_public_jwk(Some(id))
            .unwrap()
    }

    fn read(entries: &Value) -> KeySet {
        KeySet::from_jwks(
            json!({ "keys": entries }).to_string().as_bytes(),
            &Algorithms::asymmetric(),
        )
        .unwrap()
    }

    #[test]
    fn candidates() {
        let entries: Vec<_> = (0..7)
            .map(|n| jwk(Algorithm::EdDSA, &n.to_string()))
            .collect();
        let set = read(&json!(entries));
        assert_eq!(
            set.candidates(None, Algorithm::EdDSA)
                .unwrap()
                .iter()
                .count(),
            MAX_CANDIDATES
        );
        assert_eq!(
            set.candidates(Some("3"), Algorithm::EdDSA)
                .unwrap()
                .iter()
                .count(),
            1
        );
        assert_eq!(
            set.candidates(Some("3"), Algorithm::RS256).unwrap_err(),
            NoCandidate::OtherAlgorithm
        );
        assert_eq!(
            set.candidates(Some("x"), Algorithm::EdDSA).unwrap_err(),
            NoCandidate::KeyUnknown
        );
        assert_eq!(
            set.candidates(None, Algorithm::RS256).unwrap_err(),
            NoCandidate::KeyUnknown
        );
    }

    #[test]
    fn keys_without_id_may_be_too_many_to_try() {
        let without_id = |count: usize| {
            let entries: Vec<_> = (0..count)
                .map(|_| {
                    let mut key = jwk(Algorithm::EdDSA, "k");
                    key.as_object_mut().unwrap().remove("kid");
                    key
                })
                .collect();
            read(&json!(entries))
                .algorithms_over_candidate_limit()
                .collect::<Vec<_>>()
        };
        assert_eq!(without_id(MAX_CANDIDATES), []);
        assert_eq!(without_id(MAX_CANDIDATES + 1), [Algorithm::EdDSA]);
    }
}
