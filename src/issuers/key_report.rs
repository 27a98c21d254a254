//! What an operator should know about an issuer's keys.

use crate::jose::KeySet;

/// Warns of keys that are not used, and of keys that anyone can use.
pub fn report_keys(issuer: &str, keys: &KeySet) {
    for key in keys.refused() {
        let id = bounded(key.id.as_deref().unwrap_or_default());
        tracing::warn!(issuer, key = ?id, reason = %key.refusal, "key refused");
    }
    for key in keys.iter().filter(|key| key.is_private_part_published()) {
        let id = bounded(key.id().unwrap_or_default());
        tracing::warn!(issuer, key = ?id, "key published with its private part: anyone can sign with it");
    }
}

/// An id is the issuer's text, and may be of any length.
fn bounded(id: &str) -> String {
    id.chars().take(64).collect()
}
