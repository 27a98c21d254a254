//! A date that is set while keys are kept fresh, and a machine that sleeps.

use std::time::Duration;

use super::key_life_cycle::{by_unknown_key, is_ready, issuer_status, ready};
use crate::support::{
    Answer, Behaviour, FaultyIssuer, GateBuilder, TestClock, TestGate, TestIssuer, TokenBuilder,
};

const HOUR: Duration = Duration::from_hours(1);
const YEAR: Duration = Duration::from_hours(8766);
const SUCCESSES: &str = "doorward_jwks_refresh_total{issuer=\"127.0.0.1\",result=\"success\"}";
const REFRESH: Duration = Duration::from_mins(5);

/// By how much the date is wrong, and whether it is ahead.
const ERRORS: [(Duration, bool); 4] = [(HOUR, true), (YEAR, true), (HOUR, false), (YEAR, false)];

/// Makes the date wrong by this much.
fn spoil(clock: &TestClock, (by, is_ahead): (Duration, bool)) {
    if is_ahead {
        clock.set_ahead(by);
    } else {
        clock.set_back(by);
    }
}

/// Makes it right again.
fn mend(clock: &TestClock, (by, is_ahead): (Duration, bool)) {
    if is_ahead {
        clock.set_back(by);
    } else {
        clock.set_ahead(by);
    }
}

/// A token that is good at all these dates.
fn timeless(token: TokenBuilder) -> TokenBuilder {
    token.without("iat").expires_in(10 * 366 * 86_400)
}

fn discovering(idp: &TestIssuer) -> GateBuilder {
    // Cached tokens outlive everything here: what ends them is the key.
    TestGate::new()
        .discovering(idp)
        .set("TOKEN_CACHE_TTL", "24h")
        .set("JWKS_WAIT", "20s")
}

#[test]
fn e31_a_date_that_is_put_right_delays_no_refresh() {
    for error in ERRORS {
        let idp = TestIssuer::new().serve();
        spoil(&idp.clock, error);
        let gate = ready(discovering(&idp));
        mend(&idp.clock, error);
        let old = timeless(idp.token()).sign();
        assert_eq!(gate.verdict(&old), "200", "{error:?}");
        let next = issuer_status(&gate)["next_refresh_in_seconds"]
            .as_u64()
            .unwrap();
        assert!(next <= REFRESH.as_secs(), "{error:?}: {next}");

        let new = idp.rotate("new");
        idp.clock.advance(REFRESH);
        let is_fresh = |answer: &Answer| {
            answer.body.contains("\"id\":\"new\"")
                && answer.json()["issuers"][0]["fetched_seconds_ago"] == 0
        };
        gate.wait_for("/status", is_fresh);
        assert_eq!(
            gate.verdict(&old),
            "401 key_unknown",
            "{error:?}, cached or not"
        );
        assert_eq!(
            gate.verdict(&timeless(idp.token_by(new)).sign()),
            "200",
            "{error:?}"
        );
        assert_eq!(gate.admin("/readyz").send().status, 200, "{error:?}");
        assert_eq!(issuer_status(&gate)["usable"], true, "{error:?}");
    }
}

#[test]
fn e31_keys_that_were_never_there_come_soon_after_the_date_is_put_right() {
    for error in ERRORS {
        let idp = TestIssuer::new().serve();
        spoil(&idp.clock, error);
        idp.answer_instead(500, "");
        let gate = discovering(&idp).spawn();
        gate.wait_for("/status", |answer| {
            answer.json()["issuers"][0]["consecutive_failures"] == 1
        });
        idp.recover();
        mend(&idp.clock, error);
        idp.clock.advance(Duration::from_secs(1));
        gate.wait_for("/readyz", is_ready);
        assert_eq!(gate.verdict(&idp.token().sign()), "200", "{error:?}");
    }
}

#[test]
fn e31_no_date_makes_keys_younger() {
    for error in ERRORS {
        let idp = TestIssuer::new().serve();
        spoil(&idp.clock, error);
        let gate = ready(
            discovering(&idp)
                .set("JWKS_MAX_STALE", "2h")
                .set("JWKS_MIN_REFETCH", "1h"),
        );
        idp.answer_instead(500, "");
        mend(&idp.clock, error);
        let token = timeless(idp.token()).sign();
        // A date that has gone forward may be right, and the machine have been paused: then it is
        // not for the clock to say.
        if error.1 {
            idp.clock.advance(Duration::from_secs(7199));
            assert_eq!(gate.verdict(&token), "200", "{error:?}");
            idp.clock.advance(Duration::from_secs(1));
        } else {
            idp.clock.advance(2 * HOUR);
        }
        assert_eq!(gate.verdict(&token), "503 keys_unavailable", "{error:?}");
        assert_eq!(gate.admin("/readyz").send().status, 503, "{error:?}");
    }
}

#[test]
fn e31_a_date_that_goes_forward_costs_a_fetch_and_no_token() {
    let idp = TestIssuer::new().serve();
    let gate = ready(discovering(&idp));
    let token = timeless(idp.token()).sign();
    for (fetches, by) in [(2.0, HOUR), (3.0, YEAR)] {
        idp.clock.set_ahead(by);
        assert_eq!(gate.verdict(&token), "200", "{by:?}");
        gate.wait_for("/metrics", |_| gate.metric(SUCCESSES) >= fetches);
        assert_eq!(gate.verdict(&token), "200", "{by:?}");
    }
}

#[test]
fn e31_no_date_lets_an_invented_key_name_fetch_again() {
    let idp = TestIssuer::new().serve();
    let gate = ready(discovering(&idp));
    assert_eq!(gate.verdict(&by_unknown_key(&idp, "a")), "401 key_unknown");
    for by in [HOUR, YEAR] {
        idp.clock.set_back(by);
        assert_eq!(gate.verdict(&by_unknown_key(&idp, "b")), "401 key_unknown");
        assert_eq!(idp.fetches(), 2, "{by:?}");
    }
}

#[test]
fn e31_a_key_file_is_followed_whatever_the_date_is() {
    for error in ERRORS {
        let idp = TestIssuer::new();
        spoil(&idp.clock, error);
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("jwks.json");
        std::fs::write(&file, idp.jwks()).unwrap();
        let gate = TestGate::new()
            .by_time_of(&idp)
            .set("ISSUER", idp.url())
            .set("AUDIENCE", "api");
        let gate = ready(
            gate.set("JWKS_FILE", file.to_str().unwrap())
                .set("JWKS_WAIT", "20s"),
        );
        mend(&idp.clock, error);
        let old = timeless(idp.token()).sign();
        assert_eq!(gate.verdict(&old), "200", "{error:?}");
        // A date that goes forward makes a reading due; it must not overlap with the exchange of
        // the file.
        gate.wait_for("/status", |answer| {
            answer.body.contains("\"fetched_seconds_ago\":0,")
        });
        idp.rotate("new");
        std::fs::write(&file, idp.jwks()).unwrap();
        idp.clock.advance(Duration::from_secs(5));
        gate.wait_for("/status", |answer| answer.body.contains("\"id\":\"new\""));
        assert_eq!(gate.verdict(&old), "401 key_unknown", "{error:?}");
    }
}

#[test]
fn e32_after_a_long_sleep_the_first_token_fetches() {
    let idp = TestIssuer::new().serve();
    let gate = ready(discovering(&idp).set("JWKS_MAX_STALE", "1h"));
    let cached = timeless(idp.token()).sign();
    assert_eq!(gate.verdict(&cached), "200");
    idp.clock.sleep(2 * HOUR);
    assert_eq!(gate.admin("/readyz").send().status, 503);
    let expired = idp.token().expires_in(-3600).sign();
    assert_eq!(
        (gate.verdict(&expired).as_str(), idp.fetches()),
        ("503 keys_unavailable", 1),
        "not on its behalf"
    );
    assert_eq!((gate.verdict(&cached).as_str(), idp.fetches()), ("200", 2));
    assert_eq!(gate.admin("/readyz").send().status, 200);
    idp.clock.sleep(2 * HOUR);
    assert_eq!(
        (gate.verdict(&idp.token().sign()).as_str(), idp.fetches()),
        ("200", 3)
    );
}

#[test]
fn e32_an_issuer_that_is_down_after_a_long_sleep_is_asked_once_in_a_while() {
    let idp = TestIssuer::new();
    let issuer = FaultyIssuer::serving(idp.jwks());
    let settings = TestGate::new()
        .by_time_of(&idp)
        .set("ISSUER", &issuer.url)
        .set("AUDIENCE", "api");
    let gate = ready(settings.set("JWKS_MAX_STALE", "1h").set("JWKS_WAIT", "20s"));
    let token = || idp.token().claim("iss", issuer.url.as_str()).sign();
    issuer.behave(Behaviour::Close);
    idp.clock.sleep(2 * HOUR);
    for _ in 0..50 {
        assert_eq!(gate.verdict(&token()), "503 keys_unavailable");
    }
    // The client tries once more by itself where a connection that it had kept is closed.
    assert!((2..=3).contains(&issuer.fetches()), "{}", issuer.fetches());
    issuer.behave(Behaviour::Serve);
    idp.clock.sleep(Duration::from_secs(30));
    assert_eq!(gate.verdict(&token()), "200");
}
