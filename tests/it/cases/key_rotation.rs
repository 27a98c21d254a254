//! Keys that are exchanged, by the book and otherwise.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use doorward::jose::{Algorithm, SigningKey};

use super::key_life_cycle::{fetching, ready, refresh};
use crate::support::{FaultyIssuer, TestGate, TokenBuilder, key};

const CACHE_HITS: &str = "doorward_token_cache_requests_total{result=\"hit\"}";

#[test]
fn e10_a_key_that_was_published_a_moment_ago_is_fetched_for_the_first_token() {
    let (idp, gate) = fetching();
    assert_eq!(gate.verdict(&idp.token().sign()), "200");
    let new = idp.rotate("new");
    assert_eq!(gate.verdict(&idp.token_by(new).sign()), "200");
    assert_eq!(idp.fetches(), 2);
}

#[test]
fn e9_a_key_that_left_the_set_is_not_trusted_from_the_next_refresh_on() {
    let (idp, gate) = fetching();
    let old = idp.token().claim("exp", idp.clock.secs() + 7200).sign();
    assert_eq!(
        (gate.verdict(&old), gate.verdict(&old)),
        ("200".into(), "200".into())
    );
    assert!(gate.metric(CACHE_HITS) > 0.5);
    idp.rotate("new");
    refresh(&idp, &gate, "success");
    assert_eq!(gate.verdict(&old), "401 key_unknown", "cached or not");
}

#[test]
fn e9_a_key_stays_trusted_while_it_is_in_the_set_whatever_else_comes_and_goes() {
    let (idp, gate) = fetching();
    let token = idp.token().claim("exp", idp.clock.secs() + 7200).sign();
    assert_eq!(gate.verdict(&token), "200");
    let other = Arc::new(
        SigningKey::generate(Algorithm::ES384)
            .unwrap()
            .with_id("other"),
    );
    idp.set_keys(vec![other.clone(), key(Algorithm::ES256)]);
    refresh(&idp, &gate, "success");
    assert_eq!(gate.verdict(&token), "200");
    assert_eq!(gate.verdict(&idp.token_by(other).sign()), "200");
    assert!(gate.metric(CACHE_HITS) > 0.5);
}

#[test]
fn e11_rotations_under_load_deny_nobody_and_make_one_fetch_at_a_time() {
    let fresh = |id: usize| {
        Arc::new(
            SigningKey::generate(Algorithm::ES256)
                .unwrap()
                .with_id(format!("key-{id}")),
        )
    };
    let mut keys = vec![fresh(0)];
    let issuer = FaultyIssuer::serving(jwks(&keys));
    let gate = TestGate::new()
        .set("ISSUER", &issuer.url)
        .set("AUDIENCE", "api")
        .set("JWKS_WAIT", "20s");
    let gate = ready(gate);
    let signing = Mutex::new(keys[0].clone());
    let (ended, judged) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !ended.load(Ordering::SeqCst) {
                    let key = signing.lock().unwrap().clone();
                    let id = judged.fetch_add(1, Ordering::SeqCst);
                    let token = TokenBuilder::new(key, &issuer.url, gate.clock.secs())
                        .subject(&format!("user-{id}"));
                    assert_eq!(gate.verdict(&token.sign()), "200");
                }
            });
        }
        for round in 1..=5 {
            gate.clock.advance(Duration::from_secs(30));
            keys.push(fresh(round));
            issuer.set_keys(jwks(&keys));
            // Used in the moment in which it is published.
            *signing.lock().unwrap() = keys[round].clone();
            let before = judged.load(Ordering::SeqCst);
            while judged.load(Ordering::SeqCst) < before + 50 {
                thread::yield_now();
            }
        }
        ended.store(true, Ordering::SeqCst);
    });
    assert_eq!((issuer.fetches(), issuer.most_fetching()), (6, 1));
}

#[test]
fn e24_a_set_of_other_keys_only_is_taken_and_told() {
    let (idp, gate) = fetching();
    let told = "WARN every key is another one than before: tokens signed until now are refused";
    let old = idp.token().expires_in(86_400).sign();
    assert_eq!(gate.verdict(&old), "200");
    idp.set_keys(vec![key(Algorithm::EdDSA), key(Algorithm::ES256)]);
    refresh(&idp, &gate, "success");
    assert!(
        !gate.events().contains(&told.to_owned()),
        "a rotation with overlap"
    );
    idp.rotate("somebody else's");
    refresh(&idp, &gate, "success");
    assert_eq!(gate.verdict(&old), "401 key_unknown");
    assert_eq!(
        gate.events().iter().filter(|event| *event == told).count(),
        1
    );
}

#[test]
fn e27_a_new_key_of_an_old_name_ends_the_tokens_of_the_old_one() {
    let (idp, gate) = fetching();
    let old = idp.token().expires_in(86_400).sign();
    assert_eq!(
        (gate.verdict(&old), gate.verdict(&old)),
        ("200".into(), "200".into())
    );
    let new = idp.rotate(key(Algorithm::ES256).id().unwrap());
    refresh(&idp, &gate, "success");
    assert_eq!(gate.verdict(&old), "401 signature_invalid", "cached or not");
    assert_eq!(gate.verdict(&idp.token_by(new).sign()), "200");
}

fn jwks(keys: &[Arc<SigningKey>]) -> String {
    let keys: Vec<_> = keys
        .iter()
        .filter_map(|key| key.to_public_jwk(None))
        .collect();
    serde_json::json!({ "keys": keys }).to_string()
}
