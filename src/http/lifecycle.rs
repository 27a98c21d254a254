//! The lifecycle of the service: serving, draining, closing.

use std::sync::atomic::{AtomicU8, Ordering};

/// The stage of the service's lifecycle, shared by both listeners. It never goes back: serving,
/// draining, closing.
#[derive(Debug, Default)]
pub struct Lifecycle(AtomicU8);

const DRAINING: u8 = 1;
const CLOSING: u8 = 2;

impl Lifecycle {
    /// Starts draining, when a shutdown is requested: the service is not ready any more, and still
    /// accepts connections.
    pub fn drain(&self) {
        self.0.fetch_max(DRAINING, Ordering::Relaxed);
    }

    /// Starts closing: the service accepts nothing new, and each response is the last one on its
    /// connection.
    pub fn close(&self) {
        self.0.fetch_max(CLOSING, Ordering::Relaxed);
    }

    /// Returns `true` once a shutdown was requested.
    pub fn is_draining(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= DRAINING
    }

    /// Returns `true` if each response is the last one on its connection.
    pub fn is_closing(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= CLOSING
    }
}
