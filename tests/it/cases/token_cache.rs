//! Group F: what is remembered of a token, and what never is.

use std::time::Duration;

use doorward::jose::{Algorithm, SigningKey};
use serde_json::json;

use super::wire::{assert_allowed_as, assert_denied, assert_token_denied, count, hits, misses};
use crate::support::{Client, GateBuilder, TestGate, TestIssuer, key};

#[test]
fn f1_a_token_seen_before_is_answered_alike_from_the_cache() {
    let (idp, gate) = fixture();
    let token = idp
        .token()
        .claim("email", "a@example.com")
        .claim("scope", "read write")
        .claim("azp", "app")
        .sign();
    let first = claims_of(&gate, &token);
    assert_eq!((hits(&gate), misses(&gate)), (0, 1));
    let second = claims_of(&gate, &token);
    assert_eq!((hits(&gate), misses(&gate)), (1, 1));
    assert_eq!(first, second);
    assert_eq!(first.len(), 5);
    assert!(
        first.iter().all(|(_, value)| !value.is_empty()),
        "{first:?}"
    );
}

#[test]
fn f2_a_cached_token_is_over_when_it_says_so() {
    for (leeway, life) in [(0, 60), (30, 60)] {
        let (idp, gate) = built(|gate| gate.set("LEEWAY", format!("{leeway}s")));
        let token = idp.token().expires_in(life).sign();
        assert_eq!(gate.verdict(&token), "200");
        gate.clock.advance(seconds(life - 1));
        assert_eq!(
            (gate.verdict(&token).as_str(), hits(&gate)),
            ("200", 1),
            "the last second, from the cache"
        );
        gate.clock.advance(seconds(leeway));
        assert_eq!(gate.verdict(&token), "200", "the last second of the leeway");
        gate.clock.advance(seconds(1));
        assert_token_denied(&gate, &token, "token_expired", format!("leeway {leeway}"));
        assert_token_denied(&gate, &token, "token_expired", "and it stays so");
    }
}

#[test]
fn f3_tokens_are_told_apart_by_every_bit() {
    let (idp, gate) = fixture();
    let tokens: Vec<_> = (0..300)
        .map(|n| (n.to_string(), idp.token().subject(&n.to_string()).sign()))
        .collect();
    let mut client = Client::connect(gate.verify);
    for _ in 0..2 {
        for (subject, token) in &tokens {
            let answer = client.send(&gate.get("/verify").bearer(token));
            assert_allowed_as(&answer, subject, &idp.url(), subject);
        }
    }
    assert_eq!((hits(&gate), misses(&gate)), (300, 300));
    let good = &tokens[0].1;
    for position in 0..good.len() {
        let mut near = good.clone().into_bytes();
        near[position] ^= 1;
        let answer = client.send(
            &gate
                .get("/verify")
                .header("Authorization", [b"Bearer ", near.as_slice()].concat()),
        );
        assert_ne!(answer.status, 200, "bit flipped at {position}");
    }
    assert_eq!(hits(&gate), 300, "none of them was taken for the good one");
}

#[test]
fn f4_tokens_at_the_same_moment_never_exchange_their_headers() {
    let (idp, gate) = fixture();
    let tokens = ["alice", "bob"].map(|subject| (subject, idp.token().subject(subject).sign()));
    std::thread::scope(|scope| {
        for worker in 0..4 {
            let (tokens, gate, issuer) = (&tokens, &gate, idp.url());
            scope.spawn(move || {
                let mut client = Client::connect(gate.verify);
                for turn in 0..2500 {
                    let (subject, token) = &tokens[(worker + turn) % 2];
                    let answer = client.send(&gate.get("/verify").bearer(token));
                    assert_allowed_as(&answer, subject, &issuer, "in the crowd");
                }
            });
        }
    });
    assert_eq!(hits(&gate) + misses(&gate), 10_000);
    assert!(
        misses(&gate) <= 8,
        "at most each worker's first of each token"
    );
}

#[test]
fn f6_what_a_request_needs_is_judged_on_every_hit() {
    let (idp, gate) = built(|gate| gate.set("REQUIRED_SCOPES", "read"));
    let narrow = idp.token().claim("scope", "write").sign();
    for round in 0..3 {
        assert_token_denied(&gate, &narrow, "scope_insufficient", round);
        assert_eq!(hits(&gate), round, "the token is good, the request is not");
    }
    let known = hits(&gate);
    let foreign = idp
        .token()
        .claim("scope", "read")
        .claim("aud", "other")
        .sign();
    for round in 0..3 {
        assert_token_denied(&gate, &foreign, "audience_mismatch", round);
        assert_eq!(hits(&gate), known + round, "it may be for another route");
    }
    let known = hits(&gate);
    for (reason, token) in [
        (
            "token_type_mismatch",
            idp.token().claim("scope", "read").header("typ", "dpop+jwt"),
        ),
        (
            "claim_invalid",
            idp.token().claim("scope", "read").claim("sub", 1),
        ),
        (
            "proof_missing",
            idp.token().claim("scope", "read").claim("cnf", json!({})),
        ),
    ] {
        let token = token.sign();
        assert_token_denied(&gate, &token, reason, "first");
        assert_token_denied(&gate, &token, reason, "second");
    }
    assert_eq!(hits(&gate), known, "what is no good token is not kept");
}

#[test]
fn f7_a_key_that_left_the_set_takes_its_cached_tokens_along() {
    let (idp, gate) = served(|gate| gate.set("JWKS_REFRESH", "1m"));
    let token = idp.token().expires_in(3600).sign();
    assert_eq!([gate.verdict(&token), gate.verdict(&token)], ["200", "200"]);
    let new = idp.rotate("new");
    gate.clock.advance(seconds(30));
    assert_eq!(
        (gate.verdict(&token).as_str(), hits(&gate)),
        ("200", 2),
        "nobody knows yet"
    );
    gate.clock.advance(seconds(30));
    wait_for_refresh(&gate, &idp, 2);
    assert_token_denied(
        &gate,
        &token,
        "key_unknown",
        "with the first request after the refresh",
    );
    assert_eq!(hits(&gate), 2);
    assert_eq!(gate.verdict(&idp.token_by(new).sign()), "200");
}

#[test]
fn f7_a_key_name_that_is_used_again_takes_them_along_too() {
    let (idp, gate) = served(|gate| gate.set("JWKS_REFRESH", "1m"));
    let token = idp.token().expires_in(3600).sign();
    assert_eq!([gate.verdict(&token), gate.verdict(&token)], ["200", "200"]);
    let new = idp.rotate("key-ES256");
    gate.clock.advance(seconds(60));
    wait_for_refresh(&gate, &idp, 2);
    assert_token_denied(
        &gate,
        &token,
        "signature_invalid",
        "another key under the old one's name",
    );
    assert_eq!(gate.verdict(&idp.token_by(new).sign()), "200");
}

#[test]
fn f7_a_rotation_that_a_new_token_reveals_counts_at_once() {
    let (idp, gate) = served(|gate| gate);
    let token = idp.token().expires_in(3600).sign();
    assert_eq!([gate.verdict(&token), gate.verdict(&token)], ["200", "200"]);
    let new = idp.rotate("new");
    assert_eq!(gate.verdict(&idp.token_by(new).sign()), "200");
    assert_token_denied(&gate, &token, "key_unknown", "cached, but its key is gone");
    assert_eq!(idp.fetches(), 2);
}

#[test]
fn f7_tokens_of_keys_that_stay_remain_cached() {
    let idp = TestIssuer::with_keys(vec![key(Algorithm::ES256), key(Algorithm::EdDSA)]).serve();
    let gate = TestGate::new()
        .discovering(&idp)
        .set("JWKS_REFRESH", "1m")
        .spawn();
    gate.wait_for("/readyz", |answer| answer.status == 200);
    let token = idp.token().expires_in(3600).sign();
    assert_eq!([gate.verdict(&token), gate.verdict(&token)], ["200", "200"]);
    idp.set_keys(vec![key(Algorithm::ES256)]);
    gate.clock.advance(seconds(60));
    wait_for_refresh(&gate, &idp, 2);
    assert_eq!(
        (gate.verdict(&token).as_str(), hits(&gate), misses(&gate)),
        ("200", 2, 1)
    );
}

#[test]
fn f9_a_denial_is_never_remembered() {
    let (idp, gate) = served(|gate| gate);
    let good = idp.token().sign();
    let (input, _) = good.rsplit_once('.').unwrap();
    let forged = format!("{input}.{}", "A".repeat(86));
    assert_token_denied(&gate, &forged, "signature_invalid", "forged");
    assert_eq!(gate.verdict(&good), "200", "the same header and claims");
    assert_token_denied(
        &gate,
        &forged,
        "signature_invalid",
        "forged, after the good one",
    );

    let new = std::sync::Arc::new(
        SigningKey::generate(Algorithm::ES256)
            .unwrap()
            .with_id("new"),
    );
    let early = idp.token_by(new.clone()).sign();
    assert_token_denied(&gate, &early, "key_unknown", "not published yet");
    idp.set_keys(vec![key(Algorithm::ES256), new]);
    gate.clock.advance(seconds(30));
    assert_eq!(
        gate.verdict(&early),
        "200",
        "as soon as the issuer may be asked again"
    );
    assert_eq!(idp.fetches(), 3, "at the start, in vain, and with success");
}

#[test]
fn f10_an_outage_is_never_remembered() {
    let idp = TestIssuer::new().serve();
    idp.answer_instead(500, "");
    let gate = TestGate::new().discovering(&idp).spawn();
    gate.wait_for("/metrics", |answer| {
        answer.body.contains(r#"result="failure"} 1"#)
    });
    let token = idp.token().sign();
    for _ in 0..2 {
        let answer = gate.get("/verify").bearer(&token).send();
        assert_denied(&answer, "keys_unavailable", "nobody can tell");
        assert_eq!(answer.get("retry-after"), Some("5"));
    }
    idp.recover();
    gate.clock.advance(seconds(4));
    gate.wait_for("/readyz", |answer| answer.status == 200);
    assert_eq!(gate.verdict(&token), "200");
}

#[test]
fn f14_without_a_cache_the_answers_are_the_same() {
    let (idp, with) = built(|gate| gate.set("REQUIRED_SCOPES", "read"));
    let without = TestGate::new()
        .trusting(&idp)
        .set("REQUIRED_SCOPES", "read")
        .set("TOKEN_CACHE_CAPACITY", "0")
        .spawn();
    let good = idp.token().claim("scope", "read");
    let tokens = [
        good.clone(),
        idp.token(),
        good.clone().subject("bob"),
        good.clone().expires_in(5),
        good.clone().expires_in(-29),
        good.clone().expires_in(-30),
        good.clone().claim("aud", "other"),
        good.clone().claim("email", "\u{fc}@example.com"),
        good.clone().claim("email", "x".repeat(4096)),
        good.clone().header("kid", "other"),
        good.signed_by(key(Algorithm::ES384)),
    ]
    .map(|token| token.sign());
    for round in 0..3 {
        for token in &tokens {
            let answers = [&with, &without].map(|gate| gate.get("/verify").bearer(token).send());
            let [one, other] = answers.map(|mut answer| {
                answer.fields.retain(|(name, _)| name != "date");
                answer.fields.sort();
                answer
            });
            assert_eq!(one, other, "round {round}: {token}");
        }
        // Both follow the issuer's clock.
        idp.clock.advance(seconds(20));
    }
    assert!(hits(&with) > 0);
    assert_eq!((hits(&without), misses(&without)), (0, 0));
}

fn fixture() -> (TestIssuer, TestGate) {
    built(|gate| gate)
}

fn built(settings: impl Fn(GateBuilder) -> GateBuilder) -> (TestIssuer, TestGate) {
    let idp = TestIssuer::new();
    let gate = settings(TestGate::new().trusting(&idp)).spawn();
    (idp, gate)
}

/// With an issuer on the network whose keys have arrived, and tokens that stay cached for as long
/// as they live.
fn served(settings: impl Fn(GateBuilder) -> GateBuilder) -> (TestIssuer, TestGate) {
    let idp = TestIssuer::new().serve();
    let gate = settings(
        TestGate::new()
            .discovering(&idp)
            .set("TOKEN_CACHE_TTL", "1h"),
    )
    .spawn();
    wait_for_refresh(&gate, &idp, 1);
    (idp, gate)
}

fn wait_for_refresh(gate: &TestGate, idp: &TestIssuer, times: u64) {
    let name = "127.0.0.1";
    assert!(idp.url().contains(name));
    let series =
        format!("doorward_jwks_refresh_total{{issuer=\"{name}\",result=\"success\"}} {times}");
    gate.wait_for("/metrics", |answer| {
        answer.body.lines().any(|line| line == series)
    });
    assert_eq!(count(gate, series.rsplit_once(' ').unwrap().0), times);
}

fn claims_of(gate: &TestGate, token: &str) -> Vec<(String, String)> {
    let answer = gate.get("/verify").bearer(token).send();
    assert_eq!(answer.verdict(), "200");
    let mut fields: Vec<_> = answer
        .fields
        .into_iter()
        .filter(|(name, _)| name.starts_with("x-auth-"))
        .collect();
    fields.sort();
    fields
}

fn seconds(seconds: i64) -> Duration {
    Duration::from_secs(seconds.unsigned_abs())
}
