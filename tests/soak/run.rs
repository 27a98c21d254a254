//! Sustained load while issuers rotate, fail, hang and lie: `make soak`, and docs/reliability.md
//! for what came of it.
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

mod actor;
mod configuration;
mod lane;
mod release_build;
mod report;
mod stage;

// The harness of the tests has more than is used here.
#[allow(dead_code)]
#[path = "../it/support/faulty_issuer.rs"]
mod faulty_issuer;
#[allow(dead_code)]
#[path = "../it/support/http.rs"]
mod http;
#[allow(dead_code)]
#[path = "../it/support/token.rs"]
mod token;

use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;

use actor::{Actor, Character};
use configuration::configuration;
use lane::Lane;
use release_build::Service;
use report::{Report, Tally};
use stage::{Phase, Stage};

/// Has the release build judge tokens while its issuers misbehave by a seeded schedule, and counts
/// every answer against what it must be.
#[derive(Parser)]
struct Arguments {
    /// How long altogether.
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// Which schedule; keys are fresh in every run.
    #[arg(long, default_value_t = 20_261_124)]
    seed: u64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let actors: Vec<Actor> = Character::ALL
        .iter()
        .map(|character| Actor::new(*character))
        .collect();
    let service = Service::start(&configuration(&actors), ("keys changed", actors.len()));
    let stage = Stage::new(actors, Duration::from_secs_f64(arguments.minutes * 60.0));
    let memory_at_start = service.resident_kilobytes();
    let tally = play(&stage, &service, arguments.seed);
    let report = Report {
        seed: arguments.seed,
        took: stage.began.elapsed(),
        tally,
        fetches: stage
            .actors
            .iter()
            .map(|actor| (actor.name(), actor.fetches()))
            .collect(),
        memory: (memory_at_start, service.resident_kilobytes()),
    };
    print!("{report}");
    if report.is_good() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Everybody on the stage until it is over.
fn play(stage: &Stage, service: &Service, seed: u64) -> Tally {
    let total = Tally::default();
    thread::scope(|scope| {
        for (index, actor) in stage.actors.iter().enumerate() {
            let rng = fastrand::Rng::with_seed(seed.wrapping_add(index as u64));
            scope.spawn(move || actor.act(stage, rng));
        }
        for (index, lane) in Lane::all(service.address).into_iter().enumerate() {
            let rng = fastrand::Rng::with_seed(seed.wrapping_mul(31).wrapping_add(index as u64));
            let total = &total;
            scope.spawn(move || lane.drive(stage, total, rng));
        }
        show_progress(stage, &total);
    });
    total
}

fn show_progress(stage: &Stage, total: &Tally) {
    while stage.phase() != Phase::Over {
        let (elapsed, whole) = (stage.began.elapsed().as_secs(), stage.length().as_secs());
        let fetches: usize = stage.actors.iter().map(Actor::fetches).sum();
        let (answers, wrong) = total.counts();
        let phase = stage.phase().name();
        eprint!(
            "\rsoak: {elapsed:>5} of {whole} s, {phase:<8} {answers:>9} answers, {wrong} wrong, {fetches} fetches "
        );
        thread::sleep(Duration::from_secs(1));
    }
    eprintln!();
}

/// The time of day in seconds, for tokens.
fn now() -> i64 {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

/// Until then, but not beyond the end.
fn sleep_until(stage: &Stage, moment: Instant) {
    while Instant::now() < moment && stage.phase() != Phase::Over {
        thread::sleep(
            moment
                .saturating_duration_since(Instant::now())
                .min(Duration::from_millis(100)),
        );
    }
}
