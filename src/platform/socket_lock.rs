//! A lock file beside a socket file, which one process holds at a time.
#![expect(clippy::disallowed_methods, reason = "nothing runs yet")]

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::libc::O_NOFOLLOW;

/// The exclusive right to a socket file, for as long as this value lives. The system releases the
/// lock when the process ends for any reason, so a lock file that is left over means nothing.
#[derive(Debug)]
pub struct SocketLock {
    /// The locked file. It stays locked until the file is removed: after an early release the file
    /// could belong to another process.
    locked: File,
    path: PathBuf,
}

impl SocketLock {
    /// Locks the socket file at this path. Fails with [`io::ErrorKind::AddrInUse`] if another
    /// process holds the lock.
    pub(super) fn take(socket: &Path) -> io::Result<Self> {
        let mut path = socket.as_os_str().to_owned();
        path.push(".lock");
        let path = PathBuf::from(path);
        loop {
            let file = open(&path).map_err(|error| lock_file_error(&path, &error))?;
            match file.try_lock() {
                // The process that held the lock before may have removed the file between these two
                // steps. Such a lock excludes no other process.
                Ok(()) if is_at(&file, &path) => return Ok(Self { locked: file, path }),
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(io::Error::new(
                        io::ErrorKind::AddrInUse,
                        "another process listens there, or is about to",
                    ));
                }
                Err(TryLockError::Error(error)) => return Err(lock_file_error(&path, &error)),
            }
        }
    }
}

impl Drop for SocketLock {
    fn drop(&mut self) {
        if is_at(&self.locked, &self.path) {
            // A file that is left over does no harm.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Opens or creates the lock file. Only its owner may open it: a user who can hold the lock can
/// keep the service from starting. A link that another user placed there is not followed, and
/// nothing is written.
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

/// Returns `true` if this is the file at this path.
fn is_at(file: &File, path: &Path) -> bool {
    let (Ok(own), Ok(there)) = (file.metadata(), std::fs::symlink_metadata(path)) else {
        return false;
    };
    (own.dev(), own.ino()) == (there.dev(), there.ino())
}

/// Adds the path of the lock file and a hint to an error.
fn lock_file_error(path: &Path, error: &io::Error) -> io::Error {
    let hint = match error.kind() {
        io::ErrorKind::NotFound => "create its directory, for the user of doorward",
        io::ErrorKind::PermissionDenied => "compare owner and mode of its directory",
        _ => "remove it if no other process uses the socket",
    };
    io::Error::new(
        error.kind(),
        format!("its lock file {}: {error} ({hint})", path.display()),
    )
}
