use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD};

use super::{Files, api_key, entry, metric, user, user_of_cost, with_passwords};
use crate::support::{TestGate, TestIssuer};

#[test]
fn a_password_brings_an_identity_without_any_issuer() {
    let files = Files::new();
    let lines = [user("alice", "secret:x"), user("élan", "päss wörd")].concat();
    let gate = with_passwords(&files.write("htpasswd", lines)).spawn();
    for _ in 0..2 {
        let answer = gate.get("/verify").basic("alice", "secret:x").send();
        assert_eq!(answer.verdict(), "200");
        assert_eq!(answer.get("x-auth-subject"), Some("alice"));
        assert_eq!(answer.get("x-auth-issuer"), Some("basic"));
        assert_eq!(answer.get("x-auth-client-id"), Some(""));
    }
    let log = gate.log_lines();
    assert_eq!(log[1]["issuer"], "basic");
    assert_eq!(
        (&log[0]["cache"], &log[1]["cache"]),
        (&"miss".into(), &"hit".into())
    );
    let umlauts = gate.get("/verify").basic("élan", "päss wörd").send();
    assert_eq!(umlauts.get("x-auth-subject"), Some("%C3%A9lan"));
    for (user, password) in [
        ("alice", "secret"),
        ("alice", "Secret:x"),
        ("alice", "secret:x "),
        ("alice", ""),
        ("Alice", "secret:x"),
        ("bob", "secret:x"),
        ("", "secret:x"),
        ("alice\0", "secret:x"),
        ("alice", "secret:x\0"),
    ] {
        for _ in 0..2 {
            let answer = gate.get("/verify").basic(user, password).send();
            assert_eq!(
                answer.verdict(),
                "401 credentials_invalid",
                "{user} {password}"
            );
        }
    }
    assert_eq!(
        metric(
            &gate,
            r#"doorward_token_cache_requests_total{result="hit"}"#
        ),
        "1",
        "failures are never remembered"
    );
    let shown = gate.log.text() + &gate.events_in_full().join("\n");
    assert!(!shown.contains("secret"), "{shown}");
    let denied = r#"doorward_decisions_total{issuer="basic",reason="credentials_invalid",route="none",verdict="deny"}"#;
    assert_eq!(metric(&gate, denied), "18");
}

#[test]
fn what_bcrypt_would_cut_off_is_no_password() {
    let files = Files::new();
    let (fits, long) = ("x".repeat(72), "x".repeat(73));
    let lines = [user("alice", &fits), user("bob", "short")].concat();
    let gate = with_passwords(&files.write("htpasswd", lines)).spawn();
    let verdict =
        |user: &str, password: &str| gate.get("/verify").basic(user, password).send().verdict();
    assert_eq!(verdict("alice", &fits), "200");
    assert_eq!(verdict("alice", &long), "401 credentials_invalid");
    // In C a password ends at NUL.
    assert_eq!(verdict("bob", "short"), "200");
    assert_eq!(verdict("bob", "short\0er"), "401 credentials_invalid");
    assert_eq!(
        verdict("alice", &"x".repeat(1024)),
        "401 credentials_invalid"
    );
    assert_eq!(
        verdict("alice", &"x".repeat(1025)),
        "401 credentials_invalid"
    );
    assert_eq!(verdict("alice", &"x".repeat(16_500)), "401 token_too_large");
}

/// Argon2id reads a password of any length, so the bound is doorward's own.
#[test]
fn a_password_has_at_most_1_kib_and_no_nul() {
    let files = Files::new();
    let longest = "x".repeat(1024);
    let line = |name: &str, password: &str| format!("{name}:{}\n", argon2id(password, 64));
    // All of them are right by their hash.
    let lines = [
        line("alice", &longest),
        line("bob", &format!("{longest}x")),
        line("carol", "short"),
        line("dave", "short\0er"),
    ];
    let gate = with_passwords(&files.write("htpasswd", lines.concat())).spawn();
    for (user, password, verdict) in [
        ("alice", longest.as_str(), "200"),
        ("alice", &longest[1..], "401 credentials_invalid"),
        ("bob", &format!("{longest}x"), "401 credentials_invalid"),
        ("carol", "short", "200"),
        ("carol", "short\0er", "401 credentials_invalid"),
        ("dave", "short\0er", "401 credentials_invalid"),
        ("dave", "short", "401 credentials_invalid"),
    ] {
        let answer = gate.get("/verify").basic(user, password).send();
        assert_eq!(answer.verdict(), verdict, "{user}, {}", password.len());
    }
}

/// A hash of a password that takes so many KiB and one pass.
fn argon2id(password: &str, memory: u32) -> String {
    let salt = b"somesalt";
    let params = argon2::Params::new(memory, 1, 1, Some(32)).unwrap();
    let argon2 = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    let mut output = [0; 32];
    argon2
        .hash_password_into(password.as_bytes(), salt, &mut output)
        .unwrap();
    let [salt, output] = [&salt[..], &output].map(|bytes| BASE64_STANDARD_NO_PAD.encode(bytes));
    format!("$argon2id$v=19$m={memory},t=1,p=1${salt}${output}")
}

#[test]
fn basic_is_read_as_its_rfc_says() {
    let files = Files::new();
    let gate = with_passwords(&files.write("htpasswd", user("a", "b:c"))).spawn();
    let verdict = |value: &str| {
        gate.get("/verify")
            .header("Authorization", value)
            .send()
            .verdict()
    };
    let good = BASE64_STANDARD.encode("a:b:c");
    for (value, expected) in [
        (format!("Basic {good}"), "200"),
        (format!("bAsIc   {good}"), "200"),
        (
            format!("Basic {}", good.trim_end_matches('=')),
            "401 authorization_malformed",
        ),
        (
            format!("Basic {good}, Basic {good}"),
            "401 authorization_malformed",
        ),
        ("Basic".to_owned(), "401 authorization_malformed"),
        ("Basic ".to_owned(), "401 authorization_malformed"),
        ("Basic !".to_owned(), "401 authorization_malformed"),
        (
            format!("Basic {}", BASE64_STANDARD.encode("ab")),
            "401 authorization_malformed",
        ),
        (
            format!("Basic {}", BASE64_STANDARD.encode("a:b\nc")),
            "401 authorization_malformed",
        ),
        (
            format!("Basic {}", BASE64_STANDARD.encode(b"a:\xff")),
            "401 authorization_malformed",
        ),
        (format!("Bearer {good}"), "401 scheme_unsupported"),
        (format!("Negotiate {good}"), "401 scheme_unsupported"),
    ] {
        assert_eq!(verdict(&value), expected, "{value}");
    }
    let twice = gate.get("/verify").basic("a", "b:c").basic("a", "b:c");
    assert_eq!(twice.send().verdict(), "401 token_ambiguous");
}

#[test]
fn a_password_goes_to_the_list_of_users_and_nowhere_else() {
    let (files, key) = (Files::new(), api_key());
    let idp = TestIssuer::new();
    let keys = files.write("keys.yaml", entry("ci", &key, ""));
    let users = files.write("htpasswd", user("alice", "secret"));
    let token = idp.token().sign();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("API_KEYS_FILE", keys)
        .set("HTPASSWD_FILE", users)
        .set("TOKEN_SOURCES", "bearer, basic, header:x-token")
        .spawn();
    let basic =
        |user: &str, password: &str| gate.get("/verify").basic(user, password).send().verdict();
    assert_eq!(basic("alice", "secret"), "200");
    for (user, password) in [
        ("", token.as_str()),
        ("x", &token),
        (&token, ""),
        (&key, ""),
        ("ci", &key),
    ] {
        assert_eq!(basic(user, password), "401 credentials_invalid", "{user}");
    }
    // The bytes of a pair are no token, even right after the pair was right.
    let pair = gate.get("/verify").header("X-Token", "alice:secret").send();
    assert_eq!(pair.verdict(), "401 token_malformed");
    let encoded = BASE64_STANDARD.encode("alice:secret");
    assert_eq!(gate.verdict(&encoded), "401 token_malformed");
    assert_eq!(
        (gate.verdict(&token), gate.verdict(&key)),
        ("200".into(), "200".into())
    );
    // Two credentials at once.
    let both = gate
        .get("/verify")
        .basic("alice", "secret")
        .header("X-Token", &token);
    assert_eq!(both.send().verdict(), "401 token_ambiguous");
}

#[test]
fn a_success_is_remembered_for_its_time_only() {
    let files = Files::new();
    let path = files.write("htpasswd", user("alice", "secret"));
    let gate = with_passwords(&path).set("BASIC_CACHE_TTL", "60s").spawn();
    let ask = || {
        assert_eq!(
            gate.get("/verify")
                .basic("alice", "secret")
                .send()
                .verdict(),
            "200"
        );
        gate.log_lines().last().unwrap()["cache"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!((ask(), ask()), ("miss".into(), "hit".into()));
    gate.clock.advance(Duration::from_secs(59));
    assert_eq!(ask(), "hit");
    gate.clock.advance(Duration::from_secs(1));
    assert_eq!(ask(), "miss");
    let gate = with_passwords(&path).set("BASIC_CACHE_TTL", "0s").spawn();
    for _ in 0..2 {
        assert_eq!(
            gate.get("/verify")
                .basic("alice", "secret")
                .send()
                .verdict(),
            "200"
        );
        assert_eq!(gate.log_lines().last().unwrap()["cache"], "miss");
    }
}

#[test]
fn a_full_pool_is_503_and_tokens_do_not_notice() {
    let (files, idp) = (Files::new(), TestIssuer::new());
    let path = files.write("htpasswd", user_of_cost("alice", "secret", 12));
    let gate = TestGate::new()
        .trusting(&idp)
        .set("HTPASSWD_FILE", path)
        .set("TOKEN_SOURCES", "bearer, basic")
        .spawn();
    let token = idp.token().sign();
    assert_eq!(gate.verdict(&token), "200");
    let cores = std::thread::available_parallelism().unwrap().get();
    let requests = 64 + 8 * cores;
    let (answers, tokens) = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..requests)
            .map(|number| {
                let request = gate
                    .get("/verify")
                    .basic("alice", &format!("wrong{number}"));
                scope.spawn(move || request.send())
            })
            .collect();
        let mut tokens = 0;
        while asked.iter().any(|asked| !asked.is_finished()) {
            assert_eq!(gate.verdict(&token), "200");
            tokens += 1;
        }
        let answers: Vec<_> = asked
            .into_iter()
            .map(|asked| asked.join().unwrap())
            .collect();
        (answers, tokens)
    });
    let count = |verdict: &str| {
        answers
            .iter()
            .filter(|answer| answer.verdict() == verdict)
            .count()
    };
    let (invalid, refused) = (
        count("401 credentials_invalid"),
        count("503 dependency_unavailable"),
    );
    assert_eq!(invalid + refused, requests);
    assert!(invalid > 0 && refused > 0, "{invalid} and {refused}");
    let refused = answers.iter().find(|answer| answer.status == 503).unwrap();
    assert_eq!(refused.get("retry-after"), Some("5"));
    assert_eq!(refused.get("www-authenticate"), None);
    // A token that waited for the pool would wait for one hash at least.
    assert!(tokens > 2 * invalid, "{tokens} beside {invalid} hashes");
    assert_eq!(
        gate.get("/verify")
            .basic("alice", "secret")
            .send()
            .verdict(),
        "200"
    );
}

/// A browser sends many requests at once. The first hash is enough for all of them.
#[test]
fn many_requests_with_one_password_cost_few_hashes() {
    let files = Files::new();
    let path = files.write("htpasswd", user_of_cost("alice", "secret", 11));
    let gate = with_passwords(&path).spawn();
    let verdicts: Vec<_> = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..40)
            .map(|_| {
                scope.spawn(|| {
                    gate.get("/verify")
                        .basic("alice", "secret")
                        .send()
                        .verdict()
                })
            })
            .collect();
        asked
            .into_iter()
            .map(|asked| asked.join().unwrap())
            .collect()
    });
    assert!(
        verdicts.iter().all(|verdict| verdict == "200"),
        "{verdicts:?}"
    );
}

/// The time of an answer must not show which users are in the file. The medians are far apart if
/// one of the two needs no hash.
#[test]
fn an_unknown_user_costs_as_much_as_a_known_one() {
    let (files, long) = (Files::new(), "x".repeat(100));
    let by_bcrypt = ["alice", "bob"].map(|name| user_of_cost(name, "secret", 8));
    let by_argon2id = ["alice", "bob"].map(|name| format!("{name}:{}\n", argon2id("secret", 8192)));
    for (kind, lines) in [("bcrypt", by_bcrypt), ("argon2id", by_argon2id)] {
        let gate = with_passwords(&files.write("htpasswd", lines.concat())).spawn();
        let pairs = [
            ("alice", "wrong"),
            ("mallory", "wrong"),
            ("mallory", long.as_str()),
            ("bob", long.as_str()),
        ];
        let times = usual_times(&gate, &pairs);
        let known = times[0];
        assert!(
            times
                .iter()
                .all(|other| *other < known * 3 && known < *other * 3),
            "{kind}: {times:?}"
        );
    }
}

/// The median times of the answers to these wrong passwords. They take turns, so that a machine that
/// is busy for a while is so for all of them.
fn usual_times(gate: &TestGate, pairs: &[(&str, &str)]) -> Vec<Duration> {
    let time = |user: &str, password: &str| {
        let began = Instant::now();
        let answer = gate.get("/verify").basic(user, password).send();
        assert_eq!(answer.verdict(), "401 credentials_invalid");
        began.elapsed()
    };
    let mut times = vec![Vec::new(); pairs.len()];
    for _ in 0..15 {
        for (own, (user, password)) in times.iter_mut().zip(pairs) {
            own.push(time(user, password));
        }
    }
    let median = |own: &mut Vec<Duration>| {
        own.sort_unstable();
        own[own.len() / 2]
    };
    times.iter_mut().map(median).collect()
}

/// Without the setting `failure_limit`, guesses are limited too. A remembered password passes.
#[test]
fn guesses_are_limited_where_the_address_is_known() {
    let files = Files::new();
    let path = files.write("htpasswd", user("alice", "secret"));
    let gate = with_passwords(&path).set("PROXY", "traefik").spawn();
    let ask = |password: &str| {
        let request = gate
            .get("/verify")
            .header("X-Forwarded-Method", "GET")
            .header("X-Forwarded-Host", "h")
            .header("X-Forwarded-Uri", "/")
            .header("X-Forwarded-For", "192.0.2.7");
        request.basic("alice", password).send().verdict()
    };
    assert_eq!(ask("secret"), "200");
    let verdicts: Vec<_> = (0..40)
        .map(|number| ask(&format!("wrong{number}")))
        .collect();
    let guessed = verdicts
        .iter()
        .filter(|verdict| *verdict == "401 credentials_invalid")
        .count();
    let limited = verdicts
        .iter()
        .filter(|verdict| *verdict == "429 rate_limited")
        .count();
    assert_eq!((guessed, limited), (30, 10));
    assert_eq!(ask("secret"), "200", "it is remembered");
}
