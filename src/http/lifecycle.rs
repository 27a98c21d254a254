//! Where the service is in its life.

use std::sync::atomic::{AtomicU8, Ordering};

/// Where the service is in its life; shared by both listeners.
#[derive(Debug, Default)]
pub struct Lifecycle(AtomicU8);

const LEAVING: u8 = 1;
const CLOSING: u8 = 2;

impl Lifecycle {
    /// It has been told to stop: it is not ready any more, and still accepts.
    pub fn drain(&self) {
        self.0.fetch_max(LEAVING, Ordering::Relaxed);
    }

    /// It accepts nothing new, and every answer is the last one on its connection.
    pub fn close(&self) {
        self.0.fetch_max(CLOSING, Ordering::Relaxed);
    }

    /// Whether it has been told to stop.
    pub fn is_draining(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= LEAVING
    }

    /// Whether every answer is the last one on its connection.
    pub fn is_closing(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= CLOSING
    }
}
