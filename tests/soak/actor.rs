//! An issuer with a character, and what it makes right to answer.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use doorward::jose::{Algorithm, SigningKey};

use crate::faulty_issuer::{Behaviour, FaultyIssuer};
use crate::sleep_until;
use crate::stage::{Phase, Stage};

/// The settings of the service, short enough that everything happens often.
pub const REFRESH: Duration = Duration::from_secs(2);
pub const MIN_REFETCH: Duration = Duration::from_secs(3);
pub const SHORT_STALE: Duration = Duration::from_secs(6);

/// A change of keys is known after `REFRESH` and a second.
const CHANGE: Duration = Duration::from_millis(3_500);

/// A fault is over for the service when it has tried again: after 6 seconds at most, plus a fetch
/// that times out.
const RECOVERY: Duration = Duration::from_secs(8);

/// What an issuer does to its tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Character {
    /// Nothing, ever.
    Steady,
    /// Publishes a new key, signs with it at once, and takes the old one out later.
    Rotating,
    /// Exchanges its key under the same name.
    Swapping,
    /// Answers with errors, halves and garbage.
    Failing,
    /// Is silent, or slow beyond patience.
    Hanging,
    /// Answers with something else: a page, no keys, another issuer's metadata, a redirect.
    Lying,
    /// Is away for longer than its keys may be used.
    Gone,
}

impl Character {
    pub const ALL: [Self; 7] = [
        Self::Steady,
        Self::Rotating,
        Self::Swapping,
        Self::Failing,
        Self::Hanging,
        Self::Lying,
        Self::Gone,
    ];
}

/// An issuer.
pub struct Actor {
    pub character: Character,
    pub issuer: FaultyIssuer,
    state: Mutex<State>,
}

struct State {
    /// The last one signs. Those that are gone stay here, because their tokens are still around.
    keys: Vec<KnownKey>,
    /// When the last fault began and ended.
    fault: Option<(Instant, Option<Instant>)>,
}

/// A key, and since when it is in the set and out of it.
#[derive(Clone)]
pub struct KnownKey {
    pub key: Arc<SigningKey>,
    since: Instant,
    gone: Option<Instant>,
}

/// The verdicts that may be given on a good token of some key at a moment.
pub type Acceptable = Vec<&'static str>;

const GOOD: &str = "200";
const UNKNOWN: &str = "401 key_unknown";
const INVALID: &str = "401 signature_invalid";
const UNAVAILABLE: &str = "503 keys_unavailable";

impl Actor {
    pub fn new(character: Character) -> Self {
        let first = KnownKey {
            key: fresh("key-0"),
            since: Instant::now(),
            gone: None,
        };
        let issuer = FaultyIssuer::serving(jwks(std::slice::from_ref(&first)));
        Self {
            character,
            issuer,
            state: Mutex::new(State {
                keys: vec![first],
                fault: None,
            }),
        }
    }

    pub fn name(&self) -> String {
        format!("{:?}", self.character).to_lowercase()
    }

    /// How often it was asked for its keys.
    pub fn fetches(&self) -> usize {
        self.issuer.fetches()
    }

    /// How often that may be: by schedule, a tenth early at most, and for unknown key names; a
    /// retry takes longer than both.
    pub fn allowed_fetches(elapsed: Duration) -> usize {
        let elapsed = elapsed.as_secs_f64();
        let by_schedule = elapsed / (REFRESH.as_secs_f64() * 0.9);
        let asked_for = elapsed / MIN_REFETCH.as_secs_f64();
        // A count of fetches.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let allowed = (by_schedule + asked_for).ceil() as usize + 2;
        allowed
    }

    /// One of its keys: mostly the one that signs now, sometimes an older one.
    pub fn any_key(&self, rng: &mut fastrand::Rng) -> KnownKey {
        let state = self.state.lock().unwrap();
        let newest = state.keys.len() - 1;
        let chosen = if rng.u8(..4) == 0 {
            rng.usize(..=newest)
        } else {
            newest
        };
        state.keys[chosen].clone()
    }

    /// What may be answered now to a good token by this key.
    pub fn acceptable(&self, known: &KnownKey) -> Acceptable {
        let state = self.state.lock().unwrap();
        let now = Instant::now();
        let same = |own: &&KnownKey| Arc::ptr_eq(&own.key, &known.key);
        let gone = state
            .keys
            .iter()
            .find(same)
            .map_or(known.gone, |own| own.gone);
        let out = if self.character == Character::Swapping {
            INVALID
        } else {
            UNKNOWN
        };
        match gone {
            Some(gone) if now < gone + CHANGE => vec![GOOD, out],
            Some(_) => vec![out],
            None if now < known.since + CHANGE => vec![GOOD, out],
            None => self.acceptable_by_age(&state, now),
        }
    }

    /// The keys are known; they may be too old.
    fn acceptable_by_age(&self, state: &State, now: Instant) -> Acceptable {
        let Some((began, ended)) = state.fault.filter(|_| self.character == Character::Gone) else {
            return vec![GOOD];
        };
        if ended.is_some_and(|ended| now > ended + RECOVERY)
            || now + REFRESH * 2 < began + SHORT_STALE
        {
            vec![GOOD]
        } else if ended.is_none() && now > began + SHORT_STALE + Duration::from_secs(1) {
            vec![UNAVAILABLE]
        } else {
            vec![GOOD, UNAVAILABLE]
        }
    }

    /// What may be answered now to a token with an invented key name.
    pub fn acceptable_for_unknown_key(&self) -> Acceptable {
        let fault = self.state.lock().unwrap().fault;
        // A fetch without an answer keeps the request waiting for `jwks_wait`; then it is 503.
        let is_well =
            fault.is_none_or(|(_, ended)| ended.is_some_and(|ended| ended.elapsed() > RECOVERY));
        if is_well {
            vec![UNKNOWN]
        } else {
            vec![UNKNOWN, UNAVAILABLE]
        }
    }

    /// Does what is in its character, again and again, while it is the time for it.
    pub fn act(&self, stage: &Stage, mut rng: fastrand::Rng) {
        while stage.phase() != Phase::Over {
            if stage.phase() != Phase::Faults {
                sleep_until(stage, Instant::now() + Duration::from_millis(200));
                continue;
            }
            match self.character {
                Character::Steady => sleep_until(stage, Instant::now() + CHANGE),
                Character::Rotating => self.rotate(stage),
                Character::Swapping => self.swap(stage),
                Character::Failing => {
                    let fault = rng.choice(failures()).unwrap();
                    self.misbehave(stage, fault, rng.u64(2..8));
                }
                Character::Hanging => {
                    let fault = rng
                        .choice([Behaviour::Hang, Behaviour::Drip, Behaviour::HangAltogether])
                        .unwrap();
                    self.misbehave(stage, fault, rng.u64(2..8));
                }
                Character::Lying => {
                    let lie = rng.choice(lies(stage)).unwrap();
                    self.issuer.set_metadata(
                        "https://elsewhere.example",
                        &format!("{}/jwks", self.issuer.url),
                    );
                    self.misbehave(stage, lie, rng.u64(2..8));
                }
                Character::Gone => self.misbehave(
                    stage,
                    Behaviour::Answer(503, "", Vec::new()),
                    rng.u64(9..13),
                ),
            }
        }
    }

    fn rotate(&self, stage: &Stage) {
        self.change_keys(|keys| {
            keys.push(KnownKey {
                key: fresh(&format!("key-{}", keys.len())),
                since: Instant::now(),
                gone: None,
            });
        });
        sleep_until(stage, Instant::now() + CHANGE);
        self.change_keys(|keys| {
            let newest = keys.len() - 1;
            retire(&mut keys[..newest]);
        });
        sleep_until(stage, Instant::now() + CHANGE);
    }

    fn swap(&self, stage: &Stage) {
        self.change_keys(|keys| {
            retire(keys);
            keys.push(KnownKey {
                key: fresh("key-0"),
                since: Instant::now(),
                gone: None,
            });
        });
        sleep_until(stage, Instant::now() + CHANGE);
    }

    /// The set and what is right to answer change in one moment.
    fn change_keys(&self, change: impl FnOnce(&mut Vec<KnownKey>)) {
        let mut state = self.state.lock().unwrap();
        change(&mut state.keys);
        self.issuer.set_keys(jwks(&state.keys));
    }

    fn misbehave(&self, stage: &Stage, behaviour: Behaviour, seconds: u64) {
        let began = Instant::now();
        self.state.lock().unwrap().fault = Some((began, None));
        self.issuer.behave(behaviour);
        sleep_until(stage, began + Duration::from_secs(seconds));
        self.issuer
            .set_metadata(&self.issuer.url, &format!("{}/jwks", self.issuer.url));
        self.issuer.behave(Behaviour::Serve);
        self.state.lock().unwrap().fault = Some((began, Some(Instant::now())));
        sleep_until(stage, Instant::now() + RECOVERY);
    }
}

/// From now on these are not in the set.
fn retire(keys: &mut [KnownKey]) {
    for key in keys {
        key.gone = key.gone.or(Some(Instant::now()));
    }
}

fn failures() -> Vec<Behaviour> {
    vec![
        Behaviour::Answer(500, "", Vec::new()),
        Behaviour::Answer(404, "", Vec::new()),
        Behaviour::Answer(429, "Retry-After: 1\r\n", Vec::new()),
        Behaviour::Close,
        Behaviour::CutOff,
        Behaviour::Endless,
        Behaviour::Bytes(b"\x16\x03\x01\r\n\r\n"),
    ]
}

fn lies(stage: &Stage) -> Vec<Behaviour> {
    let page = b"<html><body>Sign in</body></html>".to_vec();
    let elsewhere = stage
        .actors
        .first()
        .map(|actor| format!("Location: {}/jwks\r\n", actor.issuer.url));
    vec![
        Behaviour::Answer(200, "", page),
        Behaviour::Answer(200, "", b"{\"keys\": []}".to_vec()),
        Behaviour::Answer(
            200,
            "",
            b"{\"keys\": [{\"kty\": \"oct\", \"k\": \"AAAA\"}]}".to_vec(),
        ),
        Behaviour::Answer(200, "", vec![b' '; 600 * 1024]),
        // There are a few of these in a run, each of a few bytes.
        Behaviour::Answer(302, elsewhere.unwrap_or_default().leak(), Vec::new()),
    ]
}

fn fresh(id: &str) -> Arc<SigningKey> {
    Arc::new(SigningKey::generate(Algorithm::ES256).unwrap().with_id(id))
}

fn jwks(keys: &[KnownKey]) -> String {
    let present = keys.iter().filter(|known| known.gone.is_none());
    let keys: Vec<_> = present
        .filter_map(|known| known.key.to_public_jwk(None))
        .collect();
    serde_json::json!({ "keys": keys }).to_string()
}
