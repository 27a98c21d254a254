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
