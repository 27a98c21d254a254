//! Files that may not answer, or be no files.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use nix::fcntl::OFlag;

use super::readings::Readings;
use super::value::Invalid;
use crate::domain::shown_path;

/// In place of what may be a secret, written where the name of its file belongs.
const NOT_SHOWN: &str = "the file that is named here (it looks like no path, so it is not shown)";

/// Long enough for a disk that has to start turning.
const PATIENCE: Duration = Duration::from_secs(5);

static READINGS: Readings = Readings::new(PATIENCE);

/// The bytes of a regular file, if it has at most so many and they come within five seconds. It
/// blocks the calling thread: not to be called on a runtime.
pub fn read_regular_file(path: &Path, max_bytes: usize) -> io::Result<Vec<u8>> {
    let own = path.to_owned();
    READINGS.make(path, move || contents(&own, max_bytes))
}

/// The same for a setting.
pub(crate) fn read(path: &Path, max_bytes: usize) -> Result<Vec<u8>, Invalid> {
    let shown = shown_path(path).unwrap_or(NOT_SHOWN);
    read_regular_file(path, max_bytes).map_err(|error| match error.kind() {
        io::ErrorKind::FileTooLarge => {
            Invalid::new(format!("{shown} has more than {} MiB", max_bytes >> 20))
        }
        _ => Invalid::new(format!("cannot read {shown}: {error}")),
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "it runs in a thread that may be abandoned"
)]
fn contents(path: &Path, max_bytes: usize) -> io::Result<Vec<u8>> {
    // Before it is opened: opening a device may have an effect.
    refuse_irregular(&std::fs::metadata(path)?)?;
    // A pipe that has taken its place meanwhile must not block us until it has a writer.
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

/// A pipe could keep us waiting for ever, and a device has no end.
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
    fn only_a_regular_file_of_some_size_is_read() {
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
