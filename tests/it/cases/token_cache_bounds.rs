//! Group F: how much is remembered, and that nothing is taken for something else.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use doorward::jose::{Algorithm, SigningKey};
use serde_json::{Value, json};

use super::wire::{assert_allowed_as, assert_token_denied, hits, misses};
use crate::support::{Client, Request, Service, TestGate, TestIssuer, TokenBuilder};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

#[test]
fn f11_a_flood_of_tokens_fills_the_cache_and_no_more() {
    const CAPACITY: u64 = 64;
    const FLOOD: u32 = 12_000;
    const HOT: usize = 8;
    let idp = TestIssuer::new();
    let gate = by_secret(&idp, &[("TOKEN_CACHE_CAPACITY", "64")]);
    let mut client = Client::connect(gate.verify);
    let hot: [_; HOT] = std::array::from_fn(|n| token(&idp).subject(&format!("hot-{n}")).sign());
    let mut verdict = |token: &str| client.send(&gate.get("/verify").bearer(token)).verdict();
    let mut asked = 0;
    for n in 0..FLOOD {
        assert_eq!(verdict(&token(&idp).subject(&n.to_string()).sign()), "200");
        // Not in the last third: then they are forgotten, or nearly so.
        if n % 4 == 0 && n < FLOOD / 3 * 2 {
            assert_eq!(verdict(&hot[n as usize / 4 % HOT]), "200");
            asked += 1;
        }
        if n % 500 == 499 {
            let kept = entries(&gate);
            assert!((1..=CAPACITY).contains(&kept), "{kept} tokens after {n}");
        }
    }
    assert_eq!(hits(&gate) + misses(&gate), u64::from(FLOOD) + asked);
    // Each of the others came once: whatever was a hit was one of the hot ones.
    assert!(hits(&gate) > asked / 2, "{} hits of {asked}", hits(&gate));
    assert!(count_of_evictions(&gate) > 0, "somebody had to leave");
    // Once the flood is over they are known again, and stay so.
    let mut found = Vec::new();
    for _ in 0..10 {
        let before = hits(&gate);
        for token in &hot {
            assert_eq!(verdict(token), "200");
        }
        found.push(hits(&gate) - before);
    }
    assert_eq!(found[5..], [HOT as u64; 5], "{found:?}");
}

#[test]
fn f12_other_spellings_of_a_cached_token_are_judged_for_themselves() {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("TOKEN_SOURCES", "bearer, header:X-Token, cookie:token")
        .spawn();
    let good = idp.token().sign();
    assert_eq!([gate.verdict(&good), gate.verdict(&good)], ["200", "200"]);
    assert_eq!((hits(&gate), misses(&gate)), (1, 1));
    let (input, signature) = good.rsplit_once('.').unwrap();
    let (header, payload) = input.split_once('.').unwrap();
    for (what, twin, reason) in [
        ("padding", format!("{good}="), "token_malformed"),
        ("padding twice", format!("{good}=="), "token_malformed"),
        (
            "padding inside",
            format!("{header}=.{payload}.{signature}"),
            "token_malformed",
        ),
        ("an empty part", format!("{good}."), "token_malformed"),
        ("a comma", format!("{good},"), "token_malformed"),
        ("twice", format!("{good} {good}"), "token_malformed"),
        (
            "a bit of the signature",
            format!("{input}.{}", flipped(signature)),
            "signature_invalid",
        ),
        ("no signature", format!("{input}."), "signature_invalid"),
        ("another case", good.to_ascii_lowercase(), "token_malformed"),
    ] {
        assert_token_denied(&gate, &twin, reason, what);
    }
    assert_eq!(hits(&gate), 1, "none of them was the good one");
    // How the same token is brought is not part of it.
    let requests = [
        gate.get("/verify")
            .header("Authorization", format!("bearer {good}")),
        gate.get("/verify")
            .header("Authorization", format!("BEARER   {good}")),
        gate.get("/verify")
            .header("Authorization", format!("Bearer {good} \t")),
        gate.get("/verify").header("X-Token", &good),
        gate.get("/verify")
            .header("Cookie", format!("a=b; token={good}")),
    ];
    for (position, request) in requests.into_iter().enumerate() {
        assert_allowed_as(&request.send(), "alice", &idp.url(), position);
    }
    assert_eq!(hits(&gate), 6);
}

#[test]
fn f13_a_token_whose_claims_take_too_much_is_not_kept() {
    let idp = TestIssuer::new();
    let gate = by_secret(
        &idp,
        &[
            ("MAX_TOKEN_BYTES", "98304"),
            ("CLAIM_HEADERS_MAX_BYTES", "65536"),
        ],
    );
    for (length, kept) in [
        (1_000, true),
        (15_000, true),
        (17_000, false),
        (60_000, false),
    ] {
        let before = (hits(&gate), misses(&gate), entries(&gate));
        let token = token(&idp).claim("email", "x".repeat(length)).sign();
        assert_eq!(
            [gate.verdict(&token), gate.verdict(&token)],
            ["200", "200"],
            "{length}"
        );
        let found = (
            hits(&gate) - before.0,
            misses(&gate) - before.1,
            entries(&gate) - before.2,
        );
        assert_eq!(found, if kept { (1, 1, 1) } else { (0, 2, 0) }, "{length}");
    }
    // Claims are kept once as they are, for routes to ask about, and those that become headers once
    // more.
    for (length, kept) in [(30_000, 1), (33_000, 0)] {
        let long = token(&idp).claim("unmapped", "x".repeat(length)).sign();
        let before = hits(&gate);
        assert_eq!([gate.verdict(&long), gate.verdict(&long)], ["200", "200"]);
        assert_eq!(hits(&gate), before + kept, "{length}");
    }
}

#[test]
fn f13_larger_tokens_take_more_of_the_capacity() {
    let idp = TestIssuer::new();
    let settings = [
        ("MAX_TOKEN_BYTES", "98304"),
        ("CLAIM_HEADERS_MAX_BYTES", "65536"),
        ("TOKEN_CACHE_CAPACITY", "20"),
    ];
    // A small one is one unit of 2 KiB; a large one ten, for the claim itself and its header.
    for (length, fitting) in [(0, 20), (9_500, 2)] {
        let gate = by_secret(&idp, &settings);
        for n in 0..fitting + 5 {
            let token = token(&idp)
                .subject(&n.to_string())
                .claim("email", "x".repeat(length))
                .sign();
            assert_eq!(gate.verdict(&token), "200");
            assert_eq!(entries(&gate), (n + 1).min(fitting), "of {length} bytes");
        }
    }
}

#[test]
fn f13_many_small_values_take_what_they_take_in_memory() {
    let idp = TestIssuer::new();
    let kept = |gate: &TestGate, path: &str, name: &str, value: &Value| {
        for n in 0..25 {
            let token = token(&idp)
                .subject(&n.to_string())
                .claim(name, value.clone())
                .sign();
            assert_eq!(gate.get(path).bearer(&token).send().verdict(), "200");
        }
        entries(gate)
    };
    // A letter has a piece of memory of its own, which counts 32 bytes at least.
    let gate = by_secret(&idp, &[("TOKEN_CACHE_CAPACITY", "20")]);
    assert_eq!(
        kept(&gate, "/verify", "scope", &vec!["a"; 55].join(" ").into()),
        10,
        "two units each"
    );
    // An object has room for some members at once.
    let settings = "audience: api\ntoken_cache_capacity: 20\nproxy: traefik\nroutes:";
    let routes = "- {name: a, match: {}, require: {when: 'claims.o.size() > 0'}}";
    let file = format!(
        "issuer: '{}'\nhmac_secret: {SECRET}\n{settings}\n  {routes}\n",
        idp.url()
    );
    let nested = (0..20).fold(json!(1), |inner, _| json!({ "a": inner }));
    let gate = TestGate::new().by_time_of(&idp).file(file).spawn();
    assert_eq!(
        kept(&gate, "/policy/a/verify", "o", &json!([nested, nested])),
        2,
        "more than six units each"
    );
}

#[test]
fn f15_a_cached_token_stands_nowhere_in_memory() {
    let settings = [
        ("LISTEN", "127.0.0.1:0"),
        ("ADMIN_LISTEN", "127.0.0.1:0"),
        ("WORKERS", "1"),
        ("ISSUER", "me"),
        ("AUDIENCE", "api"),
        ("HMAC_SECRET", SECRET),
        ("LOG_FORMAT", "json"),
    ];
    let mut service = Service::start(&["serve"], &settings);
    let verify = service.address("verify");
    let verdict = |token: &str| {
        Request::new(verify, "GET", "/verify")
            .bearer(token)
            .send()
            .verdict()
    };
    let key: Arc<_> = SigningKey::secret(Algorithm::HS256, SECRET.as_bytes()).into();
    let of = |subject: &str| {
        TokenBuilder::new(key.clone(), "me", 4_000_000_000)
            .without_header("kid")
            .claim("iat", 0)
            .subject(subject)
    };
    let good = of("who-is-remembered").sign();
    assert_eq!(verdict(&good), "200");
    // The buffers that the request passed through are used again by other requests.
    for n in 0..200 {
        assert_eq!(
            verdict(&of("other").claim("filler", "x".repeat(20 * n)).sign()),
            "200"
        );
    }
    let memory = memory_of(service.id());
    assert!(
        is_in(&memory, "who-is-remembered"),
        "what is kept of it is found"
    );
    for part in good.split('.').skip(1) {
        assert!(!is_in(&memory, part), "a part of the token was found");
    }
    assert_eq!(verdict(&good), "200");
}

#[test]
fn f16_what_nobody_presents_any_more_is_forgotten() {
    let idp = TestIssuer::new();
    let gate = by_secret(&idp, &[("TOKEN_CACHE_TTL", "5m")]);
    let lasting = token(&idp).subject("lasting").expires_in(3600).sign();
    let of = |life: i64| {
        token(&idp)
            .subject(&life.to_string())
            .expires_in(life)
            .sign()
    };
    for token in [&lasting, &of(60), &of(61), &of(3600)] {
        assert_eq!(gate.verdict(token), "200");
    }
    let wait_for_entries = |left: u64| {
        let counted = format!("doorward_token_cache_evictions_total {}", 4 - left);
        gate.wait_for("/metrics", |answer| {
            answer.body.lines().any(|line| line == counted)
        });
        assert_eq!(entries(&gate), left);
    };
    assert_eq!((entries(&gate), count_of_evictions(&gate)), (4, 0));
    gate.clock.advance(Duration::from_mins(1));
    wait_for_entries(3);
    gate.clock.advance(Duration::from_mins(1));
    wait_for_entries(2);
    gate.clock.advance(Duration::from_secs(179));
    assert_eq!(
        (gate.verdict(&lasting).as_str(), hits(&gate)),
        ("200", 1),
        "the last second of the five minutes"
    );
    gate.clock.advance(Duration::from_mins(1));
    wait_for_entries(0);
    assert_eq!(
        (gate.verdict(&lasting).as_str(), hits(&gate), entries(&gate)),
        ("200", 1, 1)
    );
}

#[test]
fn f16_no_date_keeps_a_token_for_longer() {
    let idp = TestIssuer::new();
    idp.clock.set_ahead(Duration::from_hours(8766));
    let gate = by_secret(&idp, &[("TOKEN_CACHE_TTL", "5m")]);
    let token = token(&idp).without("iat").expires_in(100).sign();
    assert_eq!((gate.verdict(&token).as_str(), entries(&gate)), ("200", 1));
    idp.clock.set_back(Duration::from_hours(8766));
    idp.clock.advance(Duration::from_secs(299));
    assert_eq!((gate.verdict(&token).as_str(), hits(&gate)), ("200", 1));
    // Presented no more; the sweeper was waiting for a minute of the wrong year.
    idp.clock.advance(Duration::from_secs(61));
    gate.wait_for("/metrics", |_| entries(&gate) == 0);
}

#[test]
fn f17_a_token_that_comes_twice_at_once_is_kept_once_and_pushes_nobody_out() {
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).spawn();
    let tokens: Vec<_> = (0..300).map(|_| idp.token().sign()).collect();
    let all = Barrier::new(4);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut client = Client::connect(gate.verify);
                for token in &tokens {
                    all.wait();
                    assert_eq!(
                        client.send(&gate.get("/verify").bearer(token)).verdict(),
                        "200"
                    );
                }
            });
        }
    });
    assert_eq!((entries(&gate), count_of_evictions(&gate)), (300, 0));
}

#[test]
fn f18_tokens_that_come_in_turn_displace_those_that_come_no_more() {
    let idp = TestIssuer::new();
    let gate = by_secret(&idp, &[("TOKEN_CACHE_CAPACITY", "64")]);
    let mut client = Client::connect(gate.verify);
    let mut round = |tokens: &[String]| {
        let before = hits(&gate);
        for token in tokens {
            assert_eq!(
                client.send(&gate.get("/verify").bearer(token)).verdict(),
                "200"
            );
        }
        hits(&gate) - before
    };
    let [former, latter] = ["former", "latter"].map(|who| {
        let of = |n| token(&idp).subject(&format!("{who}-{n}")).sign();
        (0..60).map(of).collect::<Vec<_>>()
    });
    let of_former = [round(&former), round(&former), round(&former)];
    assert_eq!(of_former, [0, 60, 60]);
    let of_latter: Vec<_> = (0..6).map(|_| round(&latter)).collect();
    assert_eq!(of_latter[4..], [60, 60], "{of_latter:?}");
}

/// Whatever the process can write to.
fn memory_of(process: u32) -> Vec<Vec<u8>> {
    let map = std::fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let file =
        File::open(format!("/proc/{process}/mem")).expect("the memory of a child can be read");
    let writable = map.lines().filter(|line| line.contains(" rw"));
    let regions = writable.filter_map(|line| {
        let (from, to) = line.split_once(' ')?.0.split_once('-')?;
        let [from, to] = [from, to].map(|address| u64::from_str_radix(address, 16).unwrap());
        let mut region = vec![0; usize::try_from(to - from).unwrap()];
        // What the kernel keeps there cannot be read, and is not ours.
        file.read_exact_at(&mut region, from).ok()?;
        Some(region)
    });
    regions.collect()
}

fn is_in(memory: &[Vec<u8>], text: &str) -> bool {
    memory
        .iter()
        .any(|region| contains(region, text.as_bytes()))
}

/// Looks only at the places that have the first byte: a debug build has much memory to walk.
fn contains(mut region: &[u8], text: &[u8]) -> bool {
    while let Some(start) = region.iter().position(|byte| *byte == text[0]) {
        region = &region[start..];
        if region.starts_with(text) {
            return true;
        }
        region = &region[1..];
    }
    false
}

fn by_secret(idp: &TestIssuer, settings: &[(&str, &str)]) -> TestGate {
    let gate = TestGate::new()
        .by_time_of(idp)
        .set("ISSUER", idp.url())
        .set("AUDIENCE", "api")
        .set("HMAC_SECRET", SECRET);
    settings
        .iter()
        .fold(gate, |gate, (name, value)| gate.set(name, *value))
        .spawn()
}

fn token(idp: &TestIssuer) -> TokenBuilder {
    idp.token_by(Arc::new(
        SigningKey::secret(Algorithm::HS256, SECRET.as_bytes()).with_id("any"),
    ))
}

/// How many tokens `/status` says are kept.
fn entries(gate: &TestGate) -> u64 {
    gate.admin("/status").send().json()["token_cache"]["entries"]
        .as_u64()
        .unwrap()
}

fn count_of_evictions(gate: &TestGate) -> u64 {
    super::wire::count(gate, "doorward_token_cache_evictions_total")
}

/// Another signature of the same length: its first character is another one.
fn flipped(signature: &str) -> String {
    format!(
        "{}{}",
        if signature.starts_with('A') { 'B' } else { 'A' },
        &signature[1..]
    )
}
