//! Files that settings name.

use std::path::{Path, PathBuf};

use super::{Reader, single};
use crate::config_reader::problem::Reported;
use crate::config_reader::section::{InputValue, SettingInput};
use crate::config_reader::setting::Setting;
use crate::config_reader::value::Invalid;
use crate::config_reader::{file, value};

/// The greatest size of such a file, in bytes; a larger one is refused.
const MAX_FILE_BYTES: usize = 1 << 20;

impl Reader {
    /// Reads a file that a setting names.
    pub(crate) fn file(&mut self, setting: &Setting, path: &Path) -> Result<Vec<u8>, Reported> {
        self.files
            .read(path, MAX_FILE_BYTES)
            .map_err(|invalid| self.refuse(setting, invalid))
    }

    /// Reports a file that cannot be read now. It is for files that are read again each time they
    /// are used, whose contents are no part of the configuration.
    pub(crate) fn readable(&mut self, setting: &Setting, path: &Path) -> Result<(), Reported> {
        file::read(path, MAX_FILE_BYTES)
            .map(drop)
            .map_err(|invalid| self.refuse(setting, invalid))
    }

    /// Reads a file that is read again while the service runs, so that its contents are no part of
    /// the configuration. Reports it if it cannot be read now.
    pub(crate) fn followed_file(
        &mut self,
        setting: &Setting,
        path: &Path,
    ) -> Result<Vec<u8>, Reported> {
        self.followed_file_of(setting, path, MAX_FILE_BYTES)
    }

    /// Reads such a file of at most `max_bytes`.
    pub(crate) fn followed_file_of(
        &mut self,
        setting: &Setting,
        path: &Path,
        max_bytes: usize,
    ) -> Result<Vec<u8>, Reported> {
        file::read(path, max_bytes).map_err(|invalid| self.refuse(setting, invalid))
    }

    /// Returns the path of the file that a secret is given as; `None` if it is given as itself or
    /// not at all.
    pub(crate) fn file_of_secret(&self, setting: &Setting) -> Option<PathBuf> {
        let named = self.section.values.get(&setting.file_name())?;
        named.text().map(|path| PathBuf::from(path.trim()))
    }

    /// Reads a secret from the file that `named` names. The result has the location of that name.
    pub(crate) fn secret_file(&mut self, named: &SettingInput) -> Result<SettingInput, Reported> {
        let path = single(named).and_then(value::text);
        let secret = path
            .and_then(|path| self.files.read(Path::new(&path), MAX_FILE_BYTES))
            .and_then(|bytes| {
                let mut text = String::from_utf8(bytes).map_err(|_| not_text())?;
                // Editors and `echo` end a file with a line end that is no part of the secret. Only
                // one is removed.
                if text.ends_with('\n') {
                    text.truncate(text.len() - 1 - usize::from(text.ends_with("\r\n")));
                }
                Ok(text)
            });
        let text = secret.map_err(|invalid| self.refuse_at(&named.place, invalid))?;
        Ok(SettingInput {
            value: InputValue::Variable(text),
            place: named.place.clone(),
        })
    }
}

/// The problem of a file whose contents are no text.
pub(crate) fn not_text() -> Invalid {
    Invalid::new("the file is not UTF-8").hint("compare the path: its contents are no text")
}
