//! Reads of files that may never return.
//!
//! A file on a network file system whose server is gone blocks the thread that opens it, and that
//! call cannot be interrupted. So each read has a thread of its own that can be abandoned, and the
//! number of such threads is bounded.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The greatest number of concurrent reads of one file: several issuers may use it, and a read by a
/// thread of low priority takes longer.
const MAX_PER_FILE: usize = 4;

/// The greatest number of concurrent reads.
const MAX_READS: usize = 64;

/// The reads that are in progress.
pub(crate) struct Readings {
    timeout: Duration,
    in_progress: Mutex<Vec<ActiveRead>>,
    ended: Condvar,
}

#[derive(Clone, PartialEq, Eq)]
struct ActiveRead {
    path: PathBuf,
    since: Instant,
}

/// A slot among the reads in progress; it is freed when it is dropped.
struct ReadSlot {
    reads: &'static Readings,
    own: ActiveRead,
}

impl Readings {
    /// Creates an empty set, in which each read may take as long as `timeout`.
    pub(crate) const fn new(timeout: Duration) -> Self {
        Self {
            timeout,
            in_progress: Mutex::new(Vec::new()),
            ended: Condvar::new(),
        }
    }

    /// Runs `read` on a thread of its own and returns its result. Fails with
    /// [`io::ErrorKind::TimedOut`] if it does not return in time. While an earlier read of the same
    /// file is overdue, it fails at once.
    #[expect(
        clippy::disallowed_methods,
        reason = "it waits for a bounded time, and its documentation says so"
    )]
    pub(crate) fn run<T: Send + 'static>(
        &'static self,
        path: &Path,
        read: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let place = self.enter(path)?;
        let (sender, receiver) = sync_channel(1);
        let reading = move || {
            let read = read();
            drop(place);
            // Sending fails if the caller has given up; the caller has then returned an error.
            let _ = sender.send(read);
        };
        thread::Builder::new()
            .name("file".to_owned())
            .spawn(reading)?;
        receiver
            .recv_timeout(self.timeout)
            .unwrap_or_else(|_| Err(timed_out_error()))
    }

    #[expect(clippy::disallowed_methods, reason = "it waits for a bounded time")]
    fn enter(&'static self, path: &Path) -> io::Result<ReadSlot> {
        let is_same = |reading: &&ActiveRead| reading.path == path;
        let is_full = |in_progress: &mut Vec<ActiveRead>| {
            in_progress.len() >= MAX_READS
                || in_progress.iter().filter(is_same).count() >= MAX_PER_FILE
        };
        let in_progress = self.lock();
        if in_progress
            .iter()
            .filter(is_same)
            .any(|reading| reading.since.elapsed() >= self.timeout)
        {
            return Err(timed_out_error());
        }
        let waited = self
            .ended
            .wait_timeout_while(in_progress, self.timeout, is_full);
        let (mut in_progress, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return Err(timed_out_error());
        }
        let own = ActiveRead {
            path: path.to_owned(),
            since: Instant::now(),
        };
        in_progress.push(own.clone());
        Ok(ReadSlot { reads: self, own })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<ActiveRead>> {
        // Nothing can panic while the lock is held.
        self.in_progress
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ReadSlot {
    fn drop(&mut self) {
        let mut in_progress = self.reads.lock();
        if let Some(position) = in_progress.iter().position(|reading| *reading == self.own) {
            in_progress.swap_remove(position);
        }
        self.reads.ended.notify_all();
    }
}

fn timed_out_error() -> io::Error {
    io::Error::new(
        io::ErrorKind::TimedOut,
        "it does not answer (is it on a network file system?)",
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// Files on a server that does not answer until `gone` is dropped.
    struct Server {
        readings: &'static Readings,
        begun: Arc<AtomicUsize>,
        gone: Option<Sender<()>>,
        back: Arc<Mutex<Receiver<()>>>,
    }

    impl Server {
        fn gone(timeout: Duration) -> Self {
            let (gone, back) = channel();
            let readings = Box::leak(Box::new(Readings::new(timeout)));
            Self {
                readings,
                begun: Arc::default(),
                gone: Some(gone),
                back: Arc::new(back.into()),
            }
        }

        /// Reads a file that never answers.
        fn read(&self, path: &str) -> io::ErrorKind {
            let (begun, back) = (self.begun.clone(), self.back.clone());
            let never = move || {
                begun.fetch_add(1, Ordering::SeqCst);
                let _ = back.lock().unwrap_or_else(PoisonError::into_inner).recv();
                Ok(())
            };
            self.readings
                .run(Path::new(path), never)
                .unwrap_err()
                .kind()
        }

        fn begun(&self) -> usize {
            self.begun.load(Ordering::SeqCst)
        }

        fn in_progress(&self) -> usize {
            self.readings.lock().len()
        }
    }

    #[test]
    fn a_file_that_does_not_answer_blocks_one_thread_only() {
        let server = Server::gone(Duration::from_millis(1));
        for _ in 0..1000 {
            assert_eq!(server.read("/gone"), io::ErrorKind::TimedOut);
        }
        assert_eq!((server.in_progress(), server.begun() <= 1), (1, true));
    }

    #[test]
    fn other_files_are_read_meanwhile_and_the_same_one_after_it_answers() {
        let mut server = Server::gone(Duration::from_secs(20));
        let readings = server.readings;
        let (path, back) = (Path::new("/gone"), server.back.clone());
        let waiting = thread::spawn(move || {
            readings.run(path, move || {
                let _ = back.lock().unwrap_or_else(PoisonError::into_inner).recv();
                Ok("late")
            })
        });
        while server.in_progress() == 0 {
            thread::yield_now();
        }
        assert_eq!(
            readings.run(Path::new("/there"), || Ok("there")).unwrap(),
            "there"
        );
        drop(server.gone.take());
        assert_eq!(waiting.join().unwrap().unwrap(), "late");
        assert_eq!(readings.run(path, || Ok("again")).unwrap(), "again");
        assert_eq!(server.in_progress(), 0);
    }

    #[test]
    fn files_that_do_not_answer_block_a_bounded_number_of_threads() {
        let server = Server::gone(Duration::from_millis(1));
        for number in 0..2 * MAX_READS {
            assert_eq!(
                server.read(&format!("/gone/{number}")),
                io::ErrorKind::TimedOut
            );
        }
        assert_eq!(server.in_progress(), MAX_READS);
    }

    #[test]
    fn concurrent_reads_of_one_file_are_limited() {
        let readings: &'static Readings =
            Box::leak(Box::new(Readings::new(Duration::from_secs(20))));
        let at_once = AtomicUsize::new(0);
        let at_once: &'static AtomicUsize = Box::leak(Box::new(at_once));
        let read = move || {
            let others = at_once.fetch_add(1, Ordering::SeqCst);
            thread::yield_now();
            at_once.fetch_sub(1, Ordering::SeqCst);
            Ok(others)
        };
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(move || {
                    for _ in 0..50 {
                        assert!(readings.run(Path::new("/shared"), read).unwrap() < MAX_PER_FILE);
                    }
                });
            }
        });
    }

    #[test]
    fn a_read_that_panics_frees_its_slot() {
        let readings: &'static Readings =
            Box::leak(Box::new(Readings::new(Duration::from_secs(20))));
        let panicking = || -> io::Result<()> { panic!("on purpose") };
        assert!(readings.run(Path::new("/file"), panicking).is_err());
        assert!(readings.lock().is_empty());
    }
}
