//! The evidence that vouches for a principal.

use std::fmt;
use std::sync::Arc;

use crate::domain::Moment;
use crate::jose::VerificationKey;

/// The evidence that vouches for a principal. It owns the way to its source: whether it still holds
/// depends on the time only.
///
/// A line of a followed file would be a further variant.
pub enum Evidence {
    /// The key that made the signature.
    Key {
        /// The keys that it must be among.
        store: Arc<dyn KeyTrust>,
        /// The key.
        key: TrustedKey,
    },
    /// The issuer, which said that the token is active. It holds as long as the principal is kept.
    Introspected,
}

/// Keys that change, of which some are trusted at a time.
pub trait KeyTrust: Send + Sync {
    /// Returns whether a key that was trusted once still is.
    fn still_trusts(&self, key: &TrustedKey, now: Moment) -> bool;
}

/// A key that was trusted when a signature was verified with it.
#[derive(Debug, Clone)]
pub struct TrustedKey {
    /// The key.
    pub key: Arc<VerificationKey>,
    /// The generation of the keys that it was among. A store counts its generations.
    pub generation: u64,
}

impl Evidence {
    /// Returns whether this still vouches for the principal.
    pub fn still_holds(&self, now: Moment) -> bool {
        match self {
            Self::Key { store, key } => store.still_trusts(key, now),
            Self::Introspected => true,
        }
    }
}

impl fmt::Debug for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { .. } => f.debug_struct("Key").finish_non_exhaustive(),
            Self::Introspected => f.write_str("Introspected"),
        }
    }
}
