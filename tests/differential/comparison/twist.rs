//! A peculiarity of a token, and what the two implementations make of it.

use doorward::jose::Algorithm;
use fastrand::Rng;

use super::Difference;
use super::draft::Draft;

/// A peculiarity of a token.
pub struct Twist {
    /// What it changes, such as `claims/exp`. A token has one twist for each place, and none within
    /// another one's.
    pub place: &'static str,
    /// What it is, for a reader.
    pub name: &'static str,
    pub effect: Effect,
    pub apply: fn(&mut Draft, &mut Rng),
    pub applies_to: fn(Algorithm) -> bool,
}

/// The results of the two implementations for a twist.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Both accept it.
    Harmless,
    /// Both deny it.
    Fatal,
    /// One of them denies it.
    Differs(Difference),
    /// The result is not known before the token is examined.
    Open,
}

impl Twist {
    pub const fn new(
        place: &'static str,
        name: &'static str,
        effect: Effect,
        apply: fn(&mut Draft, &mut Rng),
    ) -> Self {
        Self {
            place,
            name,
            effect,
            apply,
            applies_to: |_| true,
        }
    }

    pub const fn only(self, applies_to: fn(Algorithm) -> bool) -> Self {
        Self { applies_to, ..self }
    }

    pub fn gets_along_with(&self, other: &Self) -> bool {
        !self.place.starts_with(other.place) && !other.place.starts_with(self.place)
    }
}
