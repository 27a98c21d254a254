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

/// The time for which changed contents must stay the same. The first half of a secret that is being
/// written is a secret as well.
const SETTLE_TIME: Duration = Duration::from_millis(100);

/// The most readings until contents have settled. After them, the next call reads on.
const MAX_READINGS: usize = 5;

/// The longest time that a call waits for a file to be read again. After it, the last good value is
/// used, so that a disk that hangs does not stop calls.
const PATIENCE: Duration = Duration::from_millis(500);

/// The maximum size of a file.
const MAX_BYTES: usize = 1 << 20;

/// Parses the contents of the files. The message of a failure has no secret.
type Parse<T> = Box<dyn Fn(&[Vec<u8>]) -> Result<T, String> + Send + Sync>;

/// The SHA-256 of each file. The contents themselves are secrets, which are not kept.
type Digests = Vec<[u8; 32]>;

/// The place of files in the configuration, for logs.
#[derive(Debug, Clone)]
pub(super) struct FileOwner {
    /// The name of the issuer.
    pub(super) issuer: Arc<str>,
    /// The setting that names the file; the first one of several.
    pub(super) setting: &'static str,
}

/// The value of one file, or of several that belong together. Contents that cannot be used leave the
/// last good value in place.
pub(super) struct FollowedFiles<T> {
    files: Arc<Files<T>>,
}

struct Files<T> {
    owner: FileOwner,
    paths: Vec<PathBuf>,
    parse: Parse<T>,
    known: ArcSwapOption<Known<T>>,
    reading: Arc<Mutex<()>>,
}

/// The active value.
struct Known<T> {
    value: Arc<T>,
    digests: Digests,
    /// The time of the last reading.
    at: Uptime,
    /// The reason why the present contents are not active.
    last_error: Option<String>,
}

/// The findings of a reading.
enum Found<T> {
    /// The contents that are active.
    Same,
    /// Contents that two readings found.
    Settled(Digests, Result<T, String>),
    /// Contents that may still be in the middle of a write.
    Changed(Digests),
    /// Nothing that can be read.
    Unreadable(String),
}

impl<T: Send + Sync + 'static> FollowedFiles<T> {
    /// Follows these files. They are first read when the value is needed.
    pub(super) fn new(owner: FileOwner, paths: Vec<PathBuf>, parse: Parse<T>) -> Self {
        let files = Files {
            owner,
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
        match self.known.load_full() {
            Some(known) if known.at >= now => Ok(known.value.clone()),
            Some(known) => Ok(self.read_again(&known, now).await),
            None => self.read_first(now).await,
        }
    }

    /// Reads the files for the first time. There is no other value that could be used until they
    /// have settled.
    async fn read_first(self: &Arc<Self>, now: Uptime) -> Result<Arc<T>, String> {
        let files = self.clone();
        let read = spawn_blocking(move || {
            let contents = files.contents()?;
            Ok((digests(&contents), (files.parse)(&contents)?))
        });
        let (digests, value) = read.await.unwrap_or_else(|error| Err(error.to_string()))?;
        Ok(self.activate(digests, value.into(), now))
    }

    /// Reads the files until their contents have settled. Returns the active value.
    async fn read_again(self: &Arc<Self>, known: &Known<T>, now: Uptime) -> Arc<T> {
        let FileOwner { issuer, setting } = &self.owner;
        let mut seen = None;
        for _ in 0..MAX_READINGS {
            match self.look(known.digests.clone(), seen.take()).await {
                Found::Same => {
                    if known.last_error.is_some() {
                        tracing::info!(%issuer, setting, "file can be used again");
                    }
                    return self.keep(known, None, now);
                }
                Found::Settled(digests, Ok(value)) => {
                    tracing::info!(%issuer, setting, "new contents of a file are active");
                    return self.activate(digests, value.into(), now);
                }
                Found::Settled(_, Err(error)) | Found::Unreadable(error) => {
                    return self.refuse(known, error, now);
                }
                Found::Changed(digests) => {
                    seen = Some(digests);
                    tokio::time::sleep(SETTLE_TIME).await;
                }
            }
        }
        self.keep(known, known.last_error.clone(), now)
    }

    /// Looks at the files once.
    async fn look(self: &Arc<Self>, active: Digests, seen: Option<Digests>) -> Found<T> {
        let files = self.clone();
        let look = move || {
            let contents = match files.contents() {
                Ok(contents) => contents,
                Err(error) => return Found::Unreadable(error),
            };
            let digests = digests(&contents);
            if digests == active {
                Found::Same
            } else if seen.as_ref() == Some(&digests) {
                Found::Settled(digests, (files.parse)(&contents))
            } else {
                Found::Changed(digests)
            }
        };
        let found = spawn_blocking(look).await;
        found.unwrap_or_else(|error| Found::Unreadable(error.to_string()))
    }

    fn activate(&self, digests: Digests, value: Arc<T>, at: Uptime) -> Arc<T> {
        let known = Known {
            value: value.clone(),
            digests,
            at,
            last_error: None,
        };
        self.known.store(Some(known.into()));
        value
    }

    /// Keeps the active value, because of this error. Each error is logged once.
    fn refuse(&self, known: &Known<T>, error: String, at: Uptime) -> Arc<T> {
        if known.last_error.as_ref() != Some(&error) {
            let FileOwner { issuer, setting } = &self.owner;
            tracing::warn!(
                %issuer,
                setting,
                error,
                "file cannot be used; its last good contents stay active"
            );
        }
        self.keep(known, Some(error), at)
    }

    fn keep(&self, known: &Known<T>, last_error: Option<String>, at: Uptime) -> Arc<T> {
        let kept = Known {
            value: known.value.clone(),
            digests: known.digests.clone(),
            at,
            last_error,
        };
        self.known.store(Some(kept.into()));
        known.value.clone()
    }

    fn contents(&self) -> Result<Vec<Vec<u8>>, String> {
        let read = |path: &PathBuf| {
            read_regular_file(path, MAX_BYTES).map_err(|error| {
                let shown = shown_path(path).unwrap_or("a file");
                format!("cannot read {shown}: {error}")
            })
        };
        self.paths.iter().map(read).collect()
    }
}

fn digests(contents: &[Vec<u8>]) -> Digests {
    contents.iter().map(|own| sha256(&[own])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Uptime {
        Uptime::new(Duration::from_secs(secs))
    }

    /// Reads the file to the end, however long that takes.
    async fn read(file: &FollowedFiles<u32>, secs: u64) -> Result<u32, String> {
        let turn = file.files.reading.clone().lock_owned().await;
        file.files
            .clone()
            .read(at(secs), turn)
            .await
            .map(|value| *value)
    }

    fn last_error(file: &FollowedFiles<u32>) -> Option<String> {
        file.files.known.load_full().unwrap().last_error.clone()
    }

    /// The log of one thread.
    #[derive(Clone, Default)]
    struct Log(Arc<std::sync::Mutex<Vec<u8>>>);

    impl std::io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_bad_content_leaves_the_last_good_one_and_is_logged_once() {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .with_ansi(false)
            .without_time()
            .with_target(false)
            .finish();
        let _until_the_end = tracing::subscriber::set_default(subscriber);
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("secret");
        let number = |contents: &[Vec<u8>]| {
            let text = String::from_utf8_lossy(&contents[0]).into_owned();
            text.parse::<u32>().map_err(|error| error.to_string())
        };
        let owner = FileOwner {
            issuer: "main".into(),
            setting: "introspection_client_secret_file",
        };
        let file = FollowedFiles::new(owner, vec![path.clone()], Box::new(number));
        assert!(read(&file, 0).await.unwrap_err().starts_with("cannot read"));
        for (content, secs, value, error) in [
            ("1", 1, 1, None),
            ("2", 6, 2, None),
            ("x", 11, 2, Some("invalid digit found in string")),
            ("x", 12, 2, Some("invalid digit found in string")),
            ("2", 16, 2, None),
            ("3", 21, 3, None),
        ] {
            std::fs::write(&path, content).unwrap();
            assert_eq!(read(&file, secs).await, Ok(value), "{content} at {secs}");
            assert_eq!(last_error(&file).as_deref(), error, "{content} at {secs}");
            // A few seconds ago is good enough.
            std::fs::write(&path, "7").unwrap();
            assert_eq!(file.current(at(secs + 4)).await.as_deref(), Ok(&value));
        }
        std::fs::remove_file(&path).unwrap();
        assert_eq!(read(&file, 99).await, Ok(3));
        assert!(last_error(&file).unwrap().starts_with("cannot read"));
        let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<_> = log
            .lines()
            .map(|line| line.split(" issuer=").next().unwrap().trim())
            .collect();
        let bad = "WARN file cannot be used; its last good contents stay active";
        let new = "INFO new contents of a file are active";
        assert_eq!(
            lines,
            [new, bad, "INFO file can be used again", new, bad],
            "{log}"
        );
        let owner = "issuer=main setting=\"introspection_client_secret_file\"";
        assert!(log.lines().all(|line| line.contains(owner)), "{log}");
    }

    /// Half of a secret is a secret too.
    #[tokio::test]
    async fn only_contents_that_were_seen_twice_become_active() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("secret");
        let owner = FileOwner {
            issuer: "main".into(),
            setting: "introspection_client_secret_file",
        };
        let text = |contents: &[Vec<u8>]| Ok(String::from_utf8_lossy(&contents[0]).into_owned());
        let file = FollowedFiles::new(owner, vec![path.clone()], Box::new(text)).files;
        std::fs::write(&path, "old").unwrap();
        assert_eq!(*file.read_first(at(0)).await.unwrap(), "old");
        let active = file.known.load_full().unwrap().digests.clone();
        let mut seen = None;
        for part in ["n", "ne", "new"] {
            std::fs::write(&path, part).unwrap();
            let found = file.look(active.clone(), seen.take()).await;
            let Found::Changed(digests) = found else {
                panic!("{part} was taken at the first look");
            };
            seen = Some(digests);
        }
        let found = file.look(active, seen).await;
        assert!(matches!(found, Found::Settled(_, Ok(value)) if value == "new"));
    }
}
