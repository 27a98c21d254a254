//! What came of it.

use std::collections::BTreeMap;

use super::generator::Specimen;
use super::judges::Verdict;
use super::{Difference, Side};

/// The number of tokens with each result.
#[derive(Default)]
pub struct Tally {
    pub both_accept: u64,
    pub both_deny: u64,
    pub only_doorward_denies: u64,
    pub only_other_denies: u64,
    /// Differences with a known reason, by the first of their reasons.
    pub differences: BTreeMap<Difference, u64>,
    /// Tokens about which something is wrong: how many, and descriptions of the first few.
    pub failures: u64,
    pub descriptions: Vec<String>,
}

/// More descriptions than this do not help.
const MAX_DESCRIPTIONS: usize = 10;

impl Tally {
    pub fn add(&mut self, specimen: &Specimen, doorward: &Verdict, other: &Verdict) {
        self.count(doorward.is_ok(), other.is_ok());
        let mut is_right = is_as_expected(specimen, Side::Doorward, doorward)
            && is_as_expected(specimen, Side::Other, other);
        let denying = match (doorward.is_ok(), other.is_ok()) {
            (false, true) => Some(Side::Doorward),
            (true, false) => Some(Side::Other),
            _ => None,
        };
        if let Some(denying) = denying {
            match specimen.reason_for(denying) {
                Some(difference) => *self.differences.entry(difference).or_default() += 1,
                None => is_right = false,
            }
        }
        if !is_right {
            self.fail(specimen, doorward, other);
        }
    }

    /// Adds what another thread counted.
    pub fn merge(&mut self, other: Self) {
        self.both_accept += other.both_accept;
        self.both_deny += other.both_deny;
        self.only_doorward_denies += other.only_doorward_denies;
        self.only_other_denies += other.only_other_denies;
        for (difference, count) in other.differences {
            *self.differences.entry(difference).or_default() += count;
        }
        self.failures += other.failures;
        self.descriptions.extend(other.descriptions);
        self.descriptions.truncate(MAX_DESCRIPTIONS);
    }

    pub const fn tokens(&self) -> u64 {
        self.both_accept + self.both_deny + self.only_doorward_denies + self.only_other_denies
    }

    const fn count(&mut self, doorward: bool, other: bool) {
        *match (doorward, other) {
            (true, true) => &mut self.both_accept,
            (false, false) => &mut self.both_deny,
            (false, true) => &mut self.only_doorward_denies,
            (true, false) => &mut self.only_other_denies,
        } += 1;
    }

    fn fail(&mut self, specimen: &Specimen, doorward: &Verdict, other: &Verdict) {
        self.failures += 1;
        if self.descriptions.len() < MAX_DESCRIPTIONS {
            let description = specimen.description();
            self.descriptions.push(format!(
                "{description}\n  doorward {doorward:?}, jsonwebtoken {other:?}"
            ));
        }
    }
}

/// To agree is not enough: with a wrong key both would deny everything.
fn is_as_expected(specimen: &Specimen, judge: Side, verdict: &Verdict) -> bool {
    specimen
        .expected(judge)
        .is_none_or(|expected| expected == verdict.is_ok())
}
