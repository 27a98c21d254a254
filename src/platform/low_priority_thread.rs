//! Work that must not be in the way of decisions.

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

/// How long it is tried with what the workers leave over: ten thousand routes are read in a tenth
/// of a second where there is anything left.
const PATIENCE: Duration = Duration::from_millis(500);

/// How many threads may give way at a time. One that gets no core keeps what it holds, ten thousand
/// routes and more, and with the next configuration comes the next one.
const MOST_GIVING_WAY: usize = 2;

/// Threads for what must not be in the way of decisions.
#[derive(Clone)]
pub(crate) struct LowPriorityThread(Arc<Semaphore>);

impl Default for LowPriorityThread {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MOST_GIVING_WAY)))
    }
}

impl LowPriorityThread {
    /// Does this in a thread that gets what the workers leave over. Where they leave nothing it is
    /// done once more, by one that takes its share; Linux would not let the first one ask for more.
    /// Whichever comes first counts.
    pub(crate) async fn result<T: Send + 'static>(
        &self,
        work: impl Fn() -> T + Send + Sync + 'static,
    ) -> io::Result<T> {
        self.first_result(Arc::new(work), PATIENCE).await
    }

    /// Frees this with what the workers leave over, whenever that is; at once if too much waits for
    /// that already.
    pub(crate) fn free(&self, value: impl Send + 'static) -> io::Result<()> {
        let place = self.0.clone().try_acquire_owned();
        begin(move || {
            if place.is_ok() {
                lower_priority();
            }
            drop(value);
        })
    }

    #[expect(clippy::disallowed_methods, reason = "in threads of their own")]
    async fn first_result<T: Send + 'static>(
        &self,
        work: Arc<dyn Fn() -> T + Send + Sync>,
        patience: Duration,
    ) -> io::Result<T> {
        let (tell, mut told) = mpsc::channel(1);
        if let Ok(place) = self.0.clone().try_acquire_owned() {
            let (patient, tell_first) = (work.clone(), tell.clone());
            begin(move || {
                let _place = place;
                lower_priority();
                // If nobody waits any more, the other was faster or the service ends.
                let _ = tell_first.blocking_send(patient());
            })?;
            if let Ok(Some(done)) = timeout(patience, told.recv()).await {
                return Ok(done);
            }
        }
        let begun = begin(move || {
            let _ = tell.blocking_send(work());
        });
        // Where no second thread can be had, the first still comes to its end.
        told.recv().await.ok_or_else(|| {
            begun
                .err()
                .unwrap_or_else(|| io::Error::other("the work was given up"))
        })
    }
}

/// Each work has a thread of its own, which ends with it.
fn begin(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new()
        .name("background".to_owned())
        .spawn(work)
        .map(drop)
}

/// Of all policies this is the one under which a worker that wakes up gets the core at once
/// (sched(7), `SCHED_IDLE`): a nice thread may finish its slice first, and a decision would wait
/// for milliseconds.
#[cfg(target_os = "linux")]
fn lower_priority() {
    let policy = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    // Where it is not allowed, the work is done all the same.
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

    /// The scheduling policy of the thread that asks (proc(5)).
    fn policy() -> i32 {
        let told = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        let (_, behind_name) = told.rsplit_once(')').unwrap();
        behind_name
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

    /// Says by which policy it was freed.
    struct Tells(mpsc::Sender<i32>);

    impl Drop for Tells {
        fn drop(&mut self) {
            self.0.blocking_send(policy()).unwrap();
        }
    }

    /// Frees something and tells by which policy.
    fn policy_of_freeing(background: &LowPriorityThread) -> i32 {
        let (tell, mut told) = mpsc::channel(1);
        background.free(Tells(tell)).unwrap();
        told.blocking_recv().unwrap()
    }

    /// Takes a place until the sender is dropped.
    fn starve(background: &LowPriorityThread) -> std::sync::mpsc::Sender<()> {
        struct Starved(Receiver<()>);
        impl Drop for Starved {
            fn drop(&mut self) {
                let _ = self.0.recv();
            }
        }
        let (fed, starved) = std::sync::mpsc::channel();
        background.free(Starved(starved)).unwrap();
        fed
    }

    #[test]
    fn the_work_gives_way_and_nobody_else_does() {
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
    fn work_that_gets_no_core_is_done_by_a_thread_that_takes_its_share() {
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
    fn what_is_freed_is_freed_by_a_thread_that_gives_way() {
        assert_eq!(policy_of_freeing(&LowPriorityThread::default()), IDLE);
    }

    #[test]
    fn where_threads_that_give_way_get_no_core_no_more_of_them_begin() {
        let background = LowPriorityThread::default();
        let starved: Vec<_> = (0..MOST_GIVING_WAY).map(|_| starve(&background)).collect();
        assert_eq!(
            wait(background.first_result(Arc::new(policy), Duration::MAX)).unwrap(),
            NORMAL
        );
        assert_eq!(policy_of_freeing(&background), NORMAL);
        drop(starved);
        // Each gives its place back when it ends.
        wait(
            background
                .0
                .acquire_many(u32::try_from(MOST_GIVING_WAY).unwrap()),
        )
        .unwrap()
        .forget();
        background.0.add_permits(MOST_GIVING_WAY);
        assert_eq!(wait(background.result(policy)).unwrap(), IDLE);
    }

    #[test]
    fn work_that_panics_is_an_error() {
        let work: Arc<dyn Fn() + Send + Sync> = Arc::new(|| panic!("on purpose"));
        assert!(wait(LowPriorityThread::default().first_result(work, Duration::ZERO)).is_err());
    }
}
