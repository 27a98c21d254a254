//! The files that a configuration was read from, as they were.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::file;
use super::value::Invalid;

/// The files that a configuration was read from, each as it was at one look, or why it could not be
/// read.
///
/// What is compared and what is applied are the same bytes: a file that changes in between is a
/// matter for the next look.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files(BTreeMap<PathBuf, Seen>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    max_bytes: usize,
    contents: Result<Arc<[u8]>, Invalid>,
}

/// Files while a configuration is read from them.
#[derive(Debug, Default)]
pub(crate) struct FilesInUse {
    looked_at: Files,
    used: Files,
}

impl Files {
    /// The same files as they are now. Reads from the disk, which may take its time.
    #[must_use]
    pub fn reread(&self) -> Self {
        let look = |(path, seen): (&PathBuf, &Seen)| {
            let now = Seen::now(path, seen.max_bytes);
            // Contents that stay are kept once.
            (path.clone(), if now == *seen { seen.clone() } else { now })
        };
        Self(self.0.iter().map(look).collect())
    }

    /// Whether each of these files is one of those.
    pub fn are_among(&self, others: &Self) -> bool {
        self.0.keys().all(|path| others.0.contains_key(path))
    }
}

impl FilesInUse {
    /// Contents as they were at this look.
    pub(crate) fn of(looked_at: Files) -> Self {
        Self {
            looked_at,
            used: Files::default(),
        }
    }

    /// The bytes of this file as they were at the look, or as they are now if it was not looked at.
    pub(crate) fn read(&mut self, path: &Path, max_bytes: usize) -> Result<Vec<u8>, Invalid> {
        let Self { looked_at, used } = self;
        let seen = used.0.entry(path.to_owned()).or_insert_with(|| {
            looked_at
                .0
                .get(path)
                .cloned()
                .unwrap_or_else(|| Seen::now(path, max_bytes))
        });
        seen.contents.clone().map(|bytes| bytes.to_vec())
    }

    /// The files that were needed.
    pub(crate) fn into_used(self) -> Files {
        self.used
    }
}

impl Seen {
    fn now(path: &Path, max_bytes: usize) -> Self {
        Self {
            max_bytes,
            contents: file::read(path, max_bytes).map(Arc::from),
        }
    }
}
