//! The keys that may have signed a token.

use std::sync::Arc;

use super::{Algorithm, KeySet, VerificationKey};

/// How many keys are tried for a token that does not name its key: each costs a signature check.
pub(super) const MAX_CANDIDATES: usize = 5;

/// The keys that may have signed a token; at least one.
#[derive(Debug, Clone)]
pub struct Candidates(Vec<Arc<VerificationKey>>);

/// Why no key can have signed a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoCandidate {
    /// The set has no key of that name.
    KeyUnknown,
    /// It has, but for another algorithm.
    OtherAlgorithm,
}

impl KeySet {
    /// The keys that may have signed a token with this `kid` and `alg`.
    pub fn candidates(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Candidates, NoCandidate> {
        let named = |key: &VerificationKey| self.any_id || id.is_none() || key.id() == id;
        let fitting = self
            .keys
            .iter()
            .filter(|key| named(key) && key.algorithm() == algorithm);
        let candidates: Vec<_> = fitting.take(MAX_CANDIDATES).cloned().collect();
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

    /// The algorithms for which there are more keys without an id than are tried for a token, so
    /// that some never are.
    pub fn algorithms_over_candidate_limit(&self) -> impl Iterator<Item = Algorithm> {
        let nameless = self.keys.iter().filter(|key| key.id().is_none());
        let count = move |algorithm| {
            nameless
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
    /// The keys one by one.
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
        let nameless = |count: usize| {
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
        assert_eq!(nameless(MAX_CANDIDATES), []);
        assert_eq!(nameless(MAX_CANDIDATES + 1), [Algorithm::EdDSA]);
    }
}
