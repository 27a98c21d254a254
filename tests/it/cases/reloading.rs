//! What a new configuration does to the token cache, to fetching and to whoever is asking.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use doorward::jose::{Algorithm, SigningKey};

use crate::cases::wire::{assert_token_denied, misses};
use crate::support::{Answer, Behaviour, FaultyIssuer, TestGate, TestIssuer, eventually, key};

fn file(idp: &TestIssuer, audience: &str, more: &str) -> String {
    format!(
        "issuer: {}\naudience: [{audience}]\nworkers: 1\n{more}\n",
        idp.url()
    )
}

#[test]
fn f8_verified_tokens_are_forgotten_with_their_configuration() {
    let idp = TestIssuer::new().serve();
    let gate = TestGate::new()
        .by_time_of(&idp)
        .file(file(&idp, "api", ""))
        .spawn();
    let token = idp.token().claim("email", "a@example.com").sign();
    assert_eq!([gate.verdict(&token), gate.verdict(&token)], ["200", "200"]);
    gate.rewrite(&file(&idp, "other", ""));
    assert!(gate.reload());
    assert_token_denied(&gate, &token, "audience_mismatch", "another audience");
    gate.rewrite(&file(
        &idp,
        "api",
        "claim_headers: [{claim: email, header: X-Auth-Subject}]",
    ));
    assert!(gate.reload());
    let answer = gate.get("/verify").bearer(&token).send();
    assert_eq!(
        (answer.status, answer.get("x-auth-subject")),
        (200, Some("a@example.com")),
        "another header map"
    );
    gate.rewrite(&file(&idp, "api", "required_claims: [tenant]"));
    assert!(gate.reload());
    assert_token_denied(
        &gate,
        &token,
        "claim_missing",
        "another requirement of the token itself",
    );
    gate.rewrite(&file(&idp, "api", "").replace(
        "issuer: ",
        "jwks_url: http://127.0.0.1:1/\nissuer: https://other.example/",
    ));
    assert!(gate.reload());
    assert_token_denied(&gate, &token, "issuer_unknown", "another issuer");
    gate.rewrite(&file(&idp, "api", ""));
    assert!(gate.reload());
    assert_eq!(
        [gate.verdict(&token), gate.verdict(&token)],
        ["200", "200"],
        "and back again"
    );
    assert_eq!(misses(&gate), 6, "once under each configuration");
}

#[test]
fn e26_a_new_configuration_disturbs_no_fetching() {
    let idp = TestIssuer::new().serve();
    let text = |leeway: u32| file(&idp, "api", &format!("leeway: {leeway}s\njwks_refresh: 1m"));
    let gate = TestGate::new().by_time_of(&idp).file(text(0)).spawn();
    assert_eq!(gate.verdict(&idp.token().sign()), "200");
    let fetched = idp.fetches();
    for leeway in 1..6 {
        gate.rewrite(&text(leeway));
        assert!(gate.reload());
    }
    assert_eq!(idp.fetches(), fetched, "the keys are there");
    // The task that fetches went on: a rotation reaches the configuration that came later.
    let new = idp.rotate("new");
    gate.clock.advance(std::time::Duration::from_mins(1));
    gate.wait_for("/status", |answer| answer.body.contains("\"id\":\"new\""));
    assert_eq!(gate.verdict(&idp.token_by(new).sign()), "200");
    assert_eq!(idp.fetches(), fetched + 1, "once");
}

/// Each answer is that of one configuration or of the other, never a mixture.
#[test]
fn k6_requests_meanwhile_see_one_configuration_each() {
    let idp = TestIssuer::new().serve();
    let one = file(
        &idp,
        "api",
        "claim_headers: [{claim: sub, header: X-One}]\nrealm: one",
    );
    let two = file(
        &idp,
        "api",
        "claim_headers: [{claim: iss, header: X-Two}]\nrealm: two",
    );
    let gate = TestGate::new().by_time_of(&idp).file(one.as_str()).spawn();
    let (token, done) = (idp.token().sign(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let mut seen = [0, 0];
            while !done.load(Ordering::Relaxed) {
                let answer = gate.get("/verify").bearer(&token).send();
                match (answer.status, answer.get("x-one"), answer.get("x-two")) {
                    (200, Some("alice"), None) => seen[0] += 1,
                    (200, None, Some(issuer)) if issuer == idp.url() => seen[1] += 1,
                    other => panic!("{other:?}"),
                }
            }
            seen
        });
        for text in [&two, &one].into_iter().cycle().take(20) {
            gate.rewrite(text);
            assert!(gate.reload());
        }
        done.store(true, Ordering::Relaxed);
        let seen = asking.join().unwrap();
        assert!(seen[0] > 0 && seen[1] > 0, "{seen:?}");
    });
}

/// It is active for whoever comes while the other one still waits for its key.
#[test]
fn k6_a_request_under_way_ends_with_the_configuration_it_began_with() {
    let new = Arc::new(
        SigningKey::generate(Algorithm::ES256)
            .unwrap()
            .with_id("new"),
    );
    let (before, after) = (
        TestIssuer::new(),
        TestIssuer::with_keys(vec![key(Algorithm::ES256), new.clone()]),
    );
    let keys = FaultyIssuer::serving(before.jwks());
    let text = |header: &str| {
        let fetching = format!(
            "jwks_url: {}/jwks\njwks_wait: 20s\njwks_timeout: 20s",
            keys.url
        );
        file(
            &before,
            "api",
            &format!("{fetching}\nclaim_headers: [{{claim: sub, header: {header}}}]"),
        )
    };
    let gate = TestGate::new()
        .by_time_of(&before)
        .file(text("X-Old"))
        .spawn();
    gate.wait_for("/readyz", |answer| answer.status == 200);
    let (known, unknown) = (before.token().sign(), before.token_by(new).sign());
    let ask = |token: &str| gate.get("/verify").bearer(token).send();
    assert_eq!(subject(&ask(&known)), [Some("alice"), None]);

    keys.set_keys(after.jwks());
    keys.behave(Behaviour::Delay);
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| ask(&unknown));
        eventually("the fetch for the new key", || {
            (keys.fetches() == 2).then_some(())
        });
        gate.rewrite(&text("X-New"));
        assert!(gate.reload());
        assert_eq!(subject(&ask(&known)), [None, Some("alice")]);
        assert!(!asking.is_finished(), "it still waits for its key");
        keys.behave(Behaviour::Serve);
        assert_eq!(subject(&asking.join().unwrap()), [Some("alice"), None]);
    });
    assert_eq!(subject(&ask(&unknown)), [None, Some("alice")]);
    assert_eq!(keys.fetches(), 2);
}

/// What the header of each configuration says.
fn subject(answer: &Answer) -> [Option<&str>; 2] {
    ["x-old", "x-new"].map(|name| answer.get(name))
}
