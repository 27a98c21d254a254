//! The evidence that vouches for a principal.

use std::fmt;
use std::sync::Arc;

use crate::domain::Moment;
use crate::jose::{SignedJws, VerificationKey};

/// The evidence that vouches for a principal. It owns the way to its source: whether it still holds
/// depends on the time only.
pub enum Evidence {
    /// The key that made the signature.
    Key {
        /// The keys that it must be among.
        store: Arc<dyn KeyTrust>,
        /// The key.
        key: TrustedKey,
    },
    /// A line of a followed file: an API key, or a user with a password.
    Listed {
        /// The list that it must be in.
        list: Arc<dyn ListTrust>,
        /// The line.
        line: ListedLine,
    },
    /// The issuer, which said that the token is active. It holds as long as the principal is kept.
    Introspected,
}

/// Keys that change, of which some are trusted at a time.
pub trait KeyTrust: Send + Sync {
    /// Returns whether a key that was trusted once still is.
    fn still_trusts(&self, key: &TrustedKey, now: Moment) -> bool;
}

/// A list that changes with its file.
pub trait ListTrust: Send + Sync {
    /// Returns whether a line that was in the list once still is, unchanged.
    fn still_has(&self, line: &ListedLine) -> bool;
}

/// A key that was trusted when a signature was verified with it. [`TrustedKey::of`] is the only way
/// to get one.
#[derive(Debug, Clone)]
pub struct TrustedKey {
    key: Arc<VerificationKey>,
    generation: u64,
}

impl TrustedKey {
    /// Returns the key that made the signature of this token. It was among the keys of this
    /// generation; a store counts its generations.
    pub fn of(signed: &SignedJws, generation: u64) -> Self {
        Self {
            key: signed.key().clone(),
            generation,
        }
    }

    /// Returns the key.
    pub fn key(&self) -> &VerificationKey {
        &self.key
    }

    /// Returns the generation of the keys that it was among.
    pub const fn generation(&self) -> u64 {
        self.generation
    }
}

/// A line as it was when it vouched for a principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedLine {
    /// The digest of all that the line says.
    pub fingerprint: LineFingerprint,
    /// The revision of the list that it was in. A list counts its revisions.
    pub revision: u64,
}

/// The SHA-256 of all that a line says. It is kept in memory only.
pub type LineFingerprint = [u8; 32];

impl Evidence {
    /// Returns whether this still vouches for the principal.
    pub fn still_holds(&self, now: Moment) -> bool {
        match self {
            Self::Key { store, key } => store.still_trusts(key, now),
            Self::Listed { list, line } => list.still_has(line),
            Self::Introspected => true,
        }
    }
}

impl fmt::Debug for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { .. } => f.debug_struct("Key").finish_non_exhaustive(),
            Self::Listed { .. } => f.debug_struct("Listed").finish_non_exhaustive(),
            Self::Introspected => f.write_str("Introspected"),
        }
    }
}
