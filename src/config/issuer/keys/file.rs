//! Keys in a file that may change.

use std::path::PathBuf;

use super::refresh::RefreshSettings;
use crate::config_reader::{Invalid, Reader, Reported, Setting, file, value};
use crate::jose::{Algorithms, KeySet};

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

impl FileKeys {
    /// Reads the keys that are in the file now. Fails with a message for the operator.
    ///
    /// Blocks the calling thread while it reads from the disk.
    pub fn read(&self) -> Result<KeySet, String> {
        let document = file::read(&self.path, MAX_BYTES).map_err(|invalid| invalid.message)?;
        KeySet::from_jwks(&document, &self.algorithms).map_err(|error| error.to_string())
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
        match keys.read() {
            Ok(_) => Ok(keys),
            Err(message) => Err(reader.refuse(&JWKS_FILE, invalid(message))),
        }
    }
}

fn invalid(message: String) -> Invalid {
    let is_read = !message.starts_with("cannot read");
    let invalid = Invalid::new(message);
    if is_read {
        invalid.hint("give a file with {\"keys\": […]}; keys in PEM are $public_key_file")
    } else {
        invalid
    }
}

pub(super) const JWKS_FILE: Setting = Setting::optional(
    "jwks_file",
    "–",
    "File with a key set. It is compared every 5 seconds. If the file is bad or missing, the last good keys are used for `jwks_max_stale`.",
);
