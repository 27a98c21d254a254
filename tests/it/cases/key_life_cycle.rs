//! Keys that come over the network: outages, recovery, staleness, and what is said about them.

use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::Duration;

use doorward::jose::{Algorithm, SigningKey};

use crate::support::{
    Answer, Behaviour, FaultyIssuer, GateBuilder, TestGate, TestIssuer, TokenBuilder,
};

#[test]
fn e1_the_service_starts_while_its_issuer_is_down_and_recovers_alone() {
    let idp = TestIssuer::new();
    let (address, url) = reserved_address();
    let gate = TestGate::new()
        .by_time_of(&idp)
        .set("ISSUER", &url)
        .set("AUDIENCE", "api")
        .spawn();
    let token = idp.token().claim("iss", url.as_str()).sign();
    let answer = gate.get("/verify").bearer(&token).send();
    assert_eq!(answer.verdict(), "503 keys_unavailable");
    assert!(answer.get("retry-after").unwrap().parse::<u32>().unwrap() > 0);
    assert_eq!(
        (
            answer.get("www-authenticate"),
            answer.json()["error"].as_str()
        ),
        (None, Some("temporarily_unavailable"))
    );
    assert_eq!(
        (
            gate.admin("/healthz").send().status,
            gate.admin("/readyz").send().status
        ),
        (200, 503)
    );

    let idp = idp.serve_on(TcpListener::bind(address).unwrap());
    idp.clock.advance(Duration::from_secs(5));
    gate.wait_for("/readyz", is_ready);
    assert_eq!(gate.verdict(&token), "200");
}

#[test]
fn e8_old_keys_are_good_for_jwks_max_stale_and_then_it_is_503_until_the_issuer_recovers() {
    let idp = TestIssuer::new().serve();
    let gate = ready(
        TestGate::new()
            .discovering(&idp)
            .set("JWKS_MAX_STALE", "2h")
            .set("TOKEN_CACHE_TTL", "24h"),
    );
    let token = idp
        .token()
        .claim("exp", idp.clock.secs() + 24 * 3600)
        .sign();
    assert_eq!(gate.verdict(&token), "200");
    idp.answer_instead(500, "");
    idp.clock.advance(Duration::from_secs(7199));
    assert_eq!(gate.verdict(&token), "200");
    idp.clock.advance(Duration::from_secs(1));
    assert_eq!(
        gate.verdict(&token),
        "503 keys_unavailable",
        "cached or not"
    );
    assert_eq!(gate.admin("/readyz").send().status, 503);
    idp.recover();
    // The retry that runs may have been asked too early; another one is due within seconds.
    gate.wait_for("/readyz", |answer| {
        idp.clock.advance(Duration::from_secs(1));
        is_ready(answer)
    });
    assert_eq!(gate.verdict(&token), "200");
}

#[test]
fn e3_a_key_that_anyone_can_have_is_no_key_while_there_are_none() {
    let idp = TestIssuer::new();
    let (_, url) = reserved_address();
    let gate = TestGate::new()
        .by_time_of(&idp)
        .set("ISSUER", &url)
        .set("AUDIENCE", "api")
        .set("JWKS_WAIT", "0s")
        .spawn();
    for algorithm in [Algorithm::ES256, Algorithm::EdDSA, Algorithm::HS256] {
        let any = SigningKey::generate(algorithm)
            .unwrap()
            .with_id("any")
            .into();
        let verdict = gate.verdict(&idp.token_by(any).claim("iss", url.as_str()).sign());
        assert!(
            ["503 keys_unavailable", "401 algorithm_not_allowed"].contains(&verdict.as_str()),
            "{verdict}"
        );
    }
}

#[test]
fn e4_an_outage_of_one_issuer_is_none_of_the_others_business() {
    let (up, down) = (TestIssuer::new().serve(), TestIssuer::new());
    let dead = FaultyIssuer::serving("{}");
    dead.behave(Behaviour::HangAltogether);
    let file = format!(
        "jwks_wait: 100ms
issuers:
  - {{name: up, issuer: '{}', audience: [api]}}
  - {{name: down, issuer: '{}', audience: [api]}}
",
        up.url(),
        dead.url
    );
    let builder = TestGate::new().by_time_of(&up).file(file);
    let any = ready(builder.clone());
    let all = builder.set("READINESS", "all").spawn();
    for gate in [&any, &all] {
        gate.wait_for("/metrics", |answer| counted(answer, "up", "success"));
        assert_eq!(gate.verdict(&up.token().sign()), "200");
        assert_eq!(
            gate.verdict(&down.token().claim("iss", dead.url.as_str()).sign()),
            "503 keys_unavailable"
        );
        assert_eq!(gate.verdict(&up.token().subject("bob").sign()), "200");
        let page = gate.admin("/metrics").send().body;
        assert!(
            page.contains("doorward_jwks_keys{issuer=\"up\"} 1")
                && page.contains("doorward_jwks_keys{issuer=\"down\"} 0")
        );
    }
    let [ready, not_ready] = [&any, &all].map(|gate| gate.admin("/readyz").send());
    assert_eq!((ready.status, not_ready.status), (200, 503));
    for answer in [ready, not_ready] {
        assert_eq!(
            answer.json()["issuers_without_keys"],
            serde_json::json!(["down"]),
            "named either way"
        );
    }
}

#[test]
fn e6_ten_minutes_of_errors_deny_nobody_and_are_asked_about_ever_less_often() {
    let (idp, gate) = fetching();
    let token = idp.token().expires_in(3600).sign();
    idp.answer_instead(500, "");
    refresh(&idp, &gate, "failure");
    let mut waits = Vec::new();
    while waits.iter().sum::<u64>() < 600 {
        let wait = issuer_status(&gate)["next_refresh_in_seconds"]
            .as_u64()
            .unwrap();
        let failures = gate.metric(FAILURES);
        idp.clock.advance(Duration::from_secs(wait + 1));
        gate.wait_for("/metrics", |_| gate.metric(FAILURES) > failures);
        assert_eq!(gate.verdict(&token), "200");
        assert_eq!(gate.admin("/readyz").send().status, 200);
        waits.push(wait);
    }
    assert!(
        waits.iter().all(|wait| (5..=60).contains(wait)),
        "{waits:?}"
    );
    assert!(waits.len() < 20, "{waits:?}");
    assert_eq!(
        issuer_status(&gate)["consecutive_failures"],
        1 + waits.len()
    );
    let gauge = gate.metric("doorward_jwks_consecutive_failures{issuer=\"127.0.0.1\"}");
    assert_eq!(gauge.to_string(), (1 + waits.len()).to_string());
    assert!(
        gate.metric("doorward_jwks_fetch_duration_seconds_count{issuer=\"127.0.0.1\"}") > gauge
    );
}

#[test]
fn e6_there_is_one_line_when_an_issuer_goes_bad_and_one_when_it_is_well_again() {
    let (idp, gate) = fetching();
    assert_eq!(gate.events(), ["INFO keys changed"], "the first keys");
    idp.answer_instead(500, "");
    for _ in 0..4 {
        refresh(&idp, &gate, "failure");
    }
    assert_eq!(gate.events()[1..], ["WARN keys cannot be fetched"]);
    idp.recover();
    refresh(&idp, &gate, "success");
    refresh(&idp, &gate, "success");
    assert_eq!(gate.events()[2..], ["INFO keys can be fetched again"]);
}

#[test]
fn e8_there_is_one_line_when_the_keys_are_too_old() {
    let idp = TestIssuer::new().serve();
    let gate = ready(
        TestGate::new()
            .discovering(&idp)
            .set("JWKS_MAX_STALE", "8m"),
    );
    idp.answer_instead(500, "");
    for _ in 0..4 {
        refresh(&idp, &gate, "failure");
    }
    let too_old = "ERROR keys are too old to be used: every token of the issuer is refused";
    assert_eq!(gate.events()[1..], ["WARN keys cannot be fetched", too_old]);
}

#[test]
fn e23_an_issuer_that_comes_and_goes_disturbs_nobody() {
    let (idp, gate) = fetching();
    let token = idp.token().expires_in(86_400).sign();
    for _ in 0..20 {
        idp.answer_instead(500, "");
        refresh(&idp, &gate, "failure");
        assert_eq!(
            (gate.verdict(&token), gate.admin("/readyz").send().status),
            ("200".into(), 200)
        );
        idp.recover();
        refresh(&idp, &gate, "success");
        assert_eq!(
            (gate.verdict(&token), gate.admin("/readyz").send().status),
            ("200".into(), 200)
        );
    }
}

#[test]
fn e29_a_key_file_is_followed_and_a_bad_one_leaves_the_last_good_keys() {
    let idp = TestIssuer::new();
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("jwks.json");
    std::fs::write(&file, idp.jwks()).unwrap();
    let gate = TestGate::new()
        .by_time_of(&idp)
        .set("ISSUER", idp.url())
        .set("AUDIENCE", "api")
        .set("NAME", "127.0.0.1");
    let gate = ready(
        gate.set("JWKS_FILE", file.to_str().unwrap())
            .set("TOKEN_CACHE_TTL", "24h"),
    );
    let old = idp.token().expires_in(86_400).sign();
    assert_eq!(gate.verdict(&old), "200");

    // As Kubernetes does it: the name is exchanged, the file is another one.
    let new = idp.rotate("new");
    let next = place.path().join("next");
    std::fs::write(&next, idp.jwks()).unwrap();
    std::fs::rename(&next, &file).unwrap();
    assert_eq!(
        gate.verdict(&idp.token_by(new.clone()).sign()),
        "200",
        "the first token of a new key is enough"
    );
    assert_eq!(gate.verdict(&old), "401 key_unknown", "cached or not");

    std::fs::write(&file, "{\"keys\": [").unwrap();
    refresh(&idp, &gate, "failure");
    std::fs::remove_file(&file).unwrap();
    refresh(&idp, &gate, "failure");
    assert_eq!(gate.verdict(&idp.token_by(new).sign()), "200");
    let error = issuer_status(&gate)["last_error"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(error.starts_with("file: cannot read"), "{error}");
    assert_eq!(
        gate.events()
            .iter()
            .filter(|event| event.contains("cannot be fetched"))
            .count(),
        1
    );

    let third = idp.rotate("third");
    std::fs::write(&file, idp.jwks()).unwrap();
    refresh(&idp, &gate, "success");
    assert_eq!(gate.verdict(&idp.token_by(third).sign()), "200");
}

const FAILURES: &str = "doorward_jwks_refresh_total{issuer=\"127.0.0.1\",result=\"failure\"}";

/// An issuer on the network and a service that has its keys, after one fetch.
pub(super) fn fetching() -> (TestIssuer, TestGate) {
    let idp = TestIssuer::new().serve();
    // Cached tokens outlive everything here: what ends them is the key.
    let gate = ready(
        TestGate::new()
            .discovering(&idp)
            .set("TOKEN_CACHE_TTL", "24h"),
    );
    assert_eq!(idp.fetches(), 1);
    (idp, gate)
}

pub(super) fn ready(gate: GateBuilder) -> TestGate {
    let gate = gate.spawn();
    gate.wait_for("/readyz", is_ready);
    gate
}

pub(super) fn is_ready(answer: &Answer) -> bool {
    answer.status == 200
}

/// Lets the scheduled refresh happen and waits for its end, which must be this.
pub(super) fn refresh(idp: &TestIssuer, gate: &TestGate, result: &str) {
    let series = format!("doorward_jwks_refresh_total{{issuer=\"127.0.0.1\",result=\"{result}\"}}");
    let before = gate.metric(&series);
    idp.clock.advance(Duration::from_mins(5));
    gate.wait_for("/metrics", |_| gate.metric(&series) > before);
}

pub(super) fn counted(metrics: &Answer, issuer: &str, result: &str) -> bool {
    let series = format!("doorward_jwks_refresh_total{{issuer=\"{issuer}\",result=\"{result}\"}} ");
    metrics
        .body
        .lines()
        .any(|line| line.strip_prefix(&series).is_some_and(|count| count != "0"))
}

pub(super) fn issuer_status(gate: &TestGate) -> serde_json::Value {
    gate.admin("/status").send().json()["issuers"][0].clone()
}

pub(super) fn by_unknown_key(idp: &TestIssuer, id: &str) -> String {
    let token: TokenBuilder = idp.token().header("kid", id);
    token.sign()
}

/// A loopback address that was free a moment ago, and its URL.
pub(super) fn reserved_address() -> (SocketAddr, String) {
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    (address, format!("http://{address}"))
}

/// Answers every connection with these bytes and gives the heads of the requests. Ends with the
/// receiver.
pub(super) fn answering(address: SocketAddr, answer: String) -> std::sync::mpsc::Receiver<String> {
    use std::io::{BufRead, BufReader, Write};
    let listener = TcpListener::bind(address).unwrap();
    let (tell, heads) = std::sync::mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(stream);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n")
                && reader.read_line(&mut head).is_ok_and(|read| read > 0)
            {}
            let _ = reader.get_mut().write_all(answer.as_bytes());
            if tell.send(head).is_err() {
                return;
            }
        }
    });
    heads
}
