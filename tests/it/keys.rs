//! Keys that come over the network: outages, rotation, floods of unknown names, and answers that are no keys.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use doorward::jose::{Algorithm, SigningKey};

use crate::support::{Answer, GateBuilder, TestGate, TestIssuer, TokenBuilder, key};

const CACHE_HITS: &str = "doorward_token_cache_requests_total{result=\"hit\"}";

const HOUR: Duration = Duration::from_hours(1);

#[test]
fn the_service_starts_while_its_issuer_is_down_and_recovers_alone() {
    let idp = TestIssuer::new();
    let (address, url) = reserved_address();
    let gate = TestGate::new().by_time_of(&idp).set("ISSUER", &url).set("AUDIENCE", "api").spawn();
    let token = idp.token().claim("iss", url.as_str()).sign();
    let answer = gate.get("/verify").bearer(&token).send();
    assert_eq!(answer.verdict(), "503 keys_unavailable");
    assert!(answer.get("retry-after").unwrap().parse::<u32>().unwrap() > 0);
    assert_eq!(
        (answer.get("www-authenticate"), answer.json()["error"].as_str()),
        (None, Some("temporarily_unavailable"))
    );
    assert_eq!((gate.admin("/healthz").send().status, gate.admin("/readyz").send().status), (200, 503));

    let idp = idp.serve_on(TcpListener::bind(address).unwrap());
    idp.clock.advance(Duration::from_secs(5));
    gate.wait_for("/readyz", is_ready);
    assert_eq!(gate.judge(&token), "200");
}

#[test]
fn a_key_that_was_published_a_moment_ago_is_fetched_for_the_first_token() {
    let (idp, gate) = fetching();
    assert_eq!(gate.judge(&idp.token().sign()), "200");
    let new = idp.rotate("new");
    assert_eq!(gate.judge(&idp.token_by(new).sign()), "200");
    assert_eq!(idp.fetches(), 2);
}

#[test]
fn an_unknown_key_name_fetches_once_per_jwks_min_refetch() {
    let (idp, gate) = fetching();
    let mut fetches = idp.fetches();
    for round in 0..3 {
        for n in 0..20 {
            assert_eq!(gate.judge(&by_unknown_key(&idp, &format!("{round}-{n}"))), "401 key_unknown");
        }
        fetches += 1;
        assert_eq!(idp.fetches(), fetches);
        idp.clock.advance(Duration::from_secs(29));
        assert_eq!(gate.judge(&by_unknown_key(&idp, "early")), "401 key_unknown");
        assert_eq!(idp.fetches(), fetches, "29 seconds are too early");
        idp.clock.advance(Duration::from_secs(1));
    }
}

#[test]
fn failed_attempts_count_too() {
    let (idp, gate) = fetching();
    idp.answer_instead(500, "");
    for n in 0..20 {
        assert_eq!(gate.judge(&by_unknown_key(&idp, &n.to_string())), "401 key_unknown");
    }
    assert_eq!(idp.fetches(), 2);
    assert_eq!(gate.judge(&idp.token().sign()), "200", "the last good keys are still there");
}

#[test]
fn many_unknown_key_names_at_once_make_one_fetch() {
    let (idp, gate) = fetching();
    let tokens: Vec<String> = (0..16).map(|n| by_unknown_key(&idp, &n.to_string())).collect();
    thread::scope(|scope| {
        for token in &tokens {
            scope.spawn(|| assert_eq!(gate.judge(token), "401 key_unknown"));
        }
    });
    assert_eq!(idp.fetches(), 2);
}

#[test]
fn nobody_is_asked_on_behalf_of_a_token_that_is_refused_anyway() {
    let (idp, gate) = fetching();
    let unknown = || idp.token().header("kid", "unknown");
    let stranger = Arc::new(SigningKey::generate(Algorithm::ES256).unwrap());
    for (token, expected) in [
        (unknown().expires_in(-3600), "401 key_unknown"),
        (unknown().claim("iss", "https://elsewhere.example"), "401 issuer_unknown"),
        (unknown().without("iss"), "401 issuer_unknown"),
        (unknown().header("alg", "HS256"), "401 algorithm_not_allowed"),
        (unknown().header("alg", "none"), "401 algorithm_not_allowed"),
        (idp.token().signed_by(stranger), "401 signature_invalid"),
        (unknown().without_header("kid").signed_by(key(Algorithm::ES256)), "200"),
    ] {
        for _ in 0..3 {
            assert_eq!(gate.judge(&token.sign()), expected);
        }
    }
    assert_eq!(idp.fetches(), 1);
}

#[test]
fn a_key_that_left_the_set_is_not_trusted_from_the_next_refresh_on() {
    let (idp, gate) = fetching();
    let old = idp.token().claim("exp", idp.clock.secs() + 7200).sign();
    assert_eq!((gate.judge(&old), gate.judge(&old)), ("200".into(), "200".into()));
    assert!(gate.metric(CACHE_HITS) > 0.5);
    idp.rotate("new");
    refresh(&idp, &gate, "success");
    assert_eq!(gate.judge(&old), "401 key_unknown", "cached or not");
}

#[test]
fn a_key_stays_trusted_while_it_is_in_the_set_whatever_else_comes_and_goes() {
    let (idp, gate) = fetching();
    let token = idp.token().claim("exp", idp.clock.secs() + 7200).sign();
    assert_eq!(gate.judge(&token), "200");
    let other = Arc::new(SigningKey::generate(Algorithm::ES384).unwrap().with_id("other"));
    idp.set_keys(vec![other.clone(), key(Algorithm::ES256)]);
    refresh(&idp, &gate, "success");
    assert_eq!(gate.judge(&token), "200");
    assert_eq!(gate.judge(&idp.token_by(other).sign()), "200");
    assert!(gate.metric(CACHE_HITS) > 0.5);
}

#[test]
fn an_answer_that_is_no_keys_leaves_the_last_good_ones() {
    let no_usable_key = r#"{"keys": [{"kty": "oct", "k": "AAAA", "kid": "x"}]}"#;
    let too_large = format!("{{\"keys\": [], \"x\": \"{}\"}}", "x".repeat(600 * 1024));
    let many = vec![r#"{"kty":"EC"}"#; 101].join(",");
    for (status, body) in [
        (500, "{}".to_owned()),
        (404, String::new()),
        (204, String::new()),
        (201, "{\"keys\": []}".to_owned()),
        (301, String::new()),
        (302, String::new()),
        (403, String::new()),
        (429, String::new()),
        (200, String::new()),
        (200, "<html></html>".to_owned()),
        (200, "{\"keys\": [".to_owned()),
        (200, "{\"keys\": []}".to_owned()),
        (200, "[]".to_owned()),
        (200, no_usable_key.to_owned()),
        (200, too_large),
        (200, format!("{{\"keys\": [{many}]}}")),
    ] {
        let (idp, gate) = fetching();
        let start: String = body.chars().take(20).collect();
        idp.answer_instead(status, body);
        refresh(&idp, &gate, "failure");
        assert_eq!(gate.judge(&idp.token().sign()), "200", "{status} {start}");
        assert_eq!(gate.admin("/readyz").send().status, 200, "{status} {start}");
        assert!(issuer_status(&gate)["last_error"].is_string(), "{status} {start}");
    }
}

#[test]
fn an_unchanged_key_set_is_not_sent_again() {
    let idp = TestIssuer::new().serve();
    idp.name_versions();
    let gate = ready(TestGate::new().discovering(&idp));
    let old = idp.token().expires_in(86_400).sign();
    assert_eq!(idp.not_modified(), 0);
    for round in 1..=2 {
        refresh(&idp, &gate, "success");
        assert_eq!((idp.fetches(), idp.not_modified()), (1 + round, round));
        assert_eq!(issuer_status(&gate)["fetched_seconds_ago"], 0, "unchanged is as good as fetched");
        assert_eq!(gate.judge(&old), "200");
    }
    let new = idp.rotate("new");
    refresh(&idp, &gate, "success");
    assert_eq!((gate.judge(&idp.token_by(new).expires_in(86_400).sign()), idp.not_modified()), ("200".into(), 2));
    assert_eq!(gate.judge(&old), "401 key_unknown");
}

#[test]
fn unchanged_counts_only_for_keys_that_are_known() {
    let idp = TestIssuer::new().serve();
    let gate = ready(TestGate::new().discovering(&idp));
    idp.answer_instead(304, "");
    refresh(&idp, &gate, "failure");
    assert_eq!(issuer_status(&gate)["last_error"], "keys: status 304");
    assert_eq!(gate.judge(&idp.token().sign()), "200", "the last good keys are still there");
}

#[test]
fn an_issuer_that_asks_for_time_gets_it() {
    let idp = TestIssuer::new().serve();
    let gate = ready(TestGate::new().discovering(&idp));
    idp.answer_instead(429, "");
    idp.add_header("retry-after", "120");
    refresh(&idp, &gate, "failure");
    assert_eq!(issuer_status(&gate)["next_refresh_in_seconds"], 120);
}

#[test]
fn a_redirect_is_not_followed() {
    let target = TestIssuer::new().serve();
    let (address, url) = reserved_address();
    let redirecting = answering(
        address,
        format!("HTTP/1.1 302 Found\r\nLocation: {}/jwks\r\nContent-Length: 0\r\n\r\n", target.url()),
    );
    let gate = TestGate::new().by_time_of(&target).set("ISSUER", "me").set("AUDIENCE", "api");
    let gate = gate.set("JWKS_URL", format!("{url}/jwks")).spawn();
    gate.wait_for("/metrics", |answer| counted(answer, "127.0.0.1", "failure") || counted(answer, "me", "failure"));
    assert_eq!(target.fetches(), 0);
    assert_eq!(gate.judge(&target.token().claim("iss", "me").sign()), "503 keys_unavailable");
    drop(redirecting);
}

#[test]
fn a_discovery_document_of_another_issuer_is_refused() {
    let idp = TestIssuer::new().serve();
    let document = format!("{}/.well-known/openid-configuration", idp.url());
    for issuer in [format!("{}/", idp.url()), idp.url().to_uppercase(), "https://elsewhere.example".to_owned()] {
        let gate = TestGate::new().by_time_of(&idp).set("ISSUER", &issuer).set("NAME", "main").set("AUDIENCE", "api");
        let gate = gate.set("DISCOVERY_URL", &document).spawn();
        gate.wait_for("/metrics", |answer| counted(answer, "main", "failure"));
        assert_eq!(gate.judge(&idp.token().claim("iss", issuer.as_str()).sign()), "503 keys_unavailable");
        let told = issuer_status(&gate)["last_error"].as_str().unwrap().to_owned();
        assert!(told.contains("another issuer"), "{told}");
    }
    assert_eq!(idp.fetches(), 0);
}

#[test]
fn old_keys_are_good_for_jwks_max_stale_and_then_it_is_503_until_the_issuer_recovers() {
    let idp = TestIssuer::new().serve();
    let gate = ready(TestGate::new().discovering(&idp).set("JWKS_MAX_STALE", "2h").set("TOKEN_CACHE_TTL", "24h"));
    let token = idp.token().claim("exp", idp.clock.secs() + 24 * 3600).sign();
    assert_eq!(gate.judge(&token), "200");
    idp.answer_instead(500, "");
    idp.clock.advance(HOUR + Duration::from_secs(3599));
    assert_eq!(gate.judge(&token), "200");
    idp.clock.advance(Duration::from_secs(1));
    assert_eq!(gate.judge(&token), "503 keys_unavailable", "cached or not");
    assert_eq!(gate.admin("/readyz").send().status, 503);
    idp.recover();
    // The retry that runs may have been asked too early; another one is due within seconds.
    gate.wait_for("/readyz", |answer| {
        idp.clock.advance(Duration::from_secs(1));
        is_ready(answer)
    });
    assert_eq!(gate.judge(&token), "200");
}

#[test]
fn a_request_waits_for_a_slow_issuer_no_longer_than_jwks_wait() {
    let (address, url) = reserved_address();
    // Accepts, and never says anything.
    let silent = TcpListener::bind(address).unwrap();
    let idp = TestIssuer::new();
    let gate = TestGate::new().by_time_of(&idp).set("ISSUER", &url).set("AUDIENCE", "api");
    let gate = gate.set("JWKS_WAIT", "100ms").set("JWKS_TIMEOUT", "1m").spawn();
    let started = std::time::Instant::now();
    assert_eq!(gate.judge(&idp.token().claim("iss", url).sign()), "503 keys_unavailable");
    assert!(started.elapsed() < Duration::from_secs(10), "it waited for the issuer");
    drop(silent);
}

#[test]
fn configured_headers_and_the_token_of_the_file_are_sent_each_time() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("token");
    std::fs::write(&file, "first\n").unwrap();
    let (address, url) = reserved_address();
    let issuer = TestIssuer::new();
    let body = issuer.jwks();
    let answer = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let requests = answering(address, answer);
    let gate = TestGate::new().by_time_of(&issuer).set("ISSUER", "me").set("AUDIENCE", "api");
    let gate = gate.set("JWKS_URL", format!("{url}/jwks")).set("JWKS_HEADERS", "X-Key: abc, X-Other: d e");
    let gate = ready(gate.set("JWKS_BEARER_TOKEN_FILE", file.to_str().unwrap()));
    let first = requests.recv().unwrap().to_lowercase();
    for field in ["get /jwks http/1.1\r\n", "x-key: abc\r\n", "x-other: d e\r\n", "authorization: bearer first\r\n"] {
        assert!(first.contains(field), "{field:?} is missing in {first}");
    }
    std::fs::write(&file, "second").unwrap();
    gate.clock.advance(Duration::from_mins(5));
    let second = requests.recv().unwrap().to_lowercase();
    assert!(second.contains("authorization: bearer second\r\n"), "{second}");
}

#[test]
fn an_unusable_key_does_not_spoil_the_rest_and_is_named() {
    let (idp, gate) = fetching();
    let mut keys: serde_json::Value = serde_json::from_str(&idp.jwks()).unwrap();
    let list = keys["keys"].as_array_mut().unwrap();
    list.insert(0, serde_json::json!({"kty": "oct", "k": "AAAA", "kid": "a secret"}));
    list.push(serde_json::json!(17));
    idp.answer_instead(200, keys.to_string());
    refresh(&idp, &gate, "success");
    assert_eq!(gate.judge(&idp.token().sign()), "200");
    let refused = issuer_status(&gate)["refused_keys"].clone();
    assert_eq!((refused[0]["id"].as_str(), refused.as_array().unwrap().len()), (Some("a secret"), 2), "{refused}");
}

/// An issuer on the network and a service that has its keys, after one fetch.
fn fetching() -> (TestIssuer, TestGate) {
    let idp = TestIssuer::new().serve();
    // Cached tokens outlive everything here: what ends them is the key.
    let gate = ready(TestGate::new().discovering(&idp).set("TOKEN_CACHE_TTL", "24h"));
    assert_eq!(idp.fetches(), 1);
    (idp, gate)
}

fn ready(gate: GateBuilder) -> TestGate {
    let gate = gate.spawn();
    gate.wait_for("/readyz", is_ready);
    gate
}

fn is_ready(answer: &Answer) -> bool {
    answer.status == 200
}

/// Lets the scheduled refresh happen and waits for its end, which must be this.
fn refresh(idp: &TestIssuer, gate: &TestGate, result: &str) {
    let series = format!("doorward_jwks_refresh_total{{issuer=\"127.0.0.1\",result=\"{result}\"}}");
    let before = gate.metric(&series);
    idp.clock.advance(Duration::from_mins(5));
    gate.wait_for("/metrics", |_| gate.metric(&series) > before);
}

fn counted(metrics: &Answer, issuer: &str, result: &str) -> bool {
    let series = format!("doorward_jwks_refresh_total{{issuer=\"{issuer}\",result=\"{result}\"}} ");
    metrics.body.lines().any(|line| line.strip_prefix(&series).is_some_and(|count| count != "0"))
}

fn issuer_status(gate: &TestGate) -> serde_json::Value {
    gate.admin("/status").send().json()["issuers"][0].clone()
}

fn by_unknown_key(idp: &TestIssuer, id: &str) -> String {
    let token: TokenBuilder = idp.token().header("kid", id);
    token.sign()
}

/// A loopback address that was free a moment ago, and its URL.
fn reserved_address() -> (SocketAddr, String) {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    (address, format!("http://{address}"))
}

/// Answers every connection with these bytes and gives the heads of the requests. Ends with the receiver.
fn answering(address: SocketAddr, answer: String) -> std::sync::mpsc::Receiver<String> {
    use std::io::{BufRead, BufReader, Write};
    let listener = TcpListener::bind(address).unwrap();
    let (tell, heads) = std::sync::mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(stream);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).is_ok_and(|read| read > 0) {}
            let _ = reader.get_mut().write_all(answer.as_bytes());
            if tell.send(head).is_err() {
                return;
            }
        }
    });
    heads
}
