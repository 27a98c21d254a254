//! Points in time as a token may state them.
//!
//! The other implementation uses the machine's clock, which moves on while this runs: whatever lies
//! ahead lies hours ahead.

use fastrand::Rng;

/// When the run began, in seconds since the Unix epoch.
#[derive(Clone, Copy)]
pub struct Scene {
    pub now: i64,
}

/// Longer than any run takes.
const MARGIN: i64 = 2 * 3600;

impl Scene {
    pub fn future(self, rng: &mut Rng) -> i64 {
        self.now + MARGIN + some_distance(rng)
    }

    /// At least a second ago.
    pub fn past(self, rng: &mut Rng) -> i64 {
        self.now - 1 - some_distance(rng)
    }
}

/// From nothing to some thirty years, and every magnitude as often as any other.
fn some_distance(rng: &mut Rng) -> i64 {
    let magnitude = rng.u32(1..10);
    rng.i64(0..10_i64.pow(magnitude))
}
