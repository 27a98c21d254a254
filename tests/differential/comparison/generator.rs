//! Tokens with twists.

use doorward::jose::Algorithm;
use fastrand::Rng;

use super::draft::{Draft, Finished};
use super::examination::examine;
use super::keys::Keys;
use super::members::quoted;
use super::scene::Scene;
use super::twist::{Effect, Twist};
use super::{Difference, Side, random_json, twists};

/// Makes tokens of one algorithm.
pub struct Generator<'a> {
    keys: &'a Keys,
    scene: Scene,
    rng: Rng,
    twists: Vec<&'static Twist>,
}

/// A token and everything that is known about it.
pub struct Specimen {
    pub algorithm: Algorithm,
    pub public_key: String,
    pub header: Vec<u8>,
    pub claims: Vec<u8>,
    pub token: String,
    twists: Vec<&'static Twist>,
    differences: Vec<Difference>,
}

impl<'a> Generator<'a> {
    pub fn new(keys: &'a Keys, now: i64, seed: u64) -> Self {
        let algorithm = keys.own.algorithm();
        let twists = twists::all()
            .filter(|twist| (twist.applies_to)(algorithm))
            .collect();
        Self {
            keys,
            scene: Scene { now },
            rng: Rng::with_seed(seed),
            twists,
        }
    }

    pub fn specimen(&mut self) -> Specimen {
        let twists = self.choose_twists();
        let mut draft = Draft::new(self.keys, self.scene);
        let is_open = twists.iter().any(|twist| twist.effect == Effect::Open);
        if !is_open {
            self.decorate(&mut draft);
        }
        for twist in &twists {
            (twist.apply)(&mut draft, &mut self.rng);
        }
        let Finished {
            header,
            claims,
            token,
        } = draft.finish(self.keys, &mut self.rng);
        let differences = if is_open {
            examine(&header, &claims, self.keys.own.algorithm(), self.scene)
        } else {
            twists
                .iter()
                .filter_map(|twist| twist.effect.difference())
                .collect()
        };
        Specimen {
            algorithm: self.keys.own.algorithm(),
            public_key: self
                .keys
                .public_key()
                .map_or_else(String::new, |key| key.to_string()),
            header,
            claims,
            token,
            twists,
            differences,
        }
    }

    /// Usually one twist, sometimes none or several.
    fn choose_twists(&mut self) -> Vec<&'static Twist> {
        let wanted = [0, 1, 1, 1, 1, 1, 2, 2, 2, 3][self.rng.usize(..10)];
        let mut chosen: Vec<&Twist> = Vec::new();
        for _ in 0..wanted {
            // Open ones would be rare among all the others.
            let twist = if self.rng.u8(..16) == 0 {
                &twists::OPEN[self.rng.usize(..twists::OPEN.len())]
            } else {
                self.twists[self.rng.usize(..self.twists.len())]
            };
            if chosen.iter().all(|other| other.gets_along_with(twist)) {
                chosen.push(twist);
            }
        }
        chosen
    }

    /// Members that are not read.
    fn decorate(&mut self, draft: &mut Draft) {
        for index in 0..self.rng.usize(..4) {
            draft.claims.set(
                &format!("claim {index}"),
                random_json::value(&mut self.rng, 3),
            );
        }
        if self.rng.u8(..4) == 0 {
            draft
                .header
                .set("member", random_json::value(&mut self.rng, 2));
            draft.claims.set("scope", quoted("read write"));
        }
    }
}

impl Effect {
    const fn difference(self) -> Option<Difference> {
        match self {
            Self::Differs(difference) => Some(difference),
            Self::Harmless | Self::Fatal | Self::Open => None,
        }
    }
}

impl Specimen {
    /// Returns `true` if this implementation must accept; `None` if that cannot be known.
    pub fn expected(&self, judge: Side) -> Option<bool> {
        let refused = |effect: Effect| {
            effect == Effect::Fatal
                || effect
                    .difference()
                    .is_some_and(|difference| difference.side() == judge)
        };
        if self.twists.iter().any(|twist| twist.effect == Effect::Open) {
            return None;
        }
        Some(!self.twists.iter().any(|twist| refused(twist.effect)))
    }

    /// The first known reason why this implementation alone denies.
    pub fn reason_for(&self, denying: Side) -> Option<Difference> {
        self.differences
            .iter()
            .copied()
            .find(|difference| difference.side() == denying)
    }

    /// The facts about the token, to check it again by hand.
    pub fn description(&self) -> String {
        let twists: Vec<_> = self
            .twists
            .iter()
            .map(|twist| format!("{}: {}", twist.place, twist.name))
            .collect();
        format!(
            "{} with [{}]\n  header {}\n  claims {}\n  token  {}\n  key    {}",
            self.algorithm,
            twists.join("; "),
            self.header.escape_ascii(),
            self.claims.escape_ascii(),
            self.token.escape_debug(),
            self.public_key,
        )
    }
}
