//! Runs work that must not delay decisions.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use thread_priority::{
    NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy,
    set_thread_priority_and_policy, thread_native_id,
};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;

/// The time after which work is started again at normal priority. If the workers leave any time
/// over, ten thousand routes are read in a tenth of a second.
const LOW_PRIORITY_TIMEOUT: Duration = Duration::from_millis(500);

/// The largest number of low-priority threads at a time. A thread that gets no core keeps its
/// memory, ten thousand routes and more, and each new configuration would add another thread.
const MAX_LOW_PRIORITY_THREADS: usize = 2;

/// Starts threads for work that must not delay decisions.
#[derive(Clone)]
pub(crate) struct LowPriorityThread(Arc<Semaphore>);

impl Default for LowPriorityThread {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX_LOW_PRIORITY_THREADS)))
    }
}

impl LowPriorityThread {
    /// Runs work in a thread that gets the time that the workers leave over, and returns its
    /// result.
    ///
    /// If there is no result after [`LOW_PRIORITY_TIMEOUT`], the work is run once more in a thread
    /// of normal priority, because Linux would not let the first thread raise its own. The first
    /// result counts. If too many low-priority threads are running already, the work runs at normal
    /// priority at once. Fails if no thread can be started or the work panics.
    pub(crate) async fn result<T: Send + 'static>(
        &self,
        work: impl Fn() -> T + Send + Sync + 'static,
    ) -> io::Result<T> {
        self.first_result(Arc::new(work), LOW_PRIORITY_TIMEOUT)
            .await
    }

    /// Drops a value in a thread of low priority, or of normal priority if too many low-priority
    /// threads are running already.
    pub(crate) fn free(&self, value: impl Send + 'static) -> io::Result<()> {
        let slot = self.0.clone().try_acquire_owned();
        start_thread(move || {
            if slot.is_ok() {
                lower_priority();
            }
            drop(value);
        })
    }

    /// Runs work as [`Self::result`] does, with this timeout.
    #[expect(clippy::disallowed_methods, reason = "they block threads of their own")]
    async fn first_result<T: Send + 'static>(
        &self,
        work: Arc<dyn Fn() -> T + Send + Sync>,
        low_priority_timeout: Duration,
    ) -> io::Result<T> {
        let (sender, mut receiver) = mpsc::channel(1);
        if let Ok(slot) = self.0.clone().try_acquire_owned() {
            let (low_priority_work, low_priority_sender) = (work.clone(), sender.clone());
            start_thread(move || {
                let _slot = slot;
                lower_priority();
                // Sending fails if the other thread was faster or the service stops.
                let _ = low_priority_sender.blocking_send(low_priority_work());
            })?;
            if let Ok(Some(done)) = timeout(low_priority_timeout, receiver.recv()).await {
                return Ok(done);
            }
        }
        let started = start_thread(move || {
            let _ = sender.blocking_send(work());
        });
        // If no second thread can be started, the first one still finishes.
        receiver.recv().await.ok_or_else(|| {
            started
                .err()
                .unwrap_or_else(|| io::Error::other("the work was given up"))
        })
    }
}

/// Starts a thread for this work, which ends with it.
fn start_thread(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new()
        .name("background".to_owned())
        .spawn(work)
        .map(drop)
}

/// Gives this thread the scheduling policy `SCHED_IDLE` (sched(7)). Of all policies only this one
/// lets a worker that wakes up have the core at once. A thread with a high nice value may finish
/// its time slice first, and a decision would wait for milliseconds.
#[cfg(target_os = "linux")]
fn lower_priority() {
    let policy = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    // If the system does not allow this, the work runs at normal priority.
    let _ = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, policy);
}

#[cfg(not(target_os = "linux"))]
const fn lower_priority() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::Receiver;

    use super::*;

    const NORMAL: i32 = 0;
    const IDLE: i32 = 5;

    /// Returns the scheduling policy of the calling thread (proc(5)).
    fn policy() -> i32 {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        let (_, after_name) = stat.rsplit_once(')').unwrap();
        after_name
            .split_whitespace()
            .nth(38)
            .unwrap()
            .parse()
            .unwrap()
    }

    fn wait<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap()
            .block_on(work)
    }

    /// Reports the scheduling policy of the thread that drops it.
    struct PolicyReporter(mpsc::Sender<i32>);

    impl Drop for PolicyReporter {
        fn drop(&mut self) {
            self.0.blocking_send(policy()).unwrap();
        }
    }

    /// Frees a value, and returns the scheduling policy of the thread that dropped it.
    fn policy_of_freeing(threads: &LowPriorityThread) -> i32 {
        let (sender, mut receiver) = mpsc::channel(1);
        threads.free(PolicyReporter(sender)).unwrap();
        receiver.blocking_recv().unwrap()
    }

    /// Occupies a slot until the returned sender is dropped.
    fn occupy_slot(threads: &LowPriorityThread) -> std::sync::mpsc::Sender<()> {
        struct Occupant(Receiver<()>);
        impl Drop for Occupant {
            fn drop(&mut self) {
                let _ = self.0.recv();
            }
        }
        let (release, released) = std::sync::mpsc::channel();
        threads.free(Occupant(released)).unwrap();
        release
    }

    #[test]
    fn only_the_thread_of_the_work_has_low_priority() {
        let before = policy();
        assert_eq!(
            (
                wait(LowPriorityThread::default().result(policy)).unwrap(),
                policy()
            ),
            (IDLE, before)
        );
    }

    #[test]
    fn work_that_gets_no_core_is_repeated_at_normal_priority() {
        let (_never, starved) = std::sync::mpsc::channel::<()>();
        let starved: Mutex<Receiver<()>> = starved.into();
        let work = move || {
            if policy() == IDLE {
                let _ = starved.lock().unwrap().recv();
            }
            policy()
        };
        assert_eq!(
            wait(LowPriorityThread::default().first_result(Arc::new(work), Duration::ZERO))
                .unwrap(),
            NORMAL
        );
    }

    #[test]
    fn values_are_freed_at_low_priority() {
        assert_eq!(policy_of_freeing(&LowPriorityThread::default()), IDLE);
    }

    #[test]
    fn the_number_of_low_priority_threads_is_bounded() {
        let threads = LowPriorityThread::default();
        let occupants: Vec<_> = (0..MAX_LOW_PRIORITY_THREADS)
            .map(|_| occupy_slot(&threads))
            .collect();
        assert_eq!(
            wait(threads.first_result(Arc::new(policy), Duration::MAX)).unwrap(),
            NORMAL
        );
        assert_eq!(policy_of_freeing(&threads), NORMAL);
        drop(occupants);
        // Each thread returns its slot when it ends.
        wait(
            threads
                .0
                .acquire_many(u32::try_from(MAX_LOW_PRIORITY_THREADS).unwrap()),
        )
        .unwrap()
        .forget();
        threads.0.add_permits(MAX_LOW_PRIORITY_THREADS);
        assert_eq!(wait(threads.result(policy)).unwrap(), IDLE);
    }

    #[test]
    fn work_that_panics_is_an_error() {
        let work: Arc<dyn Fn() + Send + Sync> = Arc::new(|| panic!("on purpose"));
        assert!(wait(LowPriorityThread::default().first_result(work, Duration::ZERO)).is_err());
    }
}
