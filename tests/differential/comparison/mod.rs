//! Doorward's judgement beside that of the `jsonwebtoken` crate, on tokens that are peculiar in
//! known ways.
//!
//! Every peculiarity says beforehand what either implementation must answer to it, so an unexpected
//! difference is noticed, and an unexpected agreement too.

mod difference;
mod draft;
mod examination;
mod generator;
mod judges;
mod keys;
mod members;
mod random_json;
mod scene;
mod tally;
mod twist;
mod twists;

// The benchmarks build a gate without HTTP as well.
#[allow(dead_code)]
#[path = "../../../benches/support.rs"]
mod support;

use doorward::jose::Algorithm;

pub use difference::{Difference, Side};
pub use tally::Tally;

use generator::Generator;
use judges::{Doorward, Other};
use keys::Keys;

/// The issuer that both implementations trust.
const ISSUER: &str = "https://issuer.example";

/// The audience of both implementations.
const AUDIENCE: &str = "api";

/// What the other implementation knows; about the rest it has no opinion.
pub const ALGORITHMS: [Algorithm; 12] = [
    Algorithm::HS256,
    Algorithm::EdDSA,
    Algorithm::HS384,
    Algorithm::HS512,
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
];

/// Both implementations, and the keys of one algorithm.
pub struct Comparison {
    keys: Keys,
    now: i64,
    doorward: Doorward,
    other: Other,
}

impl Comparison {
    /// For tokens of this algorithm; `now` is the machine's time, because the other one uses
    /// it.
    pub fn new(algorithm: Algorithm, now: i64) -> Self {
        let keys = Keys::new(algorithm);
        let (doorward, other) = (Doorward::new(&keys, now), Other::new(&keys));
        Self {
            keys,
            now,
            doorward,
            other,
        }
    }

    /// Has both check this many tokens; the seed decides which, apart from the keys.
    pub fn run(&self, tokens: u64, seed: u64) -> Tally {
        let mut generator = Generator::new(&self.keys, self.now, seed);
        let mut tally = Tally::default();
        for _ in 0..tokens {
            let specimen = generator.specimen();
            tally.add(
                &specimen,
                &self.doorward.judge(&specimen.token),
                &self.other.judge(&specimen.token),
            );
        }
        tally
    }
}
