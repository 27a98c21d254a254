//! Work that must not be in the way of decisions.

use std::io;
use std::thread;

use tokio::sync::oneshot;

/// A quarter of what a worker gets where there is not enough for both: little enough not to be noticed, and enough for ten
/// thousand routes to be read within a second or two under full load.
const NICENESS: i32 = 5;

/// Does this in a thread of its own that gives way to the workers, and waits for it. The thread ends with it: on Linux nobody
/// but root may ask for more again.
pub(super) async fn in_background<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    let (tell, told) = oneshot::channel();
    thread::Builder::new().name("background".to_owned()).spawn(move || {
        give_way();
        // If nobody waits any more the service ends.
        let _ = tell.send(work());
    })?;
    told.await.map_err(|_| io::Error::other("the work was given up"))
}

/// Linux counts it by thread; elsewhere it would be the whole service that gives way.
#[cfg(target_os = "linux")]
fn give_way() {
    // Where it is not allowed, the work is done all the same.
    let _ = rustix::process::nice(NICENESS);
}

#[cfg(not(target_os = "linux"))]
const fn give_way() {
    let _ = NICENESS;
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// That of the thread that asks (proc(5)).
    fn niceness() -> i32 {
        let told = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        let (_, behind_name) = told.rsplit_once(')').unwrap();
        behind_name.split_whitespace().nth(16).unwrap().parse().unwrap()
    }

    #[test]
    fn the_work_gives_way_and_nobody_else_does() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let before = niceness();
        let during = runtime.block_on(in_background(niceness)).unwrap();
        assert_eq!((during, niceness()), ((before + NICENESS).min(19), before));
    }
}
