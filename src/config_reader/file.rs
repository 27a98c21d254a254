//! Reads files that may be no regular files, or may never answer.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use nix::fcntl::OFlag;

use super::readings::Readings;
use super::value::Invalid;
use crate::domain::shown_path;

/// Shown instead of a path that looks like a secret, which was written where the path of its file
/// belongs.
const NOT_SHOWN: &str = "the file that is named here (it looks like no path, so it is not shown)";

/// The time that a file may take; long enough for a disk that has to spin up.
const READ_TIMEOUT: Duration = Duration::from_secs(5);

static READS: Readings = Readings::new(READ_TIMEOUT);

/// Reads a regular file of at most `max_bytes`.
///
/// Fails if it is anything else, such as a pipe or a device, with [`io::ErrorKind::FileTooLarge`]
/// if it is larger, and with [`io::ErrorKind::TimedOut`] if it cannot be read within five seconds.
/// Blocks the calling thread, so it must not be called on an async runtime.
pub fn read_regular_file(path: &Path, max_bytes: usize) -> io::Result<Vec<u8>> {
    let own = path.to_owned();
    READS.run(path, move || contents(&own, max_bytes))
}

/// Reads a regular file that a setting names. The message of the error shows the path, unless the
/// path looks like a secret.
pub(crate) fn read(path: &Path, max_bytes: usize) -> Result<Vec<u8>, Invalid> {
    let shown = shown_path(path);
    read_regular_file(path, max_bytes).map_err(|error| {
        let name = shown.unwrap_or(NOT_SHOWN);
        let invalid = match error.kind() {
            io::ErrorKind::FileTooLarge => {
                Invalid::new(format!("{name} has more than {} MiB", max_bytes >> 20))
            }
            _ => Invalid::new(format!("cannot read {name}: {error}")),
        };
        invalid.hint(match shown {
            Some(_) => next_step(path, error.kind()),
            None => "give the path of a file, such as /run/secrets/NAME",
        })
    })
}

/// Returns a hint for a file that cannot be read.
pub(crate) fn next_step(path: &Path, error: io::ErrorKind) -> &'static str {
    match error {
        io::ErrorKind::NotFound if path.is_relative() => {
            "compare the path, which is relative to the working directory"
        }
        io::ErrorKind::NotFound => "compare the path; a container sees only what is mounted",
        io::ErrorKind::PermissionDenied => "compare its owner and mode with the user of doorward",
        io::ErrorKind::InvalidInput => "name the file itself: no directory, pipe or device",
        io::ErrorKind::FileTooLarge => "compare the path: such a file is small",
        io::ErrorKind::TimedOut => "see whether its disk or file server answers",
        _ => "compare path, owner and mode",
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "it runs in a thread that may be abandoned"
)]
fn contents(path: &Path, max_bytes: usize) -> io::Result<Vec<u8>> {
    // This is checked before the file is opened, because opening a device may have an effect.
    refuse_irregular(&std::fs::metadata(path)?)?;
    // A pipe that has replaced the file in the meantime must not block until it has a writer.
    let flags = (OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits();
    let file = File::options().read(true).custom_flags(flags).open(path)?;
    refuse_irregular(&file.metadata()?)?;
    let mut bytes = Vec::new();
    file.take(max_bytes as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > max_bytes {
        Err(io::ErrorKind::FileTooLarge.into())
    } else {
        Ok(bytes)
    }
}

/// Fails if it is not a regular file: a read from a pipe could block for ever, and a device has no
/// end.
fn refuse_irregular(metadata: &Metadata) -> io::Result<()> {
    if metadata.is_file() {
        Ok(())
    } else {
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a regular file",
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use nix::sys::stat::Mode;
    use nix::unistd::mkfifo;

    use super::*;

    #[test]
    fn only_a_regular_file_within_the_size_limit_is_read() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        std::fs::write(at("file"), "12345678").unwrap();
        std::os::unix::fs::symlink(at("file"), at("link")).unwrap();
        assert_eq!(read_regular_file(&at("link"), 8).unwrap(), b"12345678");
        assert_eq!(
            read_regular_file(&at("file"), 7).unwrap_err().kind(),
            io::ErrorKind::FileTooLarge
        );
        assert_eq!(
            read_regular_file(&at("none"), 7).unwrap_err().kind(),
            io::ErrorKind::NotFound
        );

        mkfifo(&at("pipe"), Mode::S_IRWXU).unwrap();
        let _socket = UnixListener::bind(at("socket")).unwrap();
        for path in [
            at("pipe"),
            at("socket"),
            place.path().to_owned(),
            "/dev/zero".into(),
        ] {
            let error = read_regular_file(&path, 8).unwrap_err().to_string();
            assert_eq!(error, "not a regular file", "{}", path.display());
        }
    }
}
