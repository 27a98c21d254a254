//! Files that are read again while the service runs.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::task::spawn_blocking;

use crate::config::sha256;
use crate::config_reader::read_regular_file;
use crate::domain::{Uptime, shown_path};

/// The time after which the files are read again.
const INTERVAL: Duration = Duration::from_secs(5);

/// The longest time that a call waits for a file to be read again. After it, the last good value is
/// used, so that a disk that hangs does not stop calls.
const PATIENCE: Duration = Duration::from_millis(200);

/// The maximum size of a file.
const MAX_BYTES: usize = 1 << 20;

/// Parses the contents of the files. The message of a failure has no secret.
type Parse<T> = Box<dyn Fn(&[Vec<u8>]) -> Result<T, String> + Send + Sync>;

/// The value of one file, or of several that belong together. Contents that cannot be used leave the
/// last good value in place.
pub(super) struct FollowedFiles<T> {
    files: Arc<Files<T>>,
}

struct Files<T> {
    paths: Vec<PathBuf>,
    parse: Parse<T>,
    known: ArcSwapOption<Known<T>>,
    reading: Arc<Mutex<()>>,
}

struct Known<T> {
    /// The digest of the contents. The contents themselves are secret, and are not kept.
    contents: [u8; 32],
    value: Arc<T>,
    at: Uptime,
}

impl<T: Send + Sync + 'static> FollowedFiles<T> {
    /// Follows these files. They are first read when the value is needed.
    pub(super) fn new(paths: Vec<PathBuf>, parse: Parse<T>) -> Self {
        let files = Files {
            paths,
            parse,
            known: ArcSwapOption::empty(),
            reading: Arc::default(),
        };
        Self {
            files: files.into(),
        }
    }

    /// Returns the value as the files have it now, or had it a few seconds ago. Fails with a message
    /// if they never could be used.
    pub(super) async fn current(&self, now: Uptime) -> Result<Arc<T>, String> {
        let is_fresh = |known: &Arc<Known<T>>| now.since(known.at) < INTERVAL;
        let known = self.files.known.load_full();
        if let Some(known) = known.as_ref().filter(|known| is_fresh(known)) {
            return Ok(known.value.clone());
        }
        let turn = match &known {
            None => self.files.reading.clone().lock_owned().await,
            // One reads; a disk that hangs must not collect a task for each request.
            Some(known) => match self.files.reading.clone().try_lock_owned() {
                Ok(turn) => turn,
                Err(_) => return Ok(known.value.clone()),
            },
        };
        // A task of its own: it continues when a request stops waiting for it.
        let reading = tokio::spawn(self.files.clone().read(now, turn));
        match known {
            None => reading.await.unwrap_or_else(|error| Err(error.to_string())),
            Some(known) => match tokio::time::timeout(PATIENCE, reading).await {
                Ok(Ok(Ok(value))) => Ok(value),
                _ => Ok(known.value.clone()),
            },
        }
    }
}

impl<T: Send + Sync + 'static> Files<T> {
    /// Reads the files, unless that was done while this waited for its turn.
    async fn read(
        self: Arc<Self>,
        now: Uptime,
        _turn: OwnedMutexGuard<()>,
    ) -> Result<Arc<T>, String> {
        let known = self.known.load_full();
        if let Some(known) = known.as_ref().filter(|known| known.at >= now) {
            return Ok(known.value.clone());
        }
        let files = self.clone();
        let read = spawn_blocking(move || files.read_now(now)).await;
        let read = read.unwrap_or_else(|error| Err(error.to_string()));
        match (read, known) {
            (Ok(fresh), _) => {
                let value = fresh.value.clone();
                self.known.store(Some(fresh.into()));
                Ok(value)
            }
            (Err(error), Some(known)) => {
                tracing::warn!(
                    error,
                    "a file of an introspection client cannot be used: its last good content stays"
                );
                let value = known.value.clone();
                let known = Known {
                    contents: known.contents,
                    value: value.clone(),
                    at: now,
                };
                self.known.store(Some(known.into()));
                Ok(value)
            }
            (Err(error), None) => Err(error),
        }
    }

    fn read_now(&self, at: Uptime) -> Result<Known<T>, String> {
        let contents: Vec<_> = self
            .paths
            .iter()
            .map(|path| {
                read_regular_file(path, MAX_BYTES).map_err(|error| {
                    format!(
                        "cannot read {}: {error}",
                        shown_path(path).unwrap_or("a file")
                    )
                })
            })
            .collect::<Result<_, _>>()?;
        let digest = digest(&contents);
        let known = self.known.load_full();
        let value = match known.filter(|known| known.contents == digest) {
            Some(known) => known.value.clone(),
            None => Arc::new((self.parse)(&contents)?),
        };
        Ok(Known {
            contents: digest,
            value,
            at,
        })
    }
}

/// Computes the digest of several files, in which the length of each separates it from the next.
fn digest(contents: &[Vec<u8>]) -> [u8; 32] {
    let lengths: Vec<_> = contents
        .iter()
        .map(|contents| contents.len().to_be_bytes())
        .collect();
    let parts: Vec<&[u8]> = lengths
        .iter()
        .zip(contents)
        .flat_map(|(length, contents)| [length.as_slice(), contents.as_slice()])
        .collect();
    sha256(&parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Uptime {
        Uptime::new(Duration::from_secs(secs))
    }

    /// Two files must not count as unchanged when a part of one moves to the other.
    #[test]
    fn files_are_told_apart() {
        let of = |contents: &[&str]| {
            let contents: Vec<_> = contents
                .iter()
                .map(|text| text.as_bytes().to_vec())
                .collect();
            digest(&contents)
        };
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_ne!(of(&["ab"]), of(&["ab", ""]));
        assert_eq!(of(&["a", "b"]), of(&["a", "b"]));
    }

    #[tokio::test]
    async fn a_bad_content_leaves_the_last_good_one() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("secret");
        let number = |contents: &[Vec<u8>]| {
            let text = String::from_utf8_lossy(&contents[0]).into_owned();
            text.parse::<u32>().map_err(|error| error.to_string())
        };
        let file = FollowedFiles::new(vec![path.clone()], Box::new(number));
        assert!(
            file.current(at(0))
                .await
                .unwrap_err()
                .starts_with("cannot read")
        );
        for (content, secs, value) in [
            ("1", 1, 1),
            ("2", 2, 1),
            ("2", 6, 2),
            ("x", 11, 2),
            ("3", 12, 2),
            ("3", 16, 3),
        ] {
            std::fs::write(&path, content).unwrap();
            let found = file.current(at(secs)).await.unwrap();
            assert_eq!(*found, value, "{content} at {secs}");
        }
        std::fs::remove_file(&path).unwrap();
        assert_eq!(*file.current(at(99)).await.unwrap(), 3);
    }
}
