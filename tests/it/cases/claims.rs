//! Group C: what a token claims, and when.

use std::sync::Arc;
use std::time::Duration;

use doorward::jose::{Algorithm, Family, SigningKey, encode_base64url};
use serde_json::{Value, json};

use super::wire::{
    assert_allowed_as, assert_denied, assert_each_denied, assert_token_denied, count, hits, misses,
};
use crate::configuration_file::two_issuers;
use crate::support::{GateBuilder, TestGate, TestIssuer, TokenBuilder, key};

#[test]
fn c1_good_tokens_of_every_algorithm_pass() {
    let public = Algorithm::ALL
        .iter()
        .filter(|algorithm| algorithm.family() != Family::Secret);
    let keys: Vec<_> = public.map(|algorithm| key(*algorithm)).collect();
    assert_eq!(keys.len(), 14);
    let idp = TestIssuer::with_keys(keys.clone());
    let gate = TestGate::new().trusting(&idp).spawn();
    for key in keys {
        assert_passes(
            &gate,
            &idp,
            &idp.token_by(key.clone()),
            key.algorithm().name(),
        );
    }
    let secret = "0123456789abcdef".repeat(8);
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        let gate = TestGate::new()
            .by_time_of(&idp)
            .set("ISSUER", idp.url())
            .set("AUDIENCE", "api");
        let gate = gate
            .set("HMAC_SECRET", secret.as_str())
            .set("ALGORITHMS", algorithm.name())
            .spawn();
        let token = idp.token_by(Arc::new(
            SigningKey::secret(algorithm, secret.as_bytes()).with_id("any"),
        ));
        assert_passes(&gate, &idp, &token, algorithm.name());
    }
}

#[test]
fn c3_an_iss_that_is_no_name_is_unknown() {
    let (idp, gate) = fixture();
    let variants = [
        Value::Null,
        json!(""),
        json!(1),
        json!(true),
        json!({"iss": idp.url()}),
        json!([]),
        json!([idp.url()]),
        json!(["https://evil.example", idp.url()]),
    ];
    assert_each_denied(
        &gate,
        "issuer_unknown",
        variants.map(|iss| (iss.clone(), idp.token().claim("iss", iss).sign())),
    );
    assert_token_denied(
        &gate,
        &idp.token().without("iss").sign(),
        "issuer_unknown",
        "missing",
    );
}

#[test]
fn c4_another_issuers_token_is_unknown_and_asks_nobody() {
    let idp = TestIssuer::new().serve();
    let gate = TestGate::new().discovering(&idp).spawn();
    gate.wait_for("/readyz", |answer| answer.status == 200);
    let stranger = Arc::new(
        SigningKey::generate(Algorithm::ES256)
            .unwrap()
            .with_id("stranger"),
    );
    for token in [
        idp.token(),
        idp.token_by(stranger),
        idp.token().expires_in(-3600),
    ] {
        let token = token.claim("iss", "https://other.example");
        assert_token_denied(&gate, &token.sign(), "issuer_unknown", "another issuer");
        assert_token_denied(
            &gate,
            &token.without("iss").sign(),
            "issuer_unknown",
            "no issuer",
        );
    }
    assert_eq!(idp.fetches(), 1, "the one at the start");
    let denied = r#"doorward_decisions_total{issuer="none",reason="issuer_unknown",route="none",verdict="deny"}"#;
    assert_eq!(count(&gate, denied), 6);
}

#[test]
fn c5_nearly_the_issuer_is_another_issuer() {
    let (idp, gate) = fixture();
    let near = [
        "https://idp.example/",
        "https://IDP.example",
        "HTTPS://idp.example",
        "http://idp.example",
        "https://idp.exampl",
        "https://idp.example.evil.example",
        "https://idp.example:443",
        "https://idp.example?",
        "https://idp.example#",
        "https://idp.example/../",
        "https://user@idp.example",
        "https://idp.example.",
        " https://idp.example",
        "https://idp.example ",
        "https://idp.example\u{0}",
        "https://idp%2eexample",
        "https://idp\u{3002}example",
        "https://\u{456}dp.example",
        "idp.example",
        "idp",
    ];
    assert_each_denied(
        &gate,
        "issuer_unknown",
        near.map(|iss| (iss, idp.token().claim("iss", iss).sign())),
    );
    let escaped = idp
        .token()
        .claims_text()
        .replace("https:", "https\\u003a")
        .replace("//", "\\/\\/");
    assert_eq!(
        gate.verdict(&idp.token().sign_payload(escaped)),
        "200",
        "escapes are spelling, not meaning"
    );
}

#[test]
fn c6_a_token_of_one_issuer_never_passes_with_the_keys_of_another() {
    let (main, legacy, gate) = two_issuers();
    let gate = gate.spawn();
    // The keys differ, their ids do not.
    let theirs = key(Algorithm::ES256);
    assert_eq!(
        gate.verdict(&legacy.token_by(theirs).sign()),
        "401 signature_invalid"
    );
    let scoped = main.token().claim("scope", "read");
    assert_eq!(
        gate.verdict(&scoped.clone().claim("iss", legacy.url()).sign()),
        "401 signature_invalid"
    );
    assert_eq!(
        gate.verdict(&scoped.claim("iss", "https://other.example").sign()),
        "401 issuer_unknown"
    );
}

#[test]
fn c7_the_audience_must_be_named_exactly() {
    let (idp, gate) = fixture();
    let mismatches = [
        Value::Null,
        json!(1),
        json!(true),
        json!({}),
        json!({"api": true}),
        json!([]),
        json!([1, "api"]),
        json!(["api", 1]),
        json!(["api", null]),
        json!([["api"]]),
        json!([{"aud": "api"}]),
        json!(""),
        json!("*"),
        json!("API"),
        json!("Api"),
        json!("api "),
        json!(" api"),
        json!("api,x"),
        json!("x api"),
        json!("ap"),
        json!("api2"),
        json!("https://api"),
        json!(["API", "api "]),
    ];
    let tokens = mismatches.map(|aud| (aud.clone(), idp.token().claim("aud", aud).sign()));
    assert_each_denied(&gate, "audience_mismatch", tokens);
    assert_token_denied(
        &gate,
        &idp.token().without("aud").sign(),
        "audience_mismatch",
        "missing",
    );
    for aud in [
        json!("api"),
        json!(["api"]),
        json!(["x", "api"]),
        json!(["api", "x"]),
    ] {
        assert_passes(
            &gate,
            &idp,
            &idp.token().claim("aud", aud.clone()),
            &aud.to_string(),
        );
    }
}

#[test]
fn c8_a_long_list_of_audiences_is_read_to_its_end() {
    let (idp, gate) = built(|gate| gate.set("MAX_TOKEN_BYTES", "98304"));
    let mut audiences = vec!["x"; 10_000];
    assert_token_denied(
        &gate,
        &idp.token().claim("aud", audiences.clone()).sign(),
        "audience_mismatch",
        "10,000 others",
    );
    audiences.push("api");
    assert_eq!(
        gate.verdict(&idp.token().claim("aud", audiences).sign()),
        "200"
    );
}

#[test]
fn c9_a_token_without_an_end_is_refused() {
    let (idp, gate) = fixture();
    let endless = idp.token().without("exp").sign();
    assert_token_denied(&gate, &endless, "claim_missing", "no exp");
    let (_, lenient) = built(|gate| gate.set("REQUIRE_EXP", "false"));
    assert_eq!(lenient.verdict(&endless), "200");
}

#[test]
fn c10_the_second_of_exp_is_over() {
    let (idp, gate) = built(|gate| gate.set("LEEWAY", "0s"));
    for seconds in [0, -1, -300] {
        assert_token_denied(
            &gate,
            &idp.token().expires_in(seconds).sign(),
            "token_expired",
            seconds,
        );
    }
    assert_passes(&gate, &idp, &idp.token().expires_in(1), "a second to go");
}

#[test]
fn c11_clocks_may_differ_by_the_leeway_and_no_more() {
    let (idp, gate) = fixture();
    let now = idp.clock.secs();
    assert_token_denied(
        &gate,
        &idp.token().expires_in(-30).sign(),
        "token_expired",
        "exp = now - leeway",
    );
    assert_passes(
        &gate,
        &idp,
        &idp.token().expires_in(-29),
        "exp = now - leeway + 1",
    );
    assert_passes(
        &gate,
        &idp,
        &idp.token().claim("nbf", now + 30),
        "nbf = now + leeway",
    );
    assert_token_denied(
        &gate,
        &idp.token().claim("nbf", now + 31).sign(),
        "token_not_yet_valid",
        "nbf one more",
    );
    let half = json!(f64::from(i32::try_from(now).unwrap()) + 30.5);
    assert_token_denied(
        &gate,
        &idp.token().claim("nbf", half).sign(),
        "token_not_yet_valid",
        "nbf half a second more",
    );
}

#[test]
fn c12_times_must_be_numbers() {
    let (idp, gate) = fixture();
    let now = idp.clock.secs();
    for name in ["exp", "nbf", "iat"] {
        for value in [
            json!(now.to_string()),
            json!(""),
            json!(true),
            json!({}),
            json!([now]),
            Value::Null,
        ] {
            let what = format!("{name} {value}");
            assert_token_denied(
                &gate,
                &idp.token().claim(name, value).sign(),
                "claim_invalid",
                what,
            );
        }
    }
}

#[test]
fn c13_absurd_ends_are_over_or_invalid_and_never_kept_beyond_the_caches_time() {
    let (idp, gate) = built(|gate| gate.set("TOKEN_CACHE_TTL", "1m"));
    let with_exp = |exp: &str| {
        let claims = idp.token().without("exp").claims_text();
        idp.token()
            .sign_payload(claims.replacen('{', &format!("{{\"exp\":{exp},"), 1))
    };
    for exp in [
        "-1",
        "0",
        "0.5",
        "-0.0",
        "1e-400",
        "-1e300",
        "-9223372036854775808",
        "-9223372036854775809",
    ] {
        assert_token_denied(&gate, &with_exp(exp), "token_expired", exp);
    }
    for exp in [
        "1e400",
        "-1e400",
        "NaN",
        "Infinity",
        "-Infinity",
        "0x7fffffff",
        "1_800_000_000",
        "+1800000000",
        "01800000000",
    ] {
        assert_token_denied(&gate, &with_exp(exp), "claim_invalid", exp);
    }
    let far = [
        "9007199254740993",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "1e300",
    ]
    .map(|exp| (exp, with_exp(exp)));
    let judge_all = || {
        for (exp, token) in &far {
            assert_eq!(gate.verdict(token), "200", "{exp}");
        }
    };
    let unread = misses(&gate);
    judge_all();
    judge_all();
    assert_eq!((hits(&gate), misses(&gate) - unread), (6, 6), "kept");
    gate.clock.advance(Duration::from_mins(1));
    judge_all();
    assert_eq!(
        (hits(&gate), misses(&gate) - unread),
        (6, 12),
        "but no longer than anything else"
    );
}

#[test]
fn c14_a_token_of_the_future_is_not_yet_valid() {
    let (idp, gate) = fixture();
    let future = [
        json!(idp.clock.secs() + 3600),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(1e300),
    ];
    let tokens = future.map(|nbf| (nbf.clone(), idp.token().claim("nbf", nbf).sign()));
    assert_each_denied(&gate, "token_not_yet_valid", tokens);
    let soon = idp
        .token()
        .expires_in(7200)
        .claim("nbf", idp.clock.secs() + 3600)
        .sign();
    assert_eq!(gate.verdict(&soon), "401 token_not_yet_valid");
    gate.clock.advance(Duration::from_secs(3570));
    assert_eq!(gate.verdict(&soon), "200", "its time has come");
}

#[test]
fn c15_a_token_has_an_age() {
    let (idp, gate) = built(|gate| gate.set("MAX_TOKEN_AGE", "100s"));
    let aged = |age: i64| idp.token().claim("iat", idp.clock.secs() - age);
    assert_passes(&gate, &idp, &aged(-30), "issued ahead by the leeway");
    assert_token_denied(
        &gate,
        &aged(-31).sign(),
        "token_issued_in_future",
        "issued further ahead",
    );
    assert_passes(&gate, &idp, &aged(130), "the greatest age and the leeway");
    assert_token_denied(&gate, &aged(131).sign(), "token_too_old", "a second older");
    assert_token_denied(
        &gate,
        &idp.token().without("iat").sign(),
        "claim_missing",
        "of unknown age",
    );
}

#[test]
fn c16_the_type_of_token_is_judged() {
    let (idp, any) = fixture();
    let (_, strict) = built(|gate| gate.set("TOKEN_TYPE", "at+jwt"));
    let (_, listed) = built(|gate| gate.set("ACCEPTED_TYPES", "logout+jwt"));
    let (yes, no) = ("200", "401 token_type_mismatch");
    let access_token = idp.token().claim("client_id", "c").claim("jti", "1");
    for (typ, by_any, by_strict, by_listed) in [
        ("at+jwt", yes, yes, yes),
        ("application/at+jwt", yes, yes, yes),
        ("AT+JWT", yes, yes, yes),
        ("Application/AT+jwt", yes, yes, yes),
        ("JWT", yes, no, yes),
        ("jwt", yes, no, yes),
        ("application/jwt", yes, no, yes),
        ("logout+jwt", no, no, yes),
        ("dpop+jwt", no, no, no),
        ("JOSE", no, no, no),
        ("", no, no, no),
        ("at+jwt ", no, no, no),
        ("text/at+jwt", no, no, no),
        ("application/application/at+jwt", no, no, no),
    ] {
        let token = access_token.clone().header("typ", typ).sign();
        let found = [&any, &strict, &listed].map(|gate| gate.verdict(&token));
        assert_eq!(found, [by_any, by_strict, by_listed], "{typ}");
    }
    assert_eq!(
        [&any, &strict].map(|gate| gate.verdict(&access_token.sign())),
        [yes, no],
        "no type"
    );
    let id_token = access_token.clone().claim("nonce", "n").sign();
    assert_token_denied(&strict, &id_token, "token_type_mismatch", "an ID token");
    for typ in [json!(1), Value::Null, json!(["at+jwt"])] {
        let token = access_token.clone().header("typ", typ.clone()).sign();
        assert_token_denied(&any, &token, "token_malformed", &typ);
        assert_token_denied(&strict, &token, "token_malformed", &typ);
    }
}

#[test]
fn c17_a_subject_is_a_string_and_may_be_required() {
    let (idp, gate) = fixture();
    let (_, strict) = built(|gate| gate.set("REQUIRED_CLAIMS", "sub"));
    for sub in [
        json!(1),
        json!(0),
        json!(true),
        json!({}),
        json!({"sub": "alice"}),
        json!(["alice"]),
    ] {
        let token = idp.token().claim("sub", sub.clone()).sign();
        assert_token_denied(&gate, &token, "claim_invalid", &sub);
        assert_token_denied(&strict, &token, "claim_invalid", &sub);
    }
    for token in [
        idp.token().without("sub"),
        idp.token().claim("sub", Value::Null),
    ] {
        assert_allowed_as(
            &gate.get("/verify").bearer(&token.sign()).send(),
            "",
            &idp.url(),
            "nobody asked for it",
        );
        assert_token_denied(&strict, &token.sign(), "claim_missing", "required");
    }
    assert_passes(&strict, &idp, &idp.token(), "required and there");
}

#[test]
fn c18_scopes_are_read_from_either_claim_and_may_be_required() {
    let (idp, gate) = built(|gate| gate.set("REQUIRED_SCOPES", "read, write"));
    for (name, value) in [
        ("scope", json!("read write")),
        ("scope", json!("write other  read")),
        ("scope", json!(["read", "write"])),
        ("scp", json!("read write")),
        ("scp", json!(["other", "write", "read"])),
    ] {
        assert_eq!(
            gate.verdict(&idp.token().claim(name, value.clone()).sign()),
            "200",
            "{name} {value}"
        );
    }
    for (name, value) in [
        ("scope", json!("read")),
        ("scope", json!("")),
        ("scope", json!("READ WRITE")),
        ("scope", json!("readwrite")),
        ("scope", json!("read,write")),
        ("scope", json!("read\twrite")),
        ("scope", json!(["read write"])),
        ("scope", json!([])),
        ("scp", json!("write")),
        ("other", json!("read write")),
    ] {
        let answer = gate
            .get("/verify")
            .bearer(&idp.token().claim(name, value.clone()).sign())
            .send();
        assert_denied(&answer, "scope_insufficient", format!("{name} {value}"));
        assert!(
            answer
                .get("www-authenticate")
                .unwrap()
                .ends_with(", scope=\"read write\"")
        );
    }
    let both = idp
        .token()
        .claim("scope", "read")
        .claim("scp", "read write")
        .sign();
    assert_token_denied(&gate, &both, "scope_insufficient", "scope goes before scp");
    for value in [
        json!(1),
        json!(true),
        json!({"read": true}),
        json!(["read", 1]),
    ] {
        assert_token_denied(
            &gate,
            &idp.token().claim("scope", value.clone()).sign(),
            "claim_invalid",
            value,
        );
    }
}

#[test]
fn c19_the_access_token_profile_has_seven_claims() {
    let (idp, gate) = built(|gate| gate.set("TOKEN_TYPE", "at+jwt"));
    let complete = idp
        .token()
        .header("typ", "at+jwt")
        .claim("client_id", "c")
        .claim("jti", "1");
    assert_eq!(gate.verdict(&complete.sign()), "200");
    for (name, when_absent, when_wrong) in [
        ("iss", "issuer_unknown", "issuer_unknown"),
        ("exp", "claim_missing", "claim_invalid"),
        ("aud", "claim_missing", "audience_mismatch"),
        ("sub", "claim_missing", "claim_invalid"),
        ("client_id", "claim_missing", "claim_invalid"),
        ("iat", "claim_missing", "claim_invalid"),
        ("jti", "claim_missing", "claim_invalid"),
    ] {
        assert_token_denied(
            &gate,
            &complete.clone().without(name).sign(),
            when_absent,
            format!("no {name}"),
        );
        for nothing in [Value::Null, json!("")] {
            let token = complete.clone().claim(name, nothing.clone()).sign();
            assert_token_denied(&gate, &token, when_absent, format!("{name} {nothing}"));
        }
        let is_a_time = ["exp", "iat"].contains(&name);
        let of_the_other_type = if is_a_time {
            json!((idp.clock.secs() + 60).to_string())
        } else {
            json!(1)
        };
        for wrong in [
            of_the_other_type,
            json!(true),
            json!({}),
            json!([]),
            json!([""]),
            json!([1]),
            json!({"a": "b"}),
        ] {
            let token = complete.clone().claim(name, wrong.clone()).sign();
            assert_token_denied(&gate, &token, when_wrong, format!("{name} {wrong}"));
        }
    }
    // What is none of the seven may be anything.
    for name in ["nbf", "scope", "email", "azp", "auth_time"] {
        assert_eq!(
            gate.verdict(&complete.clone().without(name).sign()),
            "200",
            "{name}"
        );
    }
}

#[test]
fn c20_a_forgery_learns_nothing_about_its_claims() {
    let (idp, gate) = fixture();
    let flaws = [
        ("nothing else", idp.token()),
        ("expired", idp.token().expires_in(-3600)),
        ("not yet valid", idp.token().claim("nbf", i64::MAX)),
        ("another audience", idp.token().claim("aud", "other")),
        ("an audience of the wrong type", idp.token().claim("aud", 1)),
        ("no end", idp.token().without("exp")),
        (
            "an end of the wrong type",
            idp.token().claim("exp", "never"),
        ),
        ("a subject of the wrong type", idp.token().claim("sub", 1)),
        ("another type", idp.token().header("typ", "dpop+jwt")),
        ("bound to a key", idp.token().claim("cnf", json!({}))),
    ];
    let forger = Arc::new(SigningKey::generate(Algorithm::ES256).unwrap());
    let forgeries = flaws.map(|(what, token)| (what, token.signed_by(forger.clone()).sign()));
    assert_each_denied(&gate, "signature_invalid", forgeries);
}

#[test]
fn c21_names_are_compared_after_escapes_and_with_their_case() {
    let (idp, gate) = fixture();
    let now = idp.clock.secs();
    let escaped = |exp: i64| {
        let claims = idp.token().without("exp").claims_text();
        idp.token()
            .sign_payload(claims.replacen('{', &format!("{{\"\\u0065xp\":{exp},"), 1))
    };
    assert_eq!(gate.verdict(&escaped(now + 60)), "200");
    assert_token_denied(&gate, &escaped(now - 60), "token_expired", "an escaped exp");
    for name in ["Exp", "EXP", "exp ", " exp", "e\u{445}p"] {
        assert_token_denied(
            &gate,
            &idp.token().without("exp").claim(name, now + 60).sign(),
            "claim_missing",
            name,
        );
    }
}

#[test]
fn c22_a_clock_that_jumps_is_survived() {
    let (idp, gate) = fixture();
    let hour = Duration::from_hours(1);
    let token = idp.token().sign();
    assert_eq!(gate.verdict(&token), "200");
    gate.clock.set_back(hour);
    assert_token_denied(
        &gate,
        &token,
        "token_issued_in_future",
        "an hour back, though it is cached",
    );
    assert_eq!(hits(&gate), 1);
    let earlier = idp.token().sign();
    assert_eq!(gate.verdict(&earlier), "200");
    gate.clock.set_ahead(hour);
    assert_eq!(gate.verdict(&token), "200");
    assert_token_denied(
        &gate,
        &earlier,
        "token_expired",
        "an hour forward, though it was cached",
    );
    gate.clock.set_ahead(hour);
    assert_token_denied(&gate, &token, "token_expired", "another hour");
    assert_eq!(gate.verdict(&idp.token().sign()), "200");
}

#[test]
fn c23_dates_that_broke_other_clocks_are_dates() {
    let (idp, gate) = built(|gate| gate.set("LEEWAY", "0s"));
    // The leap second of 2016, and the ends of signed and unsigned 32 bits of seconds.
    for moment in [
        1_483_228_800,
        2_147_483_647,
        2_147_483_648,
        4_294_967_295,
        4_294_967_296,
        253_402_300_800,
    ] {
        set_clock(&gate, moment);
        assert_passes(&gate, &idp, &idp.token().expires_in(1), &moment.to_string());
        assert_token_denied(
            &gate,
            &idp.token().expires_in(0).sign(),
            "token_expired",
            moment,
        );
        assert_token_denied(
            &gate,
            &idp.token().claim("nbf", moment + 1).sign(),
            "token_not_yet_valid",
            moment,
        );
    }
}

#[test]
fn c24_a_required_value_is_compared_byte_by_byte() {
    let (idp, gate) = built(|gate| gate.set("REQUIRED_CLAIMS", "email=jos\u{e9}@good.example"));
    assert_eq!(
        gate.verdict(&idp.token().claim("email", "jos\u{e9}@good.example").sign()),
        "200"
    );
    assert_eq!(
        gate.verdict(
            &idp.token()
                .claim("email", json!(["x", "jos\u{e9}@good.example"]))
                .sign()
        ),
        "200"
    );
    let near = [
        "jose\u{301}@good.example",
        "jose@good.example",
        "JOS\u{c9}@good.example",
        "jos\u{e9}@evil@good.example",
        "jos\u{e9}@good.example@evil.example",
        "jos\u{e9}@g\u{43e}od.example",
        "jos\u{e9}@good.example\u{200f}",
        "\u{202e}jos\u{e9}@good.example",
        "jos\u{e9}@good.example ",
    ];
    assert_each_denied(
        &gate,
        "policy_denied",
        near.map(|email| (email, idp.token().claim("email", email).sign())),
    );
    assert_token_denied(
        &gate,
        &idp.token().sign(),
        "claim_missing",
        "no e-mail address",
    );
    let nobody = idp.token().claim("email", "").sign();
    assert_token_denied(
        &gate,
        &nobody,
        "claim_missing",
        "an empty text names nobody",
    );
}

#[test]
fn c24_a_required_value_may_be_a_number_or_a_boolean() {
    let (idp, gate) = built(|gate| gate.set("REQUIRED_CLAIMS", "level=5, verified=true"));
    let token = |level: Value, verified: Value| {
        idp.token()
            .claim("level", level)
            .claim("verified", verified)
            .sign()
    };
    for level in [json!(5), json!("5"), json!([4, 5])] {
        assert_eq!(
            gate.verdict(&token(level.clone(), json!(true))),
            "200",
            "{level}"
        );
    }
    for (level, verified) in [
        (json!(6), json!(true)),
        (json!(5.5), json!(true)),
        (json!({}), json!(true)),
        (json!(5), json!(false)),
    ] {
        assert_eq!(
            gate.verdict(&token(level.clone(), verified.clone())),
            "403 policy_denied",
            "{level} {verified}"
        );
    }
}

#[test]
fn l13_a_token_bound_to_a_key_needs_a_proof() {
    let (idp, gate) = fixture();
    let confirmations = [
        json!({"jkt": encode_base64url([0; 32])}),
        json!({"x5t#S256": "x"}),
        json!({}),
        Value::Null,
    ];
    let tokens = confirmations.map(|cnf| (cnf.clone(), idp.token().claim("cnf", cnf).sign()));
    assert_each_denied(&gate, "proof_missing", tokens);
}

fn fixture() -> (TestIssuer, TestGate) {
    built(|gate| gate)
}

fn built(settings: impl Fn(GateBuilder) -> GateBuilder) -> (TestIssuer, TestGate) {
    let idp = TestIssuer::new();
    let gate = settings(TestGate::new().trusting(&idp)).spawn();
    (idp, gate)
}

fn assert_passes(gate: &TestGate, idp: &TestIssuer, token: &TokenBuilder, what: &str) {
    assert_allowed_as(
        &gate.get("/verify").bearer(&token.sign()).send(),
        "alice",
        &idp.url(),
        what,
    );
}

fn set_clock(gate: &TestGate, to: i64) {
    let by = to - gate.clock.secs();
    let distance = Duration::from_secs(by.unsigned_abs());
    if by < 0 {
        gate.clock.set_back(distance);
    } else {
        gate.clock.set_ahead(distance);
    }
}
