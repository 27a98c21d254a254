//! The right to a socket file: a lock beside it, which one process has at a time.
#![expect(clippy::disallowed_methods, reason = "nothing runs yet")]

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::libc::O_NOFOLLOW;

/// The right to a socket file, as long as this lives. The system takes it back when the process
/// ends, however that happens: a lock file that is left over means nothing.
#[derive(Debug)]
pub struct SocketLock {
    /// Closed after the file was removed, not before: then it may be somebody else's.
    locked: File,
    path: PathBuf,
}

impl SocketLock {
    /// Takes the right to the socket file at this path; an error if another process has it.
    pub(super) fn take(socket: &Path) -> io::Result<Self> {
        let mut path = socket.as_os_str().to_owned();
        path.push(".lock");
        let path = PathBuf::from(path);
        loop {
            let file = open(&path).map_err(|error| about(&path, &error))?;
            match file.try_lock() {
                // Who had it before may have removed the file between these two steps; then it
                // keeps nobody out.
                Ok(()) if is_at(&file, &path) => return Ok(Self { locked: file, path }),
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(io::Error::new(
                        io::ErrorKind::AddrInUse,
                        "another process listens there, or is about to",
                    ));
                }
                Err(TryLockError::Error(error)) => return Err(about(&path, &error)),
            }
        }
    }
}

impl Drop for SocketLock {
    fn drop(&mut self) {
        if is_at(&self.locked, &self.path) {
            // One that stays does no harm.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Only the owner may open it: who can hold the lock can keep the service from starting. A link
/// that somebody else has put there is not followed, and nothing is written.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let file = options
        .read(true)
        .write(true)
        .create(true)
        .mode(0o600)
        .custom_flags(O_NOFOLLOW)
        .open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::other("it is no file"))
    }
}

/// Whether this is the file at this path.
fn is_at(file: &File, path: &Path) -> bool {
    let (Ok(own), Ok(there)) = (file.metadata(), std::fs::symlink_metadata(path)) else {
        return false;
    };
    (own.dev(), own.ino()) == (there.dev(), there.ino())
}

fn about(path: &Path, error: &io::Error) -> io::Error {
    let hint = "remove it if no other process uses the socket";
    io::Error::new(
        error.kind(),
        format!("its lock file {}: {error} ({hint})", path.display()),
    )
}
