//! Fetching keys: what certificates, addresses, answers and silences do to it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use doorward::jose::{Algorithm, SigningKey};
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::key_life_cycle::{
    answering, counted, fetching, issuer_status, ready, refresh, reserved_address,
};
use crate::support::{
    Behaviour, Component, FaultyIssuer, GateBuilder, Relay, TestGate, TestIssuer, eventually, key,
};

#[test]
fn e5_a_certificate_of_a_configured_authority_is_trusted() {
    let idp = TestIssuer::with_keys(vec![key(Algorithm::EdDSA)]);
    let server = TlsServer::start("127.0.0.1", idp.jwks());
    let gate = fetching_from(&idp, &server)
        .set("JWKS_CA_FILE", server.authority.path().to_str().unwrap())
        .spawn();
    gate.wait_for("/readyz", |answer| answer.status == 200);
    assert_eq!(gate.verdict(&idp.token().sign()), "200");
}

#[test]
fn e5_a_certificate_of_nobody_in_particular_is_not() {
    let idp = TestIssuer::with_keys(vec![key(Algorithm::EdDSA)]);
    let server = TlsServer::start("127.0.0.1", idp.jwks());
    let gate = fetching_from(&idp, &server).spawn();
    let error = last_error(&gate);
    assert!(error.contains("certificate"), "{error}");
    assert_eq!(gate.verdict(&idp.token().sign()), "503 keys_unavailable");
}

#[test]
fn e5_a_certificate_for_another_host_is_not() {
    let idp = TestIssuer::with_keys(vec![key(Algorithm::EdDSA)]);
    let server = TlsServer::start("idp.example", idp.jwks());
    let gate = fetching_from(&idp, &server)
        .set("JWKS_CA_FILE", server.authority.path().to_str().unwrap())
        .spawn();
    let error = last_error(&gate);
    assert!(error.contains("certificate"), "{error}");
}

#[test]
fn e7_any_other_status_leaves_the_last_good_keys() {
    for status in [201, 204, 301, 302, 307, 400, 401, 403, 404, 429, 500, 503] {
        leaves_the_keys(status, if status == 201 { "{\"keys\": []}" } else { "" });
    }
}

#[test]
fn e20_a_large_answer_leaves_the_last_good_keys() {
    leaves_the_keys(
        200,
        &format!("{{\"keys\": [], \"x\": \"{}\"}}", "x".repeat(600 * 1024)),
    );
    leaves_the_keys(
        200,
        &format!("{{\"keys\": [{}]}}", vec![r#"{"kty":"EC"}"#; 101].join(",")),
    );
}

#[test]
fn e21_an_answer_that_is_no_keys_leaves_the_last_good_ones() {
    let no_usable_key = r#"{"keys": [{"kty": "oct", "k": "AAAA", "kid": "x"}]}"#;
    let marked = "\u{feff}{\"keys\": []}";
    for body in [
        "",
        "<html></html>",
        "{\"keys\": [",
        "{\"keys\": []}",
        "[]",
        no_usable_key,
        marked,
    ] {
        leaves_the_keys(200, body);
    }
}

fn leaves_the_keys(status: u16, body: &str) {
    let (idp, gate) = fetching();
    let start: String = body.chars().take(20).collect();
    idp.answer_instead(status, body);
    refresh(&idp, &gate, "failure");
    assert_eq!(gate.verdict(&idp.token().sign()), "200", "{status} {start}");
    assert_eq!(gate.admin("/readyz").send().status, 200, "{status} {start}");
    assert!(
        issuer_status(&gate)["last_error"].is_string(),
        "{status} {start}"
    );
    idp.recover();
    refresh(&idp, &gate, "success");
    assert!(
        issuer_status(&gate)["last_error"].is_null(),
        "{status} {start}"
    );
}

#[test]
fn e22_an_unchanged_key_set_is_not_sent_again() {
    let idp = TestIssuer::new().serve();
    idp.name_versions();
    let gate = ready(TestGate::new().discovering(&idp));
    let old = idp.token().expires_in(86_400).sign();
    assert_eq!(idp.not_modified(), 0);
    for round in 1..=2 {
        refresh(&idp, &gate, "success");
        assert_eq!((idp.fetches(), idp.not_modified()), (1 + round, round));
        assert_eq!(
            issuer_status(&gate)["fetched_seconds_ago"],
            0,
            "unchanged is as good as fetched"
        );
        assert_eq!(gate.verdict(&old), "200");
    }
    let new = idp.rotate("new");
    refresh(&idp, &gate, "success");
    assert_eq!(
        (
            gate.verdict(&idp.token_by(new).expires_in(86_400).sign()),
            idp.not_modified()
        ),
        ("200".into(), 2)
    );
    assert_eq!(gate.verdict(&old), "401 key_unknown");
}

#[test]
fn e22_unchanged_counts_only_for_keys_that_are_known() {
    let idp = TestIssuer::new().serve();
    let gate = ready(TestGate::new().discovering(&idp));
    idp.answer_instead(304, "");
    refresh(&idp, &gate, "failure");
    assert_eq!(
        issuer_status(&gate)["last_error"],
        format!("GET {}/jwks: status 304", idp.url())
    );
    assert_eq!(
        gate.verdict(&idp.token().sign()),
        "200",
        "the last good keys are still there"
    );
}

#[test]
fn e7_an_issuer_that_asks_for_time_gets_it() {
    let idp = TestIssuer::new().serve();
    let gate = ready(TestGate::new().discovering(&idp));
    idp.answer_instead(429, "");
    idp.add_header("retry-after", "120");
    refresh(&idp, &gate, "failure");
    assert_eq!(issuer_status(&gate)["next_refresh_in_seconds"], 120);
}

#[test]
fn e7_a_redirect_is_not_followed() {
    let target = TestIssuer::new().serve();
    let (address, url) = reserved_address();
    let redirecting = answering(
        address,
        format!(
            "HTTP/1.1 302 Found\r\nLocation: {}/jwks\r\nContent-Length: 0\r\n\r\n",
            target.url()
        ),
    );
    let gate = TestGate::new()
        .by_time_of(&target)
        .set("ISSUER", "me")
        .set("AUDIENCE", "api");
    let gate = gate.set("JWKS_URL", format!("{url}/jwks")).spawn();
    gate.wait_for("/metrics", |answer| {
        counted(answer, "127.0.0.1", "failure") || counted(answer, "me", "failure")
    });
    assert_eq!(target.fetches(), 0);
    assert_eq!(
        gate.verdict(&target.token().claim("iss", "me").sign()),
        "503 keys_unavailable"
    );
    drop(redirecting);
}

#[test]
fn e19_a_discovery_document_of_another_issuer_is_refused() {
    let idp = TestIssuer::new().serve();
    let document = format!("{}/.well-known/openid-configuration", idp.url());
    for issuer in [
        format!("{}/", idp.url()),
        idp.url().to_uppercase(),
        "https://elsewhere.example".to_owned(),
    ] {
        let gate = TestGate::new()
            .by_time_of(&idp)
            .set("ISSUER", &issuer)
            .set("NAME", "main")
            .set("AUDIENCE", "api");
        let gate = gate.set("DISCOVERY_URL", &document).spawn();
        gate.wait_for("/metrics", |answer| counted(answer, "main", "failure"));
        assert_eq!(
            gate.verdict(&idp.token().claim("iss", issuer.as_str()).sign()),
            "503 keys_unavailable"
        );
        let told = issuer_status(&gate)["last_error"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(told.contains("another issuer"), "{told}");
    }
    assert_eq!(idp.fetches(), 0);
}

#[test]
fn e16_a_request_waits_for_a_slow_issuer_no_longer_than_jwks_wait() {
    let (address, url) = reserved_address();
    // Accepts, and never says anything.
    let silent = TcpListener::bind(address).unwrap();
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .by_time_of(&idp)
        .set("ISSUER", &url)
        .set("AUDIENCE", "api");
    let gate = gate
        .set("JWKS_WAIT", "100ms")
        .set("JWKS_TIMEOUT", "1m")
        .spawn();
    let started = std::time::Instant::now();
    assert_eq!(
        gate.verdict(&idp.token().claim("iss", url).sign()),
        "503 keys_unavailable"
    );
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "it waited for the issuer"
    );
    drop(silent);
}

#[test]
fn e16_a_request_waits_for_keys_and_all_else_no_longer_than_dependency_wait() {
    let (address, url) = reserved_address();
    let silent = TcpListener::bind(address).unwrap();
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .by_time_of(&idp)
        .set("ISSUER", &url)
        .set("AUDIENCE", "api")
        .set("JWKS_WAIT", "1m")
        .set("JWKS_TIMEOUT", "1m")
        .spawn();
    // It is still valid if the request comes late.
    let token = idp.token().claim("iss", url).expires_in(86_400).sign();
    let started = std::time::Instant::now();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| gate.verdict(&token));
        crate::support::eventually("an answer after 800 ms", || {
            gate.clock.advance(Duration::from_millis(800));
            waiting.is_finished().then_some(())
        });
        assert_eq!(waiting.join().unwrap(), "503 keys_unavailable");
    });
    assert!(
        started.elapsed() < Duration::from_secs(30),
        "it waited for jwks_wait"
    );
    drop(silent);
}

#[test]
fn e28_configured_headers_and_the_token_of_the_file_are_sent_each_time() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("token");
    std::fs::write(&file, "first\n").unwrap();
    let (address, url) = reserved_address();
    let issuer = TestIssuer::new();
    let body = issuer.jwks();
    let answer = format!(
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let requests = answering(address, answer);
    let gate = TestGate::new()
        .by_time_of(&issuer)
        .set("ISSUER", "me")
        .set("AUDIENCE", "api");
    let gate = gate
        .set("JWKS_URL", format!("{url}/jwks"))
        .set("JWKS_HEADERS", "X-Key: abc, X-Other: d e");
    let gate = ready(gate.set("JWKS_BEARER_TOKEN_FILE", file.to_str().unwrap()));
    let first = requests.recv().unwrap().to_lowercase();
    for field in [
        "get /jwks http/1.1\r\n",
        "x-key: abc\r\n",
        "x-other: d e\r\n",
        "authorization: bearer first\r\n",
    ] {
        assert!(first.contains(field), "{field:?} is missing in {first}");
    }
    std::fs::write(&file, "second").unwrap();
    gate.clock.advance(Duration::from_mins(5));
    let second = requests.recv().unwrap().to_lowercase();
    assert!(
        second.contains("authorization: bearer second\r\n"),
        "{second}"
    );
}

#[test]
fn e5_a_certificate_that_has_expired_is_not() {
    let idp = TestIssuer::with_keys(vec![key(Algorithm::EdDSA)]);
    let mut certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    certificate.not_before = date_time_ymd(2020, 1, 1);
    certificate.not_after = date_time_ymd(2021, 1, 1);
    let server = TlsServer::with(&certificate, idp.jwks());
    let gate = fetching_from(&idp, &server)
        .set("JWKS_CA_FILE", server.authority.path().to_str().unwrap())
        .spawn();
    let error = last_error(&gate);
    assert!(error.contains("certificate"), "{error}");
}

#[test]
fn e5_an_authority_that_shows_itself_as_a_server_is_told_how_not_to() {
    let idp = TestIssuer::with_keys(vec![key(Algorithm::EdDSA)]);
    let mut certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    certificate.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let server = TlsServer::with(&certificate, idp.jwks());
    let gate = fetching_from(&idp, &server)
        .set("JWKS_CA_FILE", server.authority.path().to_str().unwrap())
        .spawn();
    let error = last_error(&gate);
    assert!(error.contains("CaUsedAsEndEntity"), "{error}");
    let hint = issuer_status(&gate)["last_error_hint"].clone();
    assert!(
        hint.as_str()
            .unwrap()
            .ends_with("-addext basicConstraints=critical,CA:FALSE`"),
        "{hint}"
    );
}

#[test]
fn e16_metadata_may_take_more_than_a_third_of_the_time() {
    let (idp, successor) = (TestIssuer::new().serve(), TestIssuer::new().serve());
    let metadata = SlowMetadata::start(Duration::from_millis(700));
    metadata.lead_to(&idp);
    let gate = TestGate::new()
        .by_time_of(&idp)
        .set("ISSUER", &metadata.issuer)
        .set("AUDIENCE", "api");
    let gate = gate
        .set("JWKS_TIMEOUT", "1500ms")
        .set("NAME", "127.0.0.1")
        .spawn();
    let until = |satisfied: &dyn Fn() -> bool| {
        // On a machine that is busy one attempt may fail; that all of them do is what must not be.
        gate.wait_for("/status", |_| {
            idp.clock.advance(Duration::from_secs(1));
            satisfied()
        });
    };
    until(&|| gate.admin("/readyz").send().status == 200);
    // They are asked again, in the same time, and lead elsewhere.
    let new = successor.rotate("new");
    metadata.lead_to(&successor);
    let by_new = || {
        idp.token_by(new.clone())
            .claim("iss", metadata.issuer.as_str())
            .sign()
    };
    until(&|| gate.verdict(&by_new()) == "200");
    // Silent ones leave enough for keys whose place is known.
    metadata.fall_silent();
    let asked = successor.fetches();
    until(&|| successor.fetches() > asked + 2 && issuer_status(&gate)["last_error"].is_null());
}

/// Metadata that take their time.
struct SlowMetadata {
    issuer: String,
    body: Arc<Mutex<String>>,
    silent: Arc<AtomicBool>,
}

impl SlowMetadata {
    fn start(delay: Duration) -> Self {
        let (body, silent) = (
            Arc::new(Mutex::new(String::new())),
            Arc::new(AtomicBool::new(false)),
        );
        let (own_body, is_silent) = (body.clone(), silent.clone());
        let url = serve_each(move |stream| {
            let (body, is_silent) = (own_body.lock().unwrap().clone(), is_silent.clone());
            // Each for itself: a fetch that was given up must not delay the next.
            thread::spawn(move || {
                let until = std::time::Instant::now() + delay;
                while is_silent.load(Ordering::SeqCst) || std::time::Instant::now() < until {
                    thread::park_timeout(Duration::from_millis(5));
                }
                answer(stream, &body);
            });
        });
        Self {
            issuer: url.replace("/jwks", ""),
            body,
            silent,
        }
    }

    fn lead_to(&self, keys: &TestIssuer) {
        let jwks_uri = format!("{}/jwks", keys.url());
        *self.body.lock().unwrap() =
            serde_json::json!({"issuer": self.issuer, "jwks_uri": jwks_uri}).to_string();
    }

    fn fall_silent(&self) {
        self.silent.store(true, Ordering::SeqCst);
    }
}

impl Drop for SlowMetadata {
    fn drop(&mut self) {
        self.silent.store(false, Ordering::SeqCst);
    }
}

#[test]
fn e5_a_name_that_does_not_resolve_is_told() {
    let idp = TestIssuer::new();
    let gate = remote(&idp, "https://idp.invalid/jwks".into()).spawn();
    let error = last_error(&gate);
    assert!(
        error.starts_with("GET https://idp.invalid/jwks: dns error: "),
        "{error}"
    );
    assert_eq!(gate.verdict(&idp.token().sign()), "503 keys_unavailable");
}

#[test]
fn e5_plain_http_is_a_configuration_error_beyond_this_machine() {
    let idp = TestIssuer::new();
    let told = remote(&idp, "http://idp.example/jwks".into())
        .configuration()
        .unwrap_err();
    assert!(
        told.starts_with("DOORWARD_JWKS_URL: keys over plain http"),
        "{told}"
    );
    assert!(
        remote(&idp, "http://idp.example/jwks".into())
            .set("ALLOW_INSECURE_HTTP", "true")
            .configuration()
            .is_ok()
    );
}

#[test]
fn e16_whatever_the_endpoint_does_with_a_connection_the_keys_stay_and_nothing_leaks() {
    let idp = TestIssuer::new();
    let issuer = FaultyIssuer::serving(idp.jwks());
    let gate = TestGate::new()
        .by_time_of(&idp)
        .set("ISSUER", &issuer.url)
        .set("AUDIENCE", "api");
    let gate = ready(gate.set("JWKS_TIMEOUT", "100ms").set("NAME", "127.0.0.1"));
    let token = idp
        .token()
        .claim("iss", issuer.url.as_str())
        .expires_in(86_400)
        .sign();
    for behaviour in [
        Behaviour::Hang,
        Behaviour::Drip,
        Behaviour::Close,
        Behaviour::HangAltogether,
    ] {
        for _ in 0..5 {
            issuer.behave(behaviour.clone());
            refresh(&idp, &gate, "failure");
            assert_eq!(gate.verdict(&token), "200", "{behaviour:?}");
            assert_eq!(
                gate.verdict(&idp.token().claim("iss", issuer.url.as_str()).sign()),
                "200",
                "{behaviour:?}"
            );
        }
        issuer.behave(Behaviour::Serve);
        refresh(&idp, &gate, "success");
    }
    // One may be kept for the next time.
    eventually("closed connections", || {
        (issuer.open_connections() <= 1).then_some(())
    });
}

#[test]
fn e17_keys_are_fetched_from_the_web_only() {
    let idp = TestIssuer::new();
    for uri in [
        "file:///etc/passwd",
        "ftp://idp.example/",
        "data:,{}",
        "gopher://idp.example/",
        "unix:/run/x",
        "jwks",
        "",
    ] {
        let issuer = FaultyIssuer::serving(idp.jwks());
        issuer.set_metadata(&issuer.url, uri);
        let gate = TestGate::new()
            .by_time_of(&idp)
            .set("ISSUER", &issuer.url)
            .set("AUDIENCE", "api")
            .spawn();
        let error = last_error(&gate);
        assert!(
            error.contains("jwks_uri is not an https URL"),
            "{uri:?}: {error}"
        );
        let configured = remote(&idp, uri.to_owned()).configuration();
        assert!(configured.is_err(), "{uri:?}");
    }
}

#[test]
fn e18_metadata_from_outside_do_not_lead_inside() {
    let (idp, inside) = (TestIssuer::new(), TestIssuer::new().serve());
    let port = inside.url().rsplit_once(':').unwrap().1.to_owned();
    let private = [
        "http://169.254.169.254/jwks".to_owned(),
        "http://10.0.0.1/jwks".to_owned(),
        "http://[::1]/jwks".to_owned(),
        "http://[::ffff:7f00:1]/jwks".to_owned(),
        format!("{}/jwks", inside.url()),
        format!("http://2130706433:{port}/jwks"),
        // A name, which leads to this machine.
        format!("http://localhost:{port}/jwks"),
    ];
    for jwks_uri in private {
        // The world outside: a proxy that answers for `idp.example`.
        let outside = FaultyIssuer::serving(idp.jwks());
        outside.set_metadata("http://idp.example", &jwks_uri);
        let gate = TestGate::new()
            .by_time_of(&idp)
            .egress(&[("http_proxy", &outside.url)]);
        let gate = gate
            .set("ISSUER", "http://idp.example")
            .set("AUDIENCE", "api")
            .set("ALLOW_INSECURE_HTTP", "true");
        let error = last_error(&gate.clone().spawn());
        assert!(
            error.ends_with("the address is not a public one"),
            "{jwks_uri}: {error}"
        );
        assert_eq!((outside.fetches(), inside.fetches()), (0, 0), "{jwks_uri}");
        if jwks_uri.contains("localhost") {
            let meant = ready(gate.set("ALLOW_PRIVATE_JWKS", "true"));
            assert_eq!(
                meant.verdict(&inside.token().claim("iss", "http://idp.example").sign()),
                "200"
            );
        }
    }
}

#[test]
fn e20_a_body_without_end_is_cut_off() {
    let (idp, gate, issuer) = faulty();
    issuer.behave(Behaviour::Endless);
    refresh(&idp, &gate, "failure");
    assert!(last_error(&gate).contains("larger than 512 KiB"));
}

#[test]
fn e20_a_small_body_that_unpacks_to_a_large_one_is_cut_off() {
    let (idp, gate, issuer) = faulty();
    issuer.behave(Behaviour::Answer(
        200,
        "Content-Encoding: gzip\r\n",
        gzip_of_zeros(),
    ));
    refresh(&idp, &gate, "failure");
    assert!(last_error(&gate).contains("larger than 512 KiB"));
    assert_eq!(
        gate.verdict(
            &idp.token()
                .claim("iss", issuer.url.as_str())
                .expires_in(3600)
                .sign()
        ),
        "200"
    );
}

#[test]
fn e20_a_body_shorter_than_promised_is_no_body() {
    let (idp, gate, issuer) = faulty();
    issuer.behave(Behaviour::CutOff);
    refresh(&idp, &gate, "failure");
    assert_eq!(
        gate.verdict(
            &idp.token()
                .claim("iss", issuer.url.as_str())
                .expires_in(3600)
                .sign()
        ),
        "200"
    );
}

#[test]
fn e21_what_is_not_http_leaves_the_last_good_keys() {
    let (idp, gate, issuer) = faulty();
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01"[..],
        b"{\"keys\":[]}",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"\0\0\0\r\n\r\n",
    ] {
        issuer.behave(Behaviour::Bytes(bytes));
        refresh(&idp, &gate, "failure");
        assert_eq!(
            gate.verdict(
                &idp.token()
                    .claim("iss", issuer.url.as_str())
                    .expires_in(86_400)
                    .sign()
            ),
            "200"
        );
    }
}

#[test]
fn e22_an_answer_says_how_soon_to_come_back_and_not_how_late() {
    for (control, next) in [
        ("max-age=0", 30),
        ("max-age=60", 60),
        ("max-age=1000000000", 300),
        ("max-age=-1", 300),
        ("max-age=soon", 300),
        ("no-store", 300),
    ] {
        let idp = TestIssuer::new().serve();
        idp.add_header("cache-control", control);
        idp.add_header("expires", "Thu, 01 Jan 1970 00:00:00 GMT");
        let gate = ready(TestGate::new().discovering(&idp));
        let found = issuer_status(&gate)["next_refresh_in_seconds"]
            .as_u64()
            .unwrap();
        assert!(
            (next * 9 / 10..=next).contains(&found),
            "{control}: {found}"
        );
    }
}

#[test]
fn e25_an_issuer_that_is_stopped_is_given_up_and_found_again() {
    let idp = TestIssuer::new();
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("jwks"), idp.jwks()).unwrap();
    let server = Component::listening(|_, port| {
        let mut command = Command::new("python3");
        command
            .args([
                "-m",
                "http.server",
                "--bind",
                "127.0.0.1",
                &port.to_string(),
            ])
            .current_dir(place.path());
        command
    });
    let gate = remote(&idp, format!("http://{}/jwks", server.address)).set("JWKS_TIMEOUT", "200ms");
    let gate = ready(gate.set("NAME", "127.0.0.1"));
    let token = idp.token().expires_in(86_400).sign();
    server.signal("STOP");
    for _ in 0..3 {
        refresh(&idp, &gate, "failure");
        assert_eq!(gate.verdict(&token), "200");
        assert!(last_error(&gate).contains("timed out"));
    }
    server.signal("CONT");
    refresh(&idp, &gate, "success");
}

#[test]
fn e28_credentials_go_to_the_configured_party_only() {
    let (idp, keys) = (
        TestIssuer::new(),
        FaultyIssuer::serving(TestIssuer::new().jwks()),
    );
    let metadata = FaultyIssuer::serving("");
    metadata.set_metadata(&metadata.url, &format!("{}/jwks", keys.url));
    let gate = TestGate::new()
        .by_time_of(&idp)
        .set("ISSUER", &metadata.url)
        .set("AUDIENCE", "api");
    let _gate = ready(gate.set("JWKS_HEADERS", "X-Key: s3cr3t"));
    assert!(
        !keys.requests()[0].contains("s3cr3t"),
        "{:?}",
        keys.requests()
    );
    // The same party, asked for both.
    let issuer = FaultyIssuer::serving(idp.jwks());
    let gate = TestGate::new()
        .by_time_of(&idp)
        .set("ISSUER", &issuer.url)
        .set("AUDIENCE", "api");
    let _gate = ready(gate.set("JWKS_HEADERS", "X-Key: s3cr3t"));
    assert!(
        issuer.requests()[0].contains("x-key: s3cr3t\r\n"),
        "{:?}",
        issuer.requests()
    );
}

#[test]
fn e30_requests_go_through_the_proxy_of_the_environment() {
    let idp = TestIssuer::new();
    let proxy = FaultyIssuer::serving(idp.jwks());
    proxy.set_metadata("http://idp.example", "http://idp.example/jwks");
    let with_password = proxy.url.replace("http://", "http://user:s3cr3t@");
    let gate = TestGate::new()
        .by_time_of(&idp)
        .egress(&[("HTTP_PROXY", &with_password)]);
    let gate = ready(
        gate.set("ISSUER", "http://idp.example")
            .set("AUDIENCE", "api")
            .set("ALLOW_INSECURE_HTTP", "true")
            .set("NAME", "127.0.0.1"),
    );
    assert_eq!(
        gate.verdict(&idp.token().claim("iss", "http://idp.example").sign()),
        "200"
    );
    let asked = &proxy.requests()[0];
    assert!(
        asked.starts_with("GET http://idp.example/jwks HTTP/1.1\r\n"),
        "{asked}"
    );
    assert!(
        asked.contains("proxy-authorization: Basic dXNlcjpzM2NyM3Q=\r\n"),
        "{asked}"
    );
    // The password is shown nowhere when the proxy fails.
    proxy.behave(Behaviour::Close);
    refresh(&idp, &gate, "failure");
    let told = gate.admin("/status").send().body;
    assert!(
        !told.contains("s3cr3t") && !gate.events().concat().contains("s3cr3t"),
        "{told}"
    );
}

/// Whatever the environment says: plain http is trusted on loopback because nothing is on the way
/// there.
#[test]
fn e30_nothing_that_stays_on_this_machine_goes_through_a_proxy() {
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "localhost",
        "LOCALHOST.",
        "idp.localhost",
        "[::ffff:127.0.0.1]",
    ] {
        let idp = TestIssuer::new();
        let issuer = FaultyIssuer::serving(idp.jwks());
        let own = issuer.url.replace("127.0.0.1", host);
        issuer.set_metadata(&own, &format!("{own}/jwks"));
        // Would answer with keys of its own.
        let stranger = SigningKey::generate(Algorithm::ES256)
            .unwrap()
            .with_id("stranger");
        let (attacker, proxy) = (
            TestIssuer::with_keys(vec![stranger.into()]),
            Recorder::start(),
        );
        proxy.issuer.set_keys(attacker.jwks());
        proxy.issuer.set_metadata(&own, &format!("{own}/jwks"));
        let variables =
            ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"].map(|name| (name, proxy.url.as_str()));
        let gate = TestGate::new()
            .by_time_of(&idp)
            .egress(&variables)
            .set("AUDIENCE", "api")
            .set("NAME", "here");
        let gate = gate.set("JWKS_HEADERS", "X-Key: s3cr3t");
        for keys in ["ISSUER", "JWKS_URL"] {
            let gate = match keys {
                "ISSUER" => gate.clone().set("ISSUER", &own),
                _ => gate
                    .clone()
                    .set("ISSUER", &own)
                    .set("JWKS_URL", format!("{own}/jwks")),
            };
            let gate = ready(gate);
            let token = |idp: &TestIssuer| idp.token().claim("iss", own.as_str()).sign();
            assert_eq!(gate.verdict(&token(&idp)), "200", "{own} {keys}");
            assert_ne!(gate.verdict(&token(&attacker)), "200", "{own} {keys}");
        }
        assert_eq!(proxy.relay.connections(), 0, "{own}");
        assert!(issuer.fetches() >= 2, "{own}");
    }
}

/// A proxy that counts the connections to it.
struct Recorder {
    issuer: FaultyIssuer,
    relay: Relay,
    url: String,
}

impl Recorder {
    fn start() -> Self {
        let issuer = FaultyIssuer::serving("");
        let relay = Relay::to(issuer.url.trim_start_matches("http://").parse().unwrap());
        let url = format!("http://{}", relay.address);
        Self { issuer, relay, url }
    }
}

/// An issuer that will misbehave, and a service that has its keys already.
fn faulty() -> (TestIssuer, TestGate, FaultyIssuer) {
    let idp = TestIssuer::new();
    let issuer = FaultyIssuer::serving(idp.jwks());
    let gate = TestGate::new()
        .by_time_of(&idp)
        .set("ISSUER", &issuer.url)
        .set("AUDIENCE", "api");
    let gate = ready(gate.set("NAME", "127.0.0.1"));
    (idp, gate, issuer)
}

/// A server of one key set, by a certificate that its own authority vouches for.
pub struct TlsServer {
    pub url: String,
    pub authority: tempfile::NamedTempFile,
}

impl TlsServer {
    pub fn start(host: &str, jwks: String) -> Self {
        Self::with(
            &CertificateParams::new(vec![host.to_owned()]).unwrap(),
            jwks,
        )
    }

    pub fn with(certificate: &CertificateParams, jwks: String) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = certificate.self_signed(&key).unwrap();
        let authority = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(authority.path(), certificate.pem()).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let config = Arc::new(config);
        let url = serve_each(move |stream| {
            let connection = ServerConnection::new(config.clone()).unwrap();
            answer(StreamOwned::new(connection, stream), &jwks);
        });
        Self {
            url: url.replace("http://", "https://"),
            authority,
        }
    }
}

fn fetching_from(idp: &TestIssuer, server: &TlsServer) -> GateBuilder {
    remote(idp, server.url.clone())
}

fn remote(idp: &TestIssuer, jwks_url: String) -> GateBuilder {
    TestGate::new()
        .by_time_of(idp)
        .set("ISSUER", idp.url())
        .set("AUDIENCE", "api")
        .set("JWKS_URL", jwks_url)
}

/// What `/status` says about the last fetch, once one has failed.
fn last_error(gate: &TestGate) -> String {
    let status = gate.wait_for("/status", |answer| {
        !answer.json()["issuers"][0]["last_error"].is_null()
    });
    status.json()["issuers"][0]["last_error"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Serves connections one after the other until the test process ends.
fn serve_each(handle: impl Fn(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/jwks", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            handle(stream.unwrap());
        }
    });
    url
}

/// A client that does not trust us is gone before it has asked.
fn answer(mut stream: impl Read + Write, body: &str) {
    if stream.read(&mut [0; 4096]).is_ok() {
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        let _ = stream
            .write_all(head.as_bytes())
            .and_then(|()| stream.write_all(body.as_bytes()));
        let _ = stream.flush();
    }
}

/// 32 MiB of zeros, packed by `gzip`.
fn gzip_of_zeros() -> Vec<u8> {
    let output = std::process::Command::new("sh")
        .args(["-c", "head -c 33554432 /dev/zero | gzip -9"])
        .output()
        .unwrap();
    assert!(output.status.success() && output.stdout.len() < 64 * 1024);
    output.stdout
}

#[test]
fn e16_metadata_that_hangs_leaves_the_known_place_of_the_keys_in_force() {
    let idp = TestIssuer::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let metadata = format!(r#"{{"issuer":"{issuer}","jwks_uri":"{issuer}/jwks"}}"#);
    let jwks = idp.jwks();
    thread::spawn(move || {
        let mut hanging = Vec::new();
        let mut told = false;
        for stream in listener.incoming().map(Result::unwrap) {
            let mut head = [0; 4096];
            let length = (&stream).read(&mut head).unwrap_or(0);
            let asks_for_keys = head[..length].starts_with(b"GET /jwks");
            if !asks_for_keys && told {
                hanging.push(stream);
                continue;
            }
            told = true;
            let body = if asks_for_keys { &jwks } else { &metadata };
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _ = (&stream).write_all(format!("{head}{body}").as_bytes());
        }
    });
    let gate = TestGate::new()
        .by_time_of(&idp)
        .set("ISSUER", &issuer)
        .set("AUDIENCE", "api")
        .set("JWKS_TIMEOUT", "2s");
    let gate = gate.spawn();
    gate.wait_for("/readyz", |answer| answer.status == 200);
    idp.clock.advance(std::time::Duration::from_mins(10));
    let again = "doorward_jwks_refresh_total{issuer=\"127.0.0.1\",result=\"success\"} 2";
    gate.wait_for("/metrics", |answer| answer.body.contains(again));
}
