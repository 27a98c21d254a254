//! A connection over which one request follows the other at a steady pace.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::actor::{Acceptable, Actor, KnownKey};
use crate::http::{Client, Request};
use crate::report::Tally;
use crate::stage::{Phase, Stage};
use crate::token::TokenBuilder;
use crate::{now, sleep_until};

/// How many requests a second all lanes make together, in every phase.
const RATE: u32 = 1_600;

const LANES: u32 = 4;

/// How many of the requests have an invented key name, while it is not a flood of them.
const UNKNOWN_RATE: u32 = 20;

/// How long a token is used again.
const REUSE: Duration = Duration::from_secs(20);

/// A connection over which one request follows the other.
pub struct Lane {
    address: SocketAddr,
    traffic: Traffic,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Traffic {
    /// Tokens by keys of the issuers.
    Known,
    /// Tokens with invented key names. They may have to wait, so they have connections of their
    /// own.
    Unknown,
}

/// What is done to a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Seen before.
    Cached,
    /// Good, and never seen.
    Fresh,
    Expired,
    Tampered,
    UnknownKey,
}

impl Lane {
    pub fn all(address: SocketAddr) -> Vec<Self> {
        let lanes = |traffic| (0..LANES).map(move |_| Self { address, traffic });
        lanes(Traffic::Known)
            .chain(lanes(Traffic::Unknown))
            .collect()
    }

    pub fn drive(&self, stage: &Stage, tally: &Tally, mut rng: fastrand::Rng) {
        let mut client = Client::connect(self.address);
        let mut kept = Kept::default();
        let mut due = Instant::now();
        while stage.phase() != Phase::Over {
            let phase = stage.phase();
            let actor = rng.choice(&stage.actors).unwrap();
            let ask = self.next(actor, &mut kept, &mut rng);
            let before = ask.acceptable(actor);
            let started = Instant::now();
            let request = Request::new(self.address, "GET", "/verify").bearer(&ask.token);
            let verdict = client.send(&request).verdict();
            let took = started.elapsed();
            let is_right = before.contains(&verdict.as_str())
                || ask.acceptable(actor).contains(&verdict.as_str());
            if !is_right {
                tally.complain(&format!(
                    "{:?} token of {}: {verdict} instead of {before:?}",
                    ask.kind,
                    actor.name()
                ));
            }
            tally.count(phase, ask.kind, is_right, took, verdict == "200");
            // Who fell behind does not catch up in a burst.
            due = (due + self.interval(phase)).max(started);
            sleep_until(stage, due);
        }
    }

    fn interval(&self, phase: Phase) -> Duration {
        let unknown = if phase == Phase::Flood {
            RATE / 2
        } else {
            UNKNOWN_RATE
        };
        let together = match self.traffic {
            Traffic::Known => RATE - unknown,
            Traffic::Unknown => unknown,
        };
        Duration::from_secs(u64::from(LANES)) / together
    }

    fn next(&self, actor: &Actor, kept: &mut Kept, rng: &mut fastrand::Rng) -> Ask {
        let known = actor.any_key(rng);
        let fresh = |rng: &mut fastrand::Rng| {
            TokenBuilder::new(known.key.clone(), &actor.issuer.url, now())
                .subject(&rng.u64(..).to_string())
        };
        let kind = match (self.traffic, rng.u8(..20)) {
            (Traffic::Unknown, _) => Kind::UnknownKey,
            (_, 0..12) => Kind::Cached,
            (_, 12..16) => Kind::Fresh,
            (_, 16..18) => Kind::Expired,
            _ => Kind::Tampered,
        };
        let token = match kind {
            Kind::Cached => kept.token(&known, || fresh(rng).sign()),
            Kind::Fresh => fresh(rng).sign(),
            Kind::Expired => fresh(rng).expires_in(-3600).sign(),
            Kind::Tampered => tampered(&fresh(rng).sign(), rng),
            Kind::UnknownKey => fresh(rng).header("kid", rng.u64(..).to_string()).sign(),
        };
        Ask { kind, token, known }
    }
}

/// Tokens that are used again.
#[derive(Default)]
struct Kept(HashMap<usize, (Instant, String)>);

impl Kept {
    fn token(&mut self, known: &KnownKey, make: impl FnOnce() -> String) -> String {
        let name = Arc::as_ptr(&known.key) as usize;
        if let Some((_, token)) = self.0.get(&name).filter(|(made, _)| made.elapsed() < REUSE) {
            return token.clone();
        }
        let token = make();
        self.0.insert(name, (Instant::now(), token.clone()));
        token
    }
}

struct Ask {
    kind: Kind,
    token: String,
    known: KnownKey,
}

impl Ask {
    fn acceptable(&self, actor: &Actor) -> Acceptable {
        let instead = match self.kind {
            Kind::UnknownKey => return actor.acceptable_for_unknown_key(),
            Kind::Cached | Kind::Fresh => return actor.acceptable(&self.known),
            Kind::Expired => "401 token_expired",
            Kind::Tampered => "401 signature_invalid",
        };
        let of_good = actor.acceptable(&self.known).into_iter();
        of_good
            .map(|verdict| if verdict == "200" { instead } else { verdict })
            .collect()
    }
}

/// Another character in the middle of the signature.
fn tampered(token: &str, rng: &mut fastrand::Rng) -> String {
    let mut bytes = token.as_bytes().to_vec();
    let place = bytes.len() - rng.usize(10..70);
    bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
    String::from_utf8(bytes).unwrap()
}
