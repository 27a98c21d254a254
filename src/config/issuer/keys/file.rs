//! Keys in a file that may change.

use std::path::PathBuf;

use super::refresh::RefreshSettings;
use crate::config_reader::{Invalid, Reader, Reported, Setting, file, value};
use crate::jose::{Algorithms, InvalidKeySet, KeySet};

/// The greatest size of the file, in bytes; a larger one is refused.
const MAX_BYTES: usize = 1 << 20;

/// A key set in a file, whose contents may change at any time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileKeys {
    path: PathBuf,
    /// The algorithms that its tokens may be signed with.
    pub algorithms: Algorithms,
    /// The interval at which the file is read, and the time that its last good keys are used once
    /// it cannot be read.
    pub refresh: RefreshSettings,
}

/// The error of a key file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InvalidKeyFile {
    /// The file cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// The contents are no usable key set.
    #[error("{0}")]
    Keys(#[from] InvalidKeySet),
}

impl FileKeys {
    /// Reads the keys that are in the file now. Fails with [`InvalidKeyFile`] if the file cannot be
    /// used.
    ///
    /// Blocks the calling thread while it reads from the disk.
    pub fn read(&self) -> Result<KeySet, InvalidKeyFile> {
        let document = file::read(&self.path, MAX_BYTES)
            .map_err(|invalid| InvalidKeyFile::Unreadable(invalid.message))?;
        Ok(KeySet::from_jwks(&document, &self.algorithms)?)
    }

    pub(super) fn is_same_file(&self, other: &Self) -> bool {
        self.path == other.path
    }

    /// Reads `jwks_file`. A file that cannot be used at the start is a problem of the
    /// configuration; only a later failure is bridged with the last good keys.
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
        let document = reader.followed_file_of(&JWKS_FILE, &keys.path, MAX_BYTES)?;
        let hint = "give a file with {\"keys\": […]}; keys in PEM are $public_key_file";
        match KeySet::from_jwks(&document, &keys.algorithms) {
            Ok(_) => Ok(keys),
            Err(error) => {
                let invalid = Invalid::new(error.to_string()).hint(hint);
                Err(reader.refuse(&JWKS_FILE, invalid))
            }
        }
    }
}

pub(super) const JWKS_FILE: Setting = Setting::optional(
    "jwks_file",
    "–",
    "File with a key set. It is compared every 5 seconds. If the file is bad or missing, the last good keys are used for `jwks_max_stale`.",
);
