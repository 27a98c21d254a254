//! SHA-256 (FIPS 180-4), by which keys, lines and files are compared.

use aws_lc_rs::digest::{Context, SHA256};

/// Computes the SHA-256 of these parts, one after the other. Nothing separates them: parts of
/// variable length need a separator that they cannot contain.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(context.finish().as_ref());
    sha256
}
