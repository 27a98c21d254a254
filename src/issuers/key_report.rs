//! Reports to the operator about an issuer's keys.

use crate::jose::{Algorithm, KeySet, PublishedKey};

/// Warns of keys that are not used or never tried, and of keys that anyone can use, unless the same
/// was reported for the keys before. Also warns if no key is the same as before, because a rotation
/// with overlap never looks like this.
pub fn report_keys(issuer: &str, keys: &KeySet, before: &KeySet) {
    for key in keys
        .refused()
        .iter()
        .filter(|key| !before.refused().contains(key))
    {
        let id = shown_key_id(key.id.as_deref().unwrap_or_default());
        tracing::warn!(issuer, key = id, reason = %key.refusal, "key refused");
    }
    for key in exposed(keys).filter(|key| !exposed(before).any(|known| known.is_same_as(key))) {
        let id = shown_key_id(key.first().id().unwrap_or_default());
        tracing::warn!(
            issuer,
            key = id,
            "key published with its private part: anyone can sign with it"
        );
    }
    if !before.is_empty()
        && !keys.iter().any(|key| {
            before
                .iter()
                .any(|known| known.fingerprint() == key.fingerprint())
        })
    {
        tracing::warn!(
            issuer,
            "every key is another one than before: tokens signed until now are refused"
        );
    }
    let algorithms_over_candidate_limit: Vec<_> = keys
        .algorithms_over_candidate_limit()
        .filter(|algorithm| !has_too_many_candidates(before, *algorithm))
        .map(Algorithm::name)
        .collect();
    if !algorithms_over_candidate_limit.is_empty() {
        let algorithms = algorithms_over_candidate_limit.join(", ");
        tracing::warn!(
            issuer,
            algorithms,
            "more keys without kid than are tried for a token: some never are"
        );
    }
}

fn exposed(keys: &KeySet) -> impl Iterator<Item = PublishedKey<'_>> {
    keys.published()
        .into_iter()
        .filter(PublishedKey::is_private_part_published)
}

fn has_too_many_candidates(keys: &KeySet, algorithm: Algorithm) -> bool {
    keys.algorithms_over_candidate_limit()
        .any(|algorithms_over_candidate_limit| algorithms_over_candidate_limit == algorithm)
}

/// Returns the id of a key in a form that can be shown: the issuer chose the text and its length.
pub fn shown_key_id(id: &str) -> String {
    id.chars().take(128).collect()
}
