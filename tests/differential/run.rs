//! A second opinion on generated tokens: `make differential`, and docs/correctness.md for what came
//! of it.
#![allow(clippy::disallowed_methods)] // of the service
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]
// An example has no outside, so `pub` says only "for the neighbours".
#![allow(unreachable_pub)]

mod comparison;
mod tables;

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use clap::Parser;
use doorward::domain::Clock;
use doorward::jose::Algorithm;
use doorward::platform::SystemClock;

use comparison::{ALGORITHMS, Comparison, Difference, Tally};

/// Has doorward and the `jsonwebtoken` crate check the same generated tokens.
#[derive(Parser)]
struct Arguments {
    /// Which tokens; keys and signatures are fresh in every run, and times count from its start.
    #[arg(long, default_value_t = 20_250_101)]
    seed: u64,
    /// How many tokens with HS256, and as many with Ed25519.
    #[arg(long, default_value_t = 1_000_000)]
    tokens: u64,
    /// How many with each other algorithm.
    #[arg(long, default_value_t = 10_000)]
    others: u64,
}

/// What one thread does at a time.
const PORTION: u64 = 5_000;

/// A portion of tokens: of which comparison, how many, by which seed.
type Portion = (usize, u64, u64);

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let began = Instant::now();
    let now = SystemClock.now().as_secs();
    let comparisons = ALGORITHMS.map(|algorithm| Comparison::new(algorithm, now));
    let tallies = run(&comparisons, &portions(&arguments));
    println!(
        "Seed {}, {} seconds.\n",
        arguments.seed,
        began.elapsed().as_secs()
    );
    println!("{}", tables::algorithms(&tallies));
    let mut total = Tally::default();
    for (_, tally) in tallies {
        total.merge(tally);
    }
    println!("{}", tables::differences(&total));
    verdict(&total)
}

/// The work, in the same portions by the same seeds however many threads there are.
fn portions(arguments: &Arguments) -> Vec<Portion> {
    let mut seeds = fastrand::Rng::with_seed(arguments.seed);
    let mut portions = Vec::new();
    for (index, algorithm) in ALGORITHMS.into_iter().enumerate() {
        let fast = matches!(algorithm, Algorithm::HS256 | Algorithm::EdDSA);
        let mut left = if fast {
            arguments.tokens
        } else {
            arguments.others
        };
        while left > 0 {
            let tokens = left.min(PORTION);
            portions.push((index, tokens, seeds.u64(..)));
            left -= tokens;
        }
    }
    portions
}

fn run(comparisons: &[Comparison], portions: &[Portion]) -> Vec<(Algorithm, Tally)> {
    let tallies = Mutex::new(ALGORITHMS.map(|algorithm| (algorithm, Tally::default())));
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some((comparison, tokens, seed)) =
            portions.get(next.fetch_add(1, Ordering::Relaxed))
        {
            let tally = comparisons[*comparison].run(*tokens, *seed);
            tallies.lock().unwrap()[*comparison].1.merge(tally);
        }
    };
    std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism()
            .map_or(1, std::num::NonZero::get)
            .min(2);
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    tallies.into_inner().unwrap().into()
}

/// A token without an explanation is a failure, and so is an explanation that nothing needs.
fn verdict(total: &Tally) -> ExitCode {
    for description in &total.descriptions {
        eprintln!("UNEXPLAINED: {description}\n");
    }
    let idle: Vec<_> = Difference::ALL
        .iter()
        .filter(|known| !total.differences.contains_key(*known))
        .collect();
    for difference in &idle {
        eprintln!("UNUSED: no token differed by {}", difference.name());
    }
    println!(
        "{} tokens, {} of them unexplained.",
        total.tokens(),
        total.failures
    );
    if total.failures == 0 && idle.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
