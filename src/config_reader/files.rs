//! The contents of the files that a configuration was read from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::file;
use super::value::Invalid;

/// The files that a configuration was read from: the contents of each at one moment, or the reason
/// why it could not be read.
///
/// The bytes that are compared are the bytes that are applied. A change in between is found by the
/// next comparison.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files(BTreeMap<PathBuf, FileState>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct FileState {
    max_bytes: usize,
    contents: Result<Arc<[u8]>, Invalid>,
}

/// The files of a configuration that is being read.
#[derive(Debug, Default)]
pub(crate) struct FilesInUse {
    snapshot: Files,
    used: Files,
}

impl Files {
    /// Reads the same files again.
    ///
    /// Blocks the calling thread while it reads from the disk.
    #[must_use]
    pub fn reread(&self) -> Self {
        let reread = |(path, state): (&PathBuf, &FileState)| {
            let now = FileState::now(path, state.max_bytes);
            // Unchanged contents are shared instead of stored twice.
            (
                path.clone(),
                if now == *state { state.clone() } else { now },
            )
        };
        Self(self.0.iter().map(reread).collect())
    }

    /// Returns `true` if `others` contains each of these files, whatever their contents.
    pub fn are_among(&self, others: &Self) -> bool {
        self.0.keys().all(|path| others.0.contains_key(path))
    }
}

impl FilesInUse {
    /// Starts from the contents in `snapshot`.
    pub(crate) fn of(snapshot: Files) -> Self {
        Self {
            snapshot,
            used: Files::default(),
        }
    }

    /// Returns the contents of a file from the snapshot; a file that is not in it is read from the
    /// disk now.
    pub(crate) fn read(&mut self, path: &Path, max_bytes: usize) -> Result<Vec<u8>, Invalid> {
        let Self { snapshot, used } = self;
        let state = used.0.entry(path.to_owned()).or_insert_with(|| {
            snapshot
                .0
                .get(path)
                .cloned()
                .unwrap_or_else(|| FileState::now(path, max_bytes))
        });
        state.contents.clone().map(|bytes| bytes.to_vec())
    }

    /// Returns the files that were read.
    pub(crate) fn into_used(self) -> Files {
        self.used
    }
}

impl FileState {
    fn now(path: &Path, max_bytes: usize) -> Self {
        Self {
            max_bytes,
            contents: file::read(path, max_bytes).map(Arc::from),
        }
    }
}
