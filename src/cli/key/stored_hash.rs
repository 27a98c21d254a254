//! The hash of an API key.

use aws_lc_rs::digest;

/// Returns the hash of a key as `api_keys_file` has it.
pub(super) fn stored_hash(key: &str) -> String {
    let hash = digest::digest(&digest::SHA256, key.as_bytes());
    let digits = hash.as_ref().iter().map(|byte| format!("{byte:02x}"));
    format!("sha256:{}", digits.collect::<String>())
}
