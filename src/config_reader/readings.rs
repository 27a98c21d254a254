//! Readings that may never come to an end.
//!
//! A file on a network file system whose server is gone blocks the thread that opens it, and that
//! cannot be interrupted. So each reading has a thread of its own that can be abandoned, and the
//! number of such threads is bounded.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How many readings of one file may be under way: several issuers may use it, and a reading by a
/// thread of low priority takes longer.
const MOST_OF_ONE: usize = 4;

/// How many may be under way altogether.
const MOST: usize = 64;

/// The readings that are under way.
pub(crate) struct Readings {
    patience: Duration,
    under_way: Mutex<Vec<Reading>>,
    ended: Condvar,
}

#[derive(Clone, PartialEq, Eq)]
struct Reading {
    path: PathBuf,
    since: Instant,
}

/// A reading's place among those that are under way; given back when it is dropped.
struct Location {
    among: &'static Readings,
    own: Reading,
}

impl Readings {
    /// None yet; each is waited for so long.
    pub(crate) const fn new(patience: Duration) -> Self {
        Self {
            patience,
            under_way: Mutex::new(Vec::new()),
            ended: Condvar::new(),
        }
    }

    /// What a reading of this file gives, if it comes to an end in time. While an earlier one of
    /// the same file is overdue, it is not even tried.
    #[expect(
        clippy::disallowed_methods,
        reason = "it waits for a bounded time, and its documentation says so"
    )]
    pub(crate) fn make<T: Send + 'static>(
        &'static self,
        path: &Path,
        read: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let place = self.enter(path)?;
        let (sender, receiver) = sync_channel(1);
        let reading = move || {
            let read = read();
            drop(place);
            // It fails if the caller has given up, with an error that says so.
            let _ = sender.send(read);
        };
        thread::Builder::new()
            .name("file".to_owned())
            .spawn(reading)?;
        receiver
            .recv_timeout(self.patience)
            .unwrap_or_else(|_| Err(no_answer()))
    }

    #[expect(clippy::disallowed_methods, reason = "it waits for a bounded time")]
    fn enter(&'static self, path: &Path) -> io::Result<Location> {
        let is_same = |reading: &&Reading| reading.path == path;
        let is_full = |under_way: &mut Vec<Reading>| {
            under_way.len() >= MOST || under_way.iter().filter(is_same).count() >= MOST_OF_ONE
        };
        let under_way = self.lock();
        if under_way
            .iter()
            .filter(is_same)
            .any(|reading| reading.since.elapsed() >= self.patience)
        {
            return Err(no_answer());
        }
        let waited = self
            .ended
            .wait_timeout_while(under_way, self.patience, is_full);
        let (mut under_way, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return Err(no_answer());
        }
        let own = Reading {
            path: path.to_owned(),
            since: Instant::now(),
        };
        under_way.push(own.clone());
        Ok(Location { among: self, own })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Reading>> {
        // Nothing can panic while it is held.
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Location {
    fn drop(&mut self) {
        let mut under_way = self.among.lock();
        if let Some(position) = under_way.iter().position(|reading| *reading == self.own) {
            under_way.swap_remove(position);
        }
        self.among.ended.notify_all();
    }
}

fn no_answer() -> io::Error {
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

    /// Files on a server that is gone until it is dropped.
    struct Server {
        readings: &'static Readings,
        begun: Arc<AtomicUsize>,
        gone: Option<Sender<()>>,
        back: Arc<Mutex<Receiver<()>>>,
    }

    impl Server {
        fn gone(patience: Duration) -> Self {
            let (gone, back) = channel();
            let readings = Box::leak(Box::new(Readings::new(patience)));
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
                .make(Path::new(path), never)
                .unwrap_err()
                .kind()
        }

        fn begun(&self) -> usize {
            self.begun.load(Ordering::SeqCst)
        }

        fn under_way(&self) -> usize {
            self.readings.lock().len()
        }
    }

    #[test]
    fn a_file_that_does_not_answer_costs_one_thread_however_often_it_is_read() {
        let server = Server::gone(Duration::from_millis(1));
        for _ in 0..1000 {
            assert_eq!(server.read("/gone"), io::ErrorKind::TimedOut);
        }
        assert_eq!((server.under_way(), server.begun() <= 1), (1, true));
    }

    #[test]
    fn another_file_is_read_meanwhile_and_the_same_one_when_it_answers_again() {
        let mut server = Server::gone(Duration::from_secs(20));
        let readings = server.readings;
        let (path, back) = (Path::new("/gone"), server.back.clone());
        let waiting = thread::spawn(move || {
            readings.make(path, move || {
                let _ = back.lock().unwrap_or_else(PoisonError::into_inner).recv();
                Ok("late")
            })
        });
        while server.under_way() == 0 {
            thread::yield_now();
        }
        assert_eq!(
            readings.make(Path::new("/there"), || Ok("there")).unwrap(),
            "there"
        );
        drop(server.gone.take());
        assert_eq!(waiting.join().unwrap().unwrap(), "late");
        assert_eq!(readings.make(path, || Ok("again")).unwrap(), "again");
        assert_eq!(server.under_way(), 0);
    }

    #[test]
    fn many_files_that_do_not_answer_keep_a_bounded_number_of_threads() {
        let server = Server::gone(Duration::from_millis(1));
        for number in 0..2 * MOST {
            assert_eq!(
                server.read(&format!("/gone/{number}")),
                io::ErrorKind::TimedOut
            );
        }
        assert_eq!(server.under_way(), MOST);
    }

    #[test]
    fn readings_of_one_file_wait_for_their_turn() {
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
                        assert!(readings.make(Path::new("/shared"), read).unwrap() < MOST_OF_ONE);
                    }
                });
            }
        });
    }

    #[test]
    fn a_reading_that_panics_gives_its_place_back() {
        let readings: &'static Readings =
            Box::leak(Box::new(Readings::new(Duration::from_secs(20))));
        let panicking = || -> io::Result<()> { panic!("on purpose") };
        assert!(readings.make(Path::new("/file"), panicking).is_err());
        assert!(readings.lock().is_empty());
    }
}
