//! What happens when.

use std::time::{Duration, Instant};

use crate::actor::Actor;

/// How long everything takes to be well again after the last fault.
const INTERLUDE: Duration = Duration::from_secs(15);

/// The issuers, and the hour of the play.
pub struct Stage {
    pub actors: Vec<Actor>,
    pub began: Instant,
    whole: Duration,
}

/// What the issuers are up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing.
    Calm,
    /// Whatever is in their character.
    Faults,
    /// What they did last comes to its end.
    Interlude,
    /// Nothing, but half of the load are tokens with invented key names.
    Flood,
    Over,
}

impl Phase {
    pub const MEASURED: [Self; 3] = [Self::Calm, Self::Faults, Self::Flood];

    pub fn name(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Faults => "faults",
            Self::Interlude => "interlude",
            Self::Flood => "flood",
            Self::Over => "over",
        }
    }
}

impl Stage {
    pub fn new(actors: Vec<Actor>, whole: Duration) -> Self {
        Self {
            actors,
            began: Instant::now(),
            whole,
        }
    }

    pub fn length(&self) -> Duration {
        self.whole + INTERLUDE
    }

    /// A quarter calm, half of it faults, a quarter flood.
    pub fn phase(&self) -> Phase {
        let elapsed = self.began.elapsed();
        if elapsed < self.whole / 4 {
            Phase::Calm
        } else if elapsed < self.whole * 3 / 4 {
            Phase::Faults
        } else if elapsed < self.whole * 3 / 4 + INTERLUDE {
            Phase::Interlude
        } else if elapsed < self.length() {
            Phase::Flood
        } else {
            Phase::Over
        }
    }
}
