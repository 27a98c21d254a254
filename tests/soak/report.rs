//! What came of it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use crate::actor::Actor;
use crate::lane::Kind;
use crate::stage::Phase;

/// More complaints than these say nothing new.
const MOST_COMPLAINTS: usize = 10;

/// Everything that was counted on the way.
#[derive(Default)]
pub struct Tally(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    answers: BTreeMap<Kind, u64>,
    wrong: u64,
    complaints: usize,
    /// Microseconds that good tokens took, by phase.
    times: BTreeMap<&'static str, Vec<u32>>,
}

impl Tally {
    pub fn count(&self, phase: Phase, kind: Kind, is_right: bool, took: Duration, passed: bool) {
        let mut counts = self.0.lock().unwrap();
        *counts.answers.entry(kind).or_default() += 1;
        counts.wrong += u64::from(!is_right);
        if passed {
            counts
                .times
                .entry(phase.name())
                .or_default()
                .push(took.as_micros().try_into().unwrap_or(u32::MAX));
        }
    }

    pub fn complain(&self, text: &str) {
        let mut counts = self.0.lock().unwrap();
        counts.complaints += 1;
        if counts.complaints <= MOST_COMPLAINTS {
            eprintln!("\nsoak: wrong: {text}");
        }
    }

    /// How many answers there were, and how many were wrong.
    pub fn counts(&self) -> (u64, u64) {
        let counts = self.0.lock().unwrap();
        (counts.answers.values().sum(), counts.wrong)
    }
}

/// What came of it.
pub struct Report {
    pub seed: u64,
    pub took: Duration,
    pub tally: Tally,
    /// How often each issuer was asked for its keys.
    pub fetches: Vec<(String, usize)>,
    /// In kilobytes, at the start and at the end.
    pub memory: (u64, u64),
}

impl Report {
    pub fn is_good(&self) -> bool {
        self.tally.counts().1 == 0
            && self
                .fetches
                .iter()
                .all(|(_, asked)| *asked <= Actor::allowed_fetches(self.took))
    }
}

/// As Markdown.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut counts = self.tally.0.lock().unwrap();
        writeln!(f, "Seed {}, {} seconds.\n", self.seed, self.took.as_secs())?;
        writeln!(f, "| tokens | answers |\n| --- | ---: |")?;
        for (kind, answers) in &counts.answers {
            writeln!(f, "| {} | {answers} |", kind.name())?;
        }
        writeln!(f, "| **wrong answers** | **{}** |\n", counts.wrong)?;
        writeln!(f, "| issuer | fetches | allowed |\n| --- | ---: | ---: |")?;
        let allowed = Actor::allowed_fetches(self.took);
        for (name, asked) in &self.fetches {
            writeln!(f, "| {name} | {asked} | {allowed} |")?;
        }
        writeln!(
            f,
            "\n| tokens that passed | p50 | p99 |\n| --- | ---: | ---: |"
        )?;
        for phase in Phase::MEASURED {
            let times = counts.times.entry(phase.name()).or_default();
            times.sort_unstable();
            writeln!(
                f,
                "| {} | {} µs | {} µs |",
                phase.name(),
                quantile(times, 50),
                quantile(times, 99)
            )?;
        }
        let (start, end) = self.memory;
        writeln!(
            f,
            "\nMemory (resident): {:.1} MiB at the start, {:.1} MiB at the end.",
            mib(start),
            mib(end)
        )
    }
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Cached => "cached",
            Self::Fresh => "fresh",
            Self::Expired => "expired",
            Self::Tampered => "tampered",
            Self::UnknownKey => "with an invented key name",
        }
    }
}

fn quantile(sorted: &[u32], percent: usize) -> u32 {
    sorted
        .get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or_default()
}

#[allow(clippy::cast_precision_loss)] // megabytes
fn mib(kilobytes: u64) -> f64 {
    kilobytes as f64 / 1024.0
}
