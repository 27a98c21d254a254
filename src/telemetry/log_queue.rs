//! Writes log lines from a thread of its own.
//!
//! A request never waits for a disk or a pipe: lines go into a bounded queue, one thread writes
//! them, and lines that do not fit are counted and dropped.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use prometheus::IntCounter;

use super::registry;

/// The largest number of lines that wait in the queue.
const CAPACITY: usize = 8192;

/// The largest number of lines in one write. A flood of lines must not become a flood of system
/// calls.
const BATCH: usize = 256;

/// The pause of the writing thread after it has caught up. A thread that waits for lines is woken
/// by each of them, and waking it costs more than the line. During a pause the lines collect.
const REST: Duration = Duration::from_millis(5);

/// A function that formats a line. It runs on the writing thread, so that the request does not wait
/// for it.
type MakeLine = Box<dyn FnOnce(&mut Vec<u8>) + Send>;

/// A message to the writing thread.
enum Message {
    /// Writes this line.
    Write(MakeLine),
    /// Confirms that all lines before this message are written.
    Flush(SyncSender<()>),
}

/// The sender of log lines. Clones send to the same thread.
#[derive(Clone)]
pub struct LogQueue {
    messages: SyncSender<Message>,
    dropped: IntCounter,
}

impl LogQueue {
    /// Starts a thread that writes to `out` until all clones of the queue are dropped.
    pub fn start(out: impl Write + Send + 'static) -> io::Result<Self> {
        let (messages, waiting) = sync_channel(CAPACITY);
        std::thread::Builder::new()
            .name("log".into())
            .spawn(move || write_all(&waiting, out))?;
        Ok(Self {
            messages,
            dropped: registry::log_lines_dropped().map_err(io::Error::other)?,
        })
    }

    /// Returns the counter of the lines that did not fit.
    pub const fn dropped(&self) -> &IntCounter {
        &self.dropped
    }

    /// Queues a line, or counts it as dropped.
    pub fn push(&self, line: impl FnOnce(&mut Vec<u8>) + Send + 'static) {
        if self
            .messages
            .try_send(Message::Write(Box::new(line)))
            .is_err()
        {
            self.dropped.inc();
        }
    }

    /// Waits until all lines queued so far are written, for at most one second: the reader of a
    /// pipe may have stopped reading.
    #[expect(
        clippy::disallowed_methods,
        reason = "it is called when nothing runs any more, and waits for a bounded time"
    )]
    pub fn flush(&self) {
        let (written, waiting) = sync_channel(1);
        if self.messages.try_send(Message::Flush(written)).is_ok() {
            let _ = waiting.recv_timeout(Duration::from_secs(1));
        }
    }
}

/// Writes lines until all senders are dropped.
#[expect(clippy::disallowed_methods, reason = "in a thread of its own")]
fn write_all(messages: &Receiver<Message>, mut out: impl Write) {
    let mut buffer = Vec::with_capacity(8 * 1024);
    let mut flushes = Vec::new();
    while let Ok(first) = messages.recv() {
        let mut taken = 0;
        for message in std::iter::once(first)
            .chain(messages.try_iter())
            .take(BATCH)
        {
            taken += 1;
            match message {
                Message::Write(line) => line(&mut buffer),
                Message::Flush(waiting) => flushes.push(waiting),
            }
        }
        // The service continues if the log cannot be written.
        let _ = out.write_all(&buffer).and_then(|()| out.flush());
        buffer.clear();
        for waiting in flushes.drain(..) {
            let _ = waiting.try_send(());
        }
        if taken < BATCH {
            std::thread::sleep(REST);
        }
    }
}
