//! Fetching keys over TLS, and from issuers that want to tie the service up.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use doorward::jose::Algorithm;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::support::{GateBuilder, TestGate, TestIssuer, key};

#[test]
fn a_certificate_of_a_configured_authority_is_trusted() {
    let idp = TestIssuer::with_keys(vec![key(Algorithm::EdDSA)]);
    let server = TlsServer::start("127.0.0.1", idp.jwks());
    let gate = fetching_from(&idp, &server).set("JWKS_CA_FILE", server.authority.path().to_str().unwrap()).spawn();
    gate.wait_for("/readyz", |answer| answer.status == 200);
    assert_eq!(gate.judge(&idp.token().sign()), "200");
}

#[test]
fn a_certificate_of_nobody_in_particular_is_not() {
    let idp = TestIssuer::with_keys(vec![key(Algorithm::EdDSA)]);
    let server = TlsServer::start("127.0.0.1", idp.jwks());
    let gate = fetching_from(&idp, &server).spawn();
    let error = last_error(&gate);
    assert!(error.contains("certificate"), "{error}");
    assert_eq!(gate.judge(&idp.token().sign()), "503 keys_unavailable");
}

#[test]
fn a_certificate_for_another_host_is_not() {
    let idp = TestIssuer::with_keys(vec![key(Algorithm::EdDSA)]);
    let server = TlsServer::start("idp.example", idp.jwks());
    let gate = fetching_from(&idp, &server).set("JWKS_CA_FILE", server.authority.path().to_str().unwrap()).spawn();
    let error = last_error(&gate);
    assert!(error.contains("certificate"), "{error}");
}

#[test]
fn an_issuer_that_never_answers_is_given_up() {
    let idp = TestIssuer::new();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/jwks", silent.local_addr().unwrap());
    let gate = remote(&idp, url).set("JWKS_TIMEOUT", "200ms").set("JWKS_WAIT", "0s").spawn();
    assert_eq!(gate.judge(&idp.token().sign()), "503 keys_unavailable");
    assert!(last_error(&gate).contains("timed out"));
}

#[test]
fn an_issuer_that_drips_is_given_up() {
    let idp = TestIssuer::new();
    let url = serve_once(|mut stream| {
        // Always a little more, never the end; writing fails when the other side has given up.
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n{\"keys\":[");
        while stream.write_all(b" ").is_ok() {
            thread::park_timeout(std::time::Duration::from_millis(20));
        }
    });
    let gate = remote(&idp, url).set("JWKS_TIMEOUT", "300ms").spawn();
    assert!(last_error(&gate).contains("timed out"));
}

#[test]
fn a_body_without_end_is_cut_off() {
    let idp = TestIssuer::new();
    let url = serve_once(|mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&[b' '; 16 * 1024]).is_ok() {}
    });
    let gate = remote(&idp, url).spawn();
    assert!(last_error(&gate).contains("larger than 512 KiB"));
}

#[test]
fn a_small_body_that_unpacks_to_a_large_one_is_cut_off() {
    let idp = TestIssuer::new();
    let url = serve_once(|mut stream| {
        let bomb = gzip_of_zeros();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", bomb.len());
        let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&bomb));
    });
    let gate = remote(&idp, url).spawn();
    let error = last_error(&gate);
    assert!(error.contains("larger than 512 KiB"), "{error}");
}

/// A server of one key set, by a certificate that its own authority vouches for.
struct TlsServer {
    url: String,
    authority: tempfile::NamedTempFile,
}

impl TlsServer {
    fn start(host: &str, jwks: String) -> Self {
        let certified = rcgen::generate_simple_self_signed(vec![host.to_owned()]).unwrap();
        let authority = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(authority.path(), certified.cert.pem()).unwrap();
        let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certified.cert.der().clone()], key)
            .unwrap();
        let config = Arc::new(config);
        let url = serve_each(move |stream| {
            let connection = ServerConnection::new(config.clone()).unwrap();
            answer(StreamOwned::new(connection, stream), &jwks);
        });
        Self { url: url.replace("http://", "https://"), authority }
    }
}

fn fetching_from(idp: &TestIssuer, server: &TlsServer) -> GateBuilder {
    remote(idp, server.url.clone())
}

fn remote(idp: &TestIssuer, jwks_url: String) -> GateBuilder {
    TestGate::new().by_time_of(idp).set("ISSUER", idp.url()).set("AUDIENCE", "api").set("JWKS_URL", jwks_url)
}

/// What `/status` says about the last fetch, once one has failed.
fn last_error(gate: &TestGate) -> String {
    let status = gate.wait_for("/status", |answer| !answer.json()["issuers"][0]["last_error"].is_null());
    status.json()["issuers"][0]["last_error"].as_str().unwrap().to_owned()
}

fn serve_once(handle: impl Fn(TcpStream) + Send + 'static) -> String {
    serve_each(move |mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        handle(stream);
    })
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
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
        let _ = stream.flush();
    }
}

/// 32 MiB of zeros, packed by `gzip`.
fn gzip_of_zeros() -> Vec<u8> {
    let output =
        std::process::Command::new("sh").args(["-c", "head -c 33554432 /dev/zero | gzip -9"]).output().unwrap();
    assert!(output.status.success() && output.stdout.len() < 64 * 1024);
    output.stdout
}

#[test]
fn metadata_that_hangs_leaves_the_known_place_of_the_keys_in_force() {
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
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = (&stream).write_all(format!("{head}{body}").as_bytes());
        }
    });
    let gate = TestGate::new().by_time_of(&idp).set("ISSUER", &issuer).set("AUDIENCE", "api").set("JWKS_TIMEOUT", "2s");
    let gate = gate.spawn();
    gate.wait_for("/readyz", |answer| answer.status == 200);
    idp.clock.advance(std::time::Duration::from_mins(10));
    let again = "doorward_jwks_refresh_total{issuer=\"127.0.0.1\",result=\"success\"} 2";
    gate.wait_for("/metrics", |answer| answer.body.contains(again));
}
