//! Tokens that name unknown keys, and tokens for which the issuer must not be asked.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use doorward::jose::{Algorithm, SigningKey};

use super::key_life_cycle::{by_unknown_key, fetching, ready};
use crate::support::{Behaviour, Client, FaultyIssuer, TestGate, TestIssuer, key};

#[test]
fn e12_an_unknown_key_name_fetches_once_per_jwks_min_refetch() {
    let (idp, gate) = fetching();
    let mut fetches = idp.fetches();
    for round in 0..3 {
        for n in 0..20 {
            assert_eq!(
                gate.verdict(&by_unknown_key(&idp, &format!("{round}-{n}"))),
                "401 key_unknown"
            );
        }
        fetches += 1;
        assert_eq!(idp.fetches(), fetches);
        idp.clock.advance(Duration::from_secs(29));
        assert_eq!(
            gate.verdict(&by_unknown_key(&idp, "early")),
            "401 key_unknown"
        );
        assert_eq!(idp.fetches(), fetches, "29 seconds are too early");
        idp.clock.advance(Duration::from_secs(1));
    }
}

#[test]
fn e12_failed_attempts_count_too() {
    let (idp, gate) = fetching();
    idp.answer_instead(500, "");
    for n in 0..20 {
        assert_eq!(
            gate.verdict(&by_unknown_key(&idp, &n.to_string())),
            "401 key_unknown"
        );
    }
    assert_eq!(idp.fetches(), 2);
    assert_eq!(
        gate.verdict(&idp.token().sign()),
        "200",
        "the last good keys are still there"
    );
}

#[test]
fn e12_many_unknown_key_names_at_once_make_one_fetch() {
    let (idp, gate) = fetching();
    let tokens: Vec<String> = (0..16)
        .map(|n| by_unknown_key(&idp, &n.to_string()))
        .collect();
    thread::scope(|scope| {
        for token in &tokens {
            scope.spawn(|| assert_eq!(gate.verdict(token), "401 key_unknown"));
        }
    });
    assert_eq!(idp.fetches(), 2);
}

#[test]
fn e13_nobody_is_asked_on_behalf_of_a_token_that_is_refused_anyway() {
    let (idp, gate) = fetching();
    let unknown = || idp.token().header("kid", "unknown");
    let stranger = Arc::new(SigningKey::generate(Algorithm::ES256).unwrap());
    for (token, expected) in [
        (unknown().expires_in(-3600), "401 key_unknown"),
        (
            unknown().claim("iss", "https://elsewhere.example"),
            "401 issuer_unknown",
        ),
        (unknown().without("iss"), "401 issuer_unknown"),
        (
            unknown().header("alg", "HS256"),
            "401 algorithm_not_allowed",
        ),
        (unknown().header("alg", "none"), "401 algorithm_not_allowed"),
        (idp.token().signed_by(stranger), "401 signature_invalid"),
        (
            unknown()
                .without_header("kid")
                .signed_by(key(Algorithm::ES256)),
            "200",
        ),
    ] {
        for _ in 0..3 {
            assert_eq!(gate.verdict(&token.sign()), expected);
        }
    }
    assert_eq!(idp.fetches(), 1);
}

#[test]
fn e12_a_hundred_thousand_invented_key_names_in_a_minute_make_two_fetches() {
    for behaviour in [
        Behaviour::Serve,
        Behaviour::Answer(500, "", Vec::new()),
        Behaviour::Hang,
    ] {
        let idp = TestIssuer::new();
        let issuer = FaultyIssuer::serving(idp.jwks());
        let gate = TestGate::new()
            .by_time_of(&idp)
            .set("ISSUER", &issuer.url)
            .set("AUDIENCE", "api");
        let gate = ready(
            gate.set("JWKS_WAIT", "0s")
                .set("JWKS_TIMEOUT", "1s")
                .set("ACCESS_LOG", "off"),
        );
        let good = idp
            .token()
            .claim("iss", issuer.url.as_str())
            .expires_in(3600)
            .sign();
        issuer.behave(behaviour.clone());
        let template = idp.token().claim("iss", issuer.url.as_str()).sign();
        let (_, rest) = template.split_once('.').unwrap();
        // The hanging one is given up by the machine's time; a third of the flood is enough for it.
        let rounds = if behaviour == Behaviour::Hang { 10 } else { 30 };
        for round in 0..rounds {
            thread::scope(|scope| {
                for lane in 0..2 {
                    let gate = &gate;
                    scope.spawn(move || flood(gate, rest, &format!("{round}-{lane}")));
                }
            });
            assert_eq!(gate.verdict(&good), "200", "{behaviour:?}");
            idp.clock.advance(Duration::from_secs(2));
        }
        assert!(
            (2..=3).contains(&issuer.fetches()),
            "{behaviour:?}: {} with the first",
            issuer.fetches()
        );
        let keys = gate.admin("/status").send().json()["issuers"][0]["keys"]
            .as_array()
            .unwrap()
            .len();
        assert_eq!(keys, 1, "{behaviour:?}");
    }
}

/// Tokens with 1,667 different key names over one connection: sixty times this is a hundred
/// thousand.
fn flood(gate: &TestGate, rest: &str, lane: &str) {
    let mut client = Client::connect(gate.verify);
    for number in 0..1667 {
        let header = format!(r#"{{"alg":"ES256","kid":"{lane}-{number}"}}"#);
        let token = format!("{}.{rest}", doorward::jose::encode_base64url(header));
        let answer = client.send(&gate.get("/verify").bearer(&token));
        assert!(
            ["401 key_unknown", "503 keys_unavailable"].contains(&answer.verdict().as_str()),
            "{answer:?}"
        );
    }
}

#[test]
fn e14_a_bad_signature_by_a_known_key_asks_nobody() {
    let (idp, gate) = fetching();
    let stranger = Arc::new(
        SigningKey::generate(Algorithm::ES256)
            .unwrap()
            .with_id(key(Algorithm::ES256).id().unwrap()),
    );
    for number in 0..500 {
        let token = idp
            .token_by(stranger.clone())
            .subject(&number.to_string())
            .sign();
        assert_eq!(gate.verdict(&token), "401 signature_invalid");
    }
    assert_eq!(idp.fetches(), 1);
}

#[test]
fn e15_a_token_without_a_key_name_asks_nobody() {
    let (idp, gate) = fetching();
    let stranger = Arc::new(SigningKey::generate(Algorithm::ES256).unwrap());
    let other = Arc::new(SigningKey::generate(Algorithm::EdDSA).unwrap());
    for number in 0..250 {
        let nameless = |key: &Arc<SigningKey>| {
            idp.token_by(key.clone())
                .subject(&number.to_string())
                .without_header("kid")
                .sign()
        };
        assert_eq!(gate.verdict(&nameless(&stranger)), "401 signature_invalid");
        assert_eq!(gate.verdict(&nameless(&other)), "401 key_unknown");
    }
    assert_eq!(idp.fetches(), 1);
}
