//! The way of log lines out of the process.
//!
//! A request never waits for a disk or a pipe: lines go into a bounded queue, one thread writes
//! them, and what does not fit is counted and dropped.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use prometheus::IntCounter;

use super::registry;

/// How many lines may wait.
const CAPACITY: usize = 8192;

/// How many go out with one write; a flood of lines must not become a flood of system calls.
const BATCH: usize = 256;

/// How long the writing thread rests once it has caught up. A thread that waits for lines is woken
/// by each of them, and being woken costs more than the line; to one that rests they come together.
const REST: Duration = Duration::from_millis(5);

/// Makes a line; it runs on the writing thread, off the request's way.
type MakeLine = Box<dyn FnOnce(&mut Vec<u8>) + Send>;

/// What the writing thread is told.
enum Order {
    /// Write this line.
    Write(MakeLine),
    /// Tell when everything before is written.
    Tell(SyncSender<()>),
}

/// The way in.
#[derive(Clone)]
pub struct LogQueue {
    orders: SyncSender<Order>,
    dropped: IntCounter,
}

impl LogQueue {
    /// Starts a thread that writes to `out` until every way in is gone.
    pub fn start(out: impl Write + Send + 'static) -> io::Result<Self> {
        let (orders, waiting) = sync_channel(CAPACITY);
        std::thread::Builder::new()
            .name("log".into())
            .spawn(move || write_all(&waiting, out))?;
        Ok(Self {
            orders,
            dropped: registry::log_lines_dropped().map_err(io::Error::other)?,
        })
    }

    /// How many lines did not fit.
    pub const fn dropped(&self) -> &IntCounter {
        &self.dropped
    }

    /// Queues a line, or counts it as dropped.
    pub fn push(&self, line: impl FnOnce(&mut Vec<u8>) + Send + 'static) {
        if self.orders.try_send(Order::Write(Box::new(line))).is_err() {
            self.dropped.inc();
        }
    }

    /// Waits until the lines of now are written, but not for ever: the reader of a pipe may have
    /// stopped reading.
    #[expect(
        clippy::disallowed_methods,
        reason = "it is called when nothing runs any more, and waits for a bounded time"
    )]
    pub fn flush(&self) {
        let (written, waiting) = sync_channel(1);
        if self.orders.try_send(Order::Tell(written)).is_ok() {
            let _ = waiting.recv_timeout(Duration::from_secs(1));
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "in a thread of its own")]
fn write_all(orders: &Receiver<Order>, mut out: impl Write) {
    let mut buffer = Vec::with_capacity(8 * 1024);
    let mut to_tell = Vec::new();
    while let Ok(first) = orders.recv() {
        let mut taken = 0;
        for order in std::iter::once(first).chain(orders.try_iter()).take(BATCH) {
            taken += 1;
            match order {
                Order::Write(line) => line(&mut buffer),
                Order::Tell(waiting) => to_tell.push(waiting),
            }
        }
        // A log that cannot be written is no reason to stop answering.
        let _ = out.write_all(&buffer).and_then(|()| out.flush());
        buffer.clear();
        for waiting in to_tell.drain(..) {
            let _ = waiting.try_send(());
        }
        if taken < BATCH {
            std::thread::sleep(REST);
        }
    }
}
