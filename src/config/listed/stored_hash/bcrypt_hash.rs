//! Hashes by bcrypt.

use std::str::FromStr;

use bcrypt::HashParts;

use crate::config_reader::Invalid;

/// The most bytes of a password that bcrypt reads. It ignores all that follow.
const MAX_PASSWORD: usize = 72;

/// Returns `true` if a text begins as such hashes do.
pub(super) fn is_begun(text: &str) -> bool {
    let starts = ["$2y$", "$2b$", "$2a$"];
    starts.iter().any(|start| text.starts_with(start))
}

/// Parses a hash, and returns its cost.
pub(super) fn parse(text: &str, max_cost: u32) -> Result<u32, Invalid> {
    let malformed = || Invalid::new("a malformed bcrypt hash").hint("was the line cut off?");
    let parts = HashParts::from_str(text).map_err(|_| malformed())?;
    let cost = parts.get_cost();
    if !(4..=31).contains(&cost) {
        return Err(malformed());
    }
    if cost > max_cost {
        let hint =
            format!("hash it again with `htpasswd -B -C {max_cost}`, or raise htpasswd_max_cost");
        return Err(Invalid::new(format!("a bcrypt hash of cost {cost}")).hint(hint));
    }
    Ok(cost)
}

/// Returns a hash of this cost that is not made from any password.
pub(super) fn dummy(cost: u32) -> String {
    format!("$2b${cost:02}$......................{}", ".".repeat(31))
}

/// Returns `true` if this is the hash of the password.
pub(super) fn is_of(text: &str, password: &[u8]) -> bool {
    let counted = password.get(..MAX_PASSWORD).unwrap_or(password);
    let matches = bcrypt::verify(counted, text).unwrap_or(false);
    // Otherwise a longer password would pass with any end. It is refused only after the hash, so
    // that it takes as long as any other.
    matches && password.len() <= MAX_PASSWORD
}
