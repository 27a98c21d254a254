//! The token cache changes how long an answer takes, and nothing else.

use std::sync::Arc;
use std::time::Duration;

use doorward::jose::{Algorithm, SigningKey};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::json;

use super::{Subject, cases, good, trusted};
use crate::support::{GateBuilder, TestClock, TokenBuilder, key};

/// The subject of a token that is over but for the leeway: no token is kept beyond its own end.
const LEEWAY_ALONE: &str = "over but for the leeway";

#[derive(Debug, Clone)]
enum Step {
    /// Presents one of the tokens.
    Ask(Index),
    /// Moves the clock by so many seconds, back too.
    Wait(i64),
}

#[test]
fn with_and_without_a_cache_the_verdicts_are_the_same() {
    proptest!(cases(96), |(steps in vec(any_step(), 1..60))| {
        let fixture = House::new();
        for step in &steps {
            match step {
                Step::Ask(which) => {
                    let token = which.get(&fixture.tokens);
                    prop_assert_eq!(fixture.cached.verdict(token), fixture.uncached.verdict(token), "{}", token);
                }
                Step::Wait(seconds) => fixture.wait(*seconds),
            }
        }
    });
}

/// The property above would hold for a cache that never knows anything, too.
#[test]
fn good_tokens_are_known_the_second_time_and_bad_ones_never() {
    let fixture = House::new();
    for (position, token) in fixture.tokens.iter().enumerate() {
        let (first, known) = fixture.cached.verdict_and_cache_use(token);
        assert!(!known, "token {position}");
        let (second, known) = fixture.cached.verdict_and_cache_use(token);
        assert_eq!(first, second, "token {position}");
        // What only lacks a scope or the audience was a good token, and may suffice on another
        // route.
        let of_requests = [
            "scope_insufficient",
            "audience_mismatch",
            "claim_headers_too_large",
        ];
        let is_good = first
            .as_ref()
            .map_or_else(|reason| of_requests.contains(reason), |_| true);
        let lives_on_leeway = first.as_ref().is_ok_and(|values| values[0] == LEEWAY_ALONE);
        let is_kept = is_good && !lives_on_leeway;
        assert_eq!(known, is_kept, "token {position}: {first:?}");
        assert!(!fixture.uncached.verdict_and_cache_use(token).1);
    }
}

#[test]
fn the_tokens_have_many_verdicts() {
    let fixture = House::new();
    let mut verdicts: Vec<_> = fixture
        .tokens
        .iter()
        .map(|token| fixture.uncached.verdict(token))
        .collect();
    verdicts.sort();
    verdicts.dedup();
    assert!(verdicts.len() >= 10, "{verdicts:?}");
}

/// Two services that differ by their caches, and the tokens both are asked about.
struct House {
    cached: Subject,
    uncached: Subject,
    clock: TestClock,
    tokens: Vec<String>,
}

impl House {
    fn new() -> Self {
        let clock = TestClock::new();
        let (key, settings) = trusted(Algorithm::HS256);
        let settings = rules(settings);
        Self {
            cached: Subject::new(&settings.clone().set("TOKEN_CACHE_TTL", "60s"), &clock),
            uncached: Subject::new(&settings.set("TOKEN_CACHE_CAPACITY", "0"), &clock),
            tokens: tokens(&key, &clock),
            clock,
        }
    }

    fn wait(&self, seconds: i64) {
        let duration = Duration::from_secs(seconds.unsigned_abs());
        if seconds < 0 {
            self.clock.set_back(duration);
        } else {
            self.clock.advance(duration);
        }
    }
}

fn rules(settings: GateBuilder) -> GateBuilder {
    settings
        .set("LEEWAY", "5s")
        .set("MAX_TOKEN_AGE", "3m")
        .set("REQUIRE_EXP", "false")
        .set("REQUIRED_SCOPES", "read")
        .set("CLAIM_HEADERS", "sub=X-Sub,scope=X-Scope,groups=X-Groups")
}

fn tokens(key: &Arc<SigningKey>, clock: &TestClock) -> Vec<String> {
    let now = clock.secs();
    let token = |subject: &str| good(key, clock).subject(subject).claim("scope", "read");
    let made: [TokenBuilder; 14] = [
        token("ordinary"),
        token("in groups").claim("groups", json!(["a,b", " c"])),
        token("short").claim("exp", now + 20),
        token("shorter").claim("exp", now + 1),
        token("for ever").without("exp"),
        token("over").claim("exp", now - 5),
        token(LEEWAY_ALONE).claim("exp", now - 4),
        token("early").claim("nbf", now + 30),
        token("from tomorrow").claim("iat", now + 40),
        token("nearly too old").claim("iat", now - 170),
        token("without scope").without("scope"),
        token("bound").claim("cnf", json!({})),
        token("of another audience").claim("aud", "app"),
        token("by another key").signed_by(key_of_a_stranger()),
    ];
    let mut tokens: Vec<String> = made.iter().map(TokenBuilder::sign).collect();
    tokens.extend([
        format!("{}.", tokens[0]),
        format!("{}A", tokens[0]),
        token("x").claim("iss", "y").sign(),
    ]);
    tokens
}

/// Its tokens say HS256 and are signed by something else.
fn key_of_a_stranger() -> Arc<SigningKey> {
    key(Algorithm::EdDSA)
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => any::<Index>().prop_map(Step::Ask),
        1 => (-70..90_i64).prop_map(Step::Wait),
        // Around the seconds at which something ends.
        1 => proptest::sample::select(&[1_i64, -1, 5, 20, 25, 30, 60][..]).prop_map(Step::Wait),
    ]
}
