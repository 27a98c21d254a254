//! Keys in a file.

use std::path::PathBuf;

use super::JWKS_FILE;
use super::refresh::RefreshSettings;
use crate::config_reader::{Invalid, Reader, Reported, file, value};
use crate::jose::{Algorithms, KeySet};

/// A longer file is refused.
const MAX_BYTES: usize = 1 << 20;

/// Keys in a file, which may change at any time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileKeys {
    path: PathBuf,
    /// What their tokens may be signed with.
    pub algorithms: Algorithms,
    /// When the file is looked at, and how long its keys are good once it cannot be read.
    pub refresh: RefreshSettings,
}

impl FileKeys {
    /// The keys that are there now. Reads from the disk, which may take its time.
    pub fn read(&self) -> Result<KeySet, String> {
        let document = file::read(&self.path, MAX_BYTES).map_err(|invalid| invalid.message)?;
        KeySet::from_jwks(&document, &self.algorithms).map_err(|error| error.to_string())
    }

    pub(super) fn is_same_file(&self, other: &Self) -> bool {
        self.path == other.path
    }

    /// A file that cannot be used at the start will not be good for anything later.
    pub(super) fn configured(
        reader: &mut Reader,
        algorithms: Algorithms,
        refresh: RefreshSettings,
    ) -> Result<Self, Reported> {
        let path = reader.read(&JWKS_FILE, value::text)?.into();
        let keys = Self {
            path,
            algorithms,
            refresh: refresh.of_file(),
        };
        match keys.read() {
            Ok(_) => Ok(keys),
            Err(message) => Err(reader.refuse(&JWKS_FILE, Invalid::new(message))),
        }
    }
}
