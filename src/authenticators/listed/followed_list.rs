//! A list that follows its file.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};

use crate::config::{CredentialList, ReadList};
use crate::domain::Timestamp;
use crate::policy::{ListTrust, ListedLine};

/// A list that follows its file: a revision that is read without a lock and exchanged as a whole.
pub struct FollowedList<L> {
    current: ArcSwap<Revision<L>>,
    history: ArcSwap<FollowHistory>,
}

/// The list as it is at a moment.
pub struct Revision<L> {
    /// The list.
    pub list: L,
    /// Counts the revisions of the list.
    pub number: u64,
    /// The digest of the file that it was read from.
    contents: [u8; 32],
}

/// The history of following, for `/status`.
#[derive(Debug, Clone)]
pub struct FollowHistory {
    /// The time at which the active list was read.
    pub loaded_at: Timestamp,
    /// The reason why the present file is not active.
    pub last_error: Option<String>,
}

impl<L: CredentialList> FollowedList<L> {
    /// Starts with a list that was read at this time.
    pub fn new(read: ReadList<L>, now: Timestamp) -> Self {
        Self {
            current: ArcSwap::from_pointee(Revision {
                list: read.list,
                number: 1,
                contents: read.contents,
            }),
            history: ArcSwap::from_pointee(FollowHistory {
                loaded_at: now,
                last_error: None,
            }),
        }
    }

    /// Returns the list as it is now.
    pub fn current(&self) -> Guard<Arc<Revision<L>>> {
        self.current.load()
    }

    /// Returns the history of following.
    pub fn history(&self) -> Arc<FollowHistory> {
        self.history.load_full()
    }

    /// Returns `true` if the active list was read from this file.
    pub(super) fn is_of(&self, contents: &[u8; 32]) -> bool {
        self.current.load().contents == *contents
    }

    /// Activates a list.
    pub(super) fn replace(&self, read: ReadList<L>, now: Timestamp) {
        let number = self.current.load().number + 1;
        self.current.store(Arc::new(Revision {
            list: read.list,
            number,
            contents: read.contents,
        }));
        self.history.store(Arc::new(FollowHistory {
            loaded_at: now,
            last_error: None,
        }));
    }

    /// Records why the present file is not active; `None` if it is active.
    pub(super) fn note(&self, last_error: Option<String>) {
        let loaded_at = self.history.load().loaded_at;
        self.history.store(Arc::new(FollowHistory {
            loaded_at,
            last_error,
        }));
    }
}

impl<L: CredentialList> ListTrust for FollowedList<L> {
    /// Returns `true` if the line is still in the list. If one changed line ended all cached
    /// principals, all users would be authenticated again at once: a storm of hashes.
    fn still_has(&self, line: &ListedLine) -> bool {
        let current = self.current.load();
        line.revision == current.number || current.list.has(&line.fingerprint)
    }
}
