//! Files that list credentials, and may change at any time.

use std::path::Path;

use aws_lc_rs::digest;

use crate::config_reader::{Problems, Reader, Reported, Setting, file};
use crate::policy::LineFingerprint;

/// The greatest size of such a file, in bytes; a larger one is refused.
const MAX_BYTES: usize = 8 << 20;

/// A file that lists credentials, and may change at any time.
pub trait CredentialFile: Clone + Send + Sync + 'static {
    /// The list in the file.
    type List: CredentialList;

    /// Returns the path.
    fn path(&self) -> &Path;

    /// Parses the contents of the file. Fails with all problems, each with its line.
    fn parse(&self, contents: &[u8]) -> Result<Self::List, Problems>;

    /// Reads the contents of the file. Fails with a message for the operator.
    ///
    /// Blocks the calling thread while it reads from the disk.
    fn read(&self) -> Result<Vec<u8>, String> {
        file::read(self.path(), MAX_BYTES).map_err(|invalid| invalid.message)
    }
}

/// The list in such a file.
pub trait CredentialList: Send + Sync + 'static {
    /// Returns whether a line that says this is in the list.
    fn has(&self, line: &LineFingerprint) -> bool;

    /// Returns the number of credentials.
    fn len(&self) -> usize;

    /// Returns `true` if there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A list, and the digest of the file that it was read from.
#[derive(Debug, Clone)]
pub struct ReadList<L> {
    /// The list.
    pub list: L,
    /// The SHA-256 of the contents.
    pub contents: [u8; 32],
}

impl<L: CredentialList> ReadList<L> {
    /// Parses the contents of a file. Fails like [`CredentialFile::parse`].
    pub fn parse<F: CredentialFile<List = L>>(file: &F, contents: &[u8]) -> Result<Self, Problems> {
        Ok(Self {
            list: file.parse(contents)?,
            contents: contents_digest(contents),
        })
    }
}

/// Computes the digest by which two readings of a file are compared.
pub fn contents_digest(contents: &[u8]) -> [u8; 32] {
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(digest::digest(&digest::SHA256, contents).as_ref());
    sha256
}

/// Reads the file that this setting names. A file that cannot be used at the start is a problem of
/// the configuration; after a later failure the last good list stays active.
pub(super) fn read_now<F: CredentialFile>(
    reader: &mut Reader,
    setting: &Setting,
    file: &F,
) -> Result<ReadList<F::List>, Reported> {
    let contents = reader.followed_file_of(setting, file.path(), MAX_BYTES)?;
    ReadList::parse(file, &contents).map_err(|problems| {
        reader.add_problems(problems.iter().cloned());
        Reported
    })
}
