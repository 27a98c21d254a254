//! The gRPC listener itself: its bounds, its health, and the end of the service.

use std::future::Future;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::pin::pin;
use std::time::{Duration, Instant};

use bytes::{Buf, BufMut, Bytes};
use envoy_types::ext_authz::v3::pb::{CheckRequest, CheckResponse};
use envoy_types::pb::envoy::service::auth::v3::authorization_client::AuthorizationClient;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::support::{
    Check, Client, GrpcClient, Service, TestGate, TestIssuer, doorward, eventually,
};

const SECRET: &str = "0123456789abcdef0123456789abcdef";
pub const CHECK: &str = "/envoy.service.auth.v3.Authorization/Check";
/// What a client begins with (RFC 9113 section 3.4): the preface and empty SETTINGS.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

pub fn gate(settings: &[(&str, &str)]) -> (TestIssuer, TestGate) {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("GRPC_LISTEN", "127.0.0.1:0");
    let gate = settings
        .iter()
        .fold(gate, |gate, (name, value)| gate.set(name, *value));
    (idp, gate.spawn())
}

#[test]
fn questions_are_bounded_and_what_is_none_is_an_error() {
    let (idp, gate) = gate(&[]);
    let client = GrpcClient::connect(gate.grpc);
    let check = Check::get("/").bearer(&idp.token().sign());
    let padded = |bytes: usize| check.clone().http(|http| http.body = "x".repeat(bytes));
    assert_eq!(client.verdict(padded(100 * 1024)), "200");
    let code = |asked: Result<Bytes, Status>| asked.unwrap_err().code();
    assert_eq!(
        client.ask(padded(128 * 1024)).unwrap_err().code(),
        Code::OutOfRange
    );
    for garbage in [
        &b"\xff\xff\xff\xff"[..],
        b"\x0a\x7f",
        b"\x0a\x02\x22\xff",
        &[0x0b; 10_000],
    ] {
        assert_eq!(
            code(raw(&client, CHECK, garbage, "")),
            Code::Internal,
            "{garbage:?}"
        );
    }
    // Text that is no UTF-8 is no text (field 4, `path`).
    assert_eq!(
        code(raw(
            &client,
            CHECK,
            b"\x0a\x07\x22\x05\x12\x03\x22\x01\xff",
            ""
        )),
        Code::Internal
    );
    for path in [
        "/envoy.service.auth.v3.Authorization/Other",
        "/envoy.service.auth.v2.Authorization/Check",
        "/x",
        "/",
    ] {
        assert_eq!(
            code(raw(&client, path, b"", "")),
            Code::Unimplemented,
            "{path}"
        );
    }
    for reflection in ["v1", "v1alpha"] {
        let path = format!("/grpc.reflection.{reflection}.ServerReflection/ServerReflectionInfo");
        assert_eq!(code(raw(&client, &path, b"", "")), Code::Unimplemented);
    }
    raw(&client, CHECK, b"", &"x".repeat(10_000)).unwrap();
    let refused = raw(&client, CHECK, b"", &"x".repeat(20_000)).unwrap_err();
    assert_eq!(
        (refused.code(), refused.message()),
        (Code::ResourceExhausted, "the metadata are over 16384 bytes")
    );
    // So large that HTTP/2 refuses it itself (431).
    assert!(raw(&client, CHECK, b"", &"x".repeat(40_000)).is_err());
    // And the connection still serves.
    assert_eq!(client.verdict(check), "200");
}

/// Asks with these bytes as the message, and with this among the metadata.
fn raw(client: &GrpcClient, path: &str, message: &[u8], filler: &str) -> Result<Bytes, Status> {
    client.with(async |channel| {
        let mut request = Request::new(Bytes::copy_from_slice(message));
        request
            .metadata_mut()
            .insert("filler", MetadataValue::try_from(filler).unwrap());
        let mut grpc = Grpc::new(channel);
        grpc.ready().await.unwrap();
        let answer = grpc
            .unary(request, PathAndQuery::try_from(path).unwrap(), Plain)
            .await;
        answer.map(tonic::Response::into_inner)
    })
}

/// Bytes as they are.
pub struct Plain;

impl Codec for Plain {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Plain {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Plain {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

#[test]
fn streams_and_header_lists_are_bounded() {
    let (_idp, gate) = gate(&[]);
    let settings = settings_of(gate.grpc);
    // SETTINGS_MAX_CONCURRENT_STREAMS, _INITIAL_WINDOW_SIZE and _MAX_HEADER_LIST_SIZE (RFC 9113
    // section 6.5.2).
    for expected in [(3, 64), (4, 64 * 1024), (6, 32 * 1024)] {
        assert!(
            settings.contains(&expected),
            "{expected:?} is not in {settings:?}"
        );
    }
}

/// The SETTINGS that a server begins with.
fn settings_of(address: SocketAddr) -> Vec<(u16, u32)> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(PREFACE).unwrap();
    let mut head = [0; 9];
    stream.read_exact(&mut head).unwrap();
    assert_eq!(head[3], 4, "SETTINGS come first");
    let mut settings = vec![0; usize::from(head[1]) << 8 | usize::from(head[2])];
    stream.read_exact(&mut settings).unwrap();
    let mut rest = &settings[..];
    std::iter::from_fn(|| {
        rest.has_remaining()
            .then(|| (rest.get_u16(), rest.get_u32()))
    })
    .collect()
}

#[test]
fn whoever_is_slow_to_begin_is_cut_off() {
    let (_idp, gate) = gate(&[("CLIENT_HEADER_TIMEOUT", "1s")]);
    let client = GrpcClient::connect(gate.grpc);
    for beginning in [&b""[..], &PREFACE[..1], &PREFACE[..23]] {
        let mut stream = TcpStream::connect(gate.grpc).unwrap();
        stream.write_all(beginning).unwrap();
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said);
    }
    // Who has begun may be silent for as long.
    assert_eq!(client.verdict(Check::get("/")), "401 token_missing");
}

#[test]
fn http_1_is_not_spoken() {
    let (_idp, gate) = gate(&[]);
    let mut stream = TcpStream::connect(gate.grpc).unwrap();
    stream
        .write_all(b"GET /verify HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    assert!(!said.starts_with(b"HTTP/1"), "{said:?}");
}

#[test]
fn connections_beyond_the_limit_wait_for_their_turn() {
    let (_idp, gate) = gate(&[("MAX_CONNECTIONS", "1")]);
    let served = GrpcClient::connect(gate.grpc);
    assert_eq!(served.verdict(Check::get("/")), "401 token_missing");
    let mut waiting = Client::connect(gate.grpc);
    waiting.write(PREFACE);
    for _ in 0..50 {
        assert_eq!(served.verdict(Check::get("/")), "401 token_missing");
    }
    assert!(waiting.is_silent(), "a second connection was served");
    drop(served);
    assert_eq!(waiting.read_bytes(9)[3], 4, "SETTINGS");
}

#[test]
fn a_new_configuration_is_in_force_here_too() {
    let idp = TestIssuer::new().serve();
    let file = |port: u16, more: &str| {
        let url = idp.url();
        format!(
            "issuers: [{{name: a, issuer: '{url}', audience: api{more}}}]\ngrpc_listen: ['127.0.0.1:{port}']\n"
        )
    };
    let gate = TestGate::new().by_time_of(&idp).file(file(0, "")).spawn();
    let (client, token) = (GrpcClient::connect(gate.grpc), idp.token().sign());
    assert_eq!(client.verdict(Check::get("/").bearer(&token)), "200");
    gate.rewrite(&file(1, ", required_scopes: [read]"));
    assert!(gate.reload());
    assert_eq!(
        client.verdict(Check::get("/").bearer(&token)),
        "403 scope_insufficient"
    );
    assert!(
        gate.events()
            .iter()
            .any(|line| line.contains("needs a restart")),
        "{:?}",
        gate.events()
    );
}

#[test]
fn health_is_told_of_the_service_and_of_all() {
    let (_idp, gate) = gate(&[]);
    let client = GrpcClient::connect(gate.grpc);
    for service in ["", "envoy.service.auth.v3.Authorization"] {
        assert_eq!(health(&client, service), Ok(1), "SERVING");
    }
    assert_eq!(health(&client, "another"), Err(Code::NotFound));
}

fn health(client: &GrpcClient, service: &str) -> Result<i32, Code> {
    let asked = client.with(async |channel| {
        HealthClient::new(channel)
            .check(HealthCheckRequest {
                service: service.to_owned(),
            })
            .await
    });
    asked
        .map(|answer| answer.into_inner().status)
        .map_err(|status| status.code())
}

#[test]
fn while_it_leaves_the_service_is_not_healthy_and_still_answers() {
    let (mut service, grpc) = started(&[("SHUTDOWN_DELAY", "1h")]);
    let client = GrpcClient::connect(grpc);
    assert_eq!(client.verdict(Check::get("/").bearer(&token())), "200");
    service.signal("TERM");
    service.wait_for_line("stopping");
    eventually("NOT_SERVING", || {
        (health(&client, "") == Ok(2)).then_some(())
    });
    assert_eq!(
        health(&client, "envoy.service.auth.v3.Authorization"),
        Ok(2)
    );
    assert_eq!(client.verdict(Check::get("/").bearer(&token())), "200");
    assert_eq!(
        GrpcClient::connect(grpc).verdict(Check::get("/")),
        "401 token_missing"
    );
    let told = Instant::now();
    service.signal("TERM");
    assert_eq!(service.wait(), Some(0), "{}", service.log);
    assert!(
        told.elapsed() < Duration::from_secs(15),
        "the second signal ends at once"
    );
}

#[test]
fn running_questions_finish_and_nothing_new_is_accepted() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let keys = [
        ("ISSUER", url.as_str()),
        ("AUDIENCE", "api"),
        ("JWKS_WAIT", "1m"),
        ("DEPENDENCY_WAIT", "1m"),
        ("JWKS_TIMEOUT", "1m"),
    ];
    let (mut service, grpc) = started_with(&[&keys[..], &[("SHUTDOWN_TIMEOUT", "60s")]].concat());
    let token = TestIssuer::new().token().claim("iss", url.as_str()).sign();
    let client = GrpcClient::connect(grpc);
    let last = client.with(async |channel| {
        let mut running = pin!(ask(channel.clone(), Check::get("/").bearer(&token)));
        // One connection is read in order: when the second question is answered, the first has
        // arrived.
        tokio::select! {
            biased;
            _ = &mut running => panic!("answered without keys"),
            answered = ask(channel, Check::get("/")) => assert!(answered.is_ok()),
        }
        service.signal("TERM");
        eventually("a closed port", || {
            TcpStream::connect(grpc).is_err().then_some(())
        });
        drop(silent);
        running.await.unwrap()
    });
    assert_eq!(crate::support::grpc::verdict(&last), "503 keys_unavailable");
    assert_eq!(service.wait(), Some(0), "{}", service.log);
    assert!(service.log.contains("stopped"), "{}", service.log);
}

#[test]
fn running_questions_get_no_longer_than_the_timeout() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let keys = [
        ("ISSUER", url.as_str()),
        ("AUDIENCE", "api"),
        ("JWKS_WAIT", "1m"),
        ("DEPENDENCY_WAIT", "1m"),
        ("JWKS_TIMEOUT", "1m"),
    ];
    let (mut service, grpc) = started_with(&[&keys[..], &[("SHUTDOWN_TIMEOUT", "0s")]].concat());
    let token = TestIssuer::new().token().claim("iss", url.as_str()).sign();
    let client = GrpcClient::connect(grpc);
    client.with(async |channel| {
        let mut running = pin!(ask(channel.clone(), Check::get("/").bearer(&token)));
        tokio::select! {
            biased;
            _ = &mut running => panic!("answered without keys"),
            answered = ask(channel, Check::get("/")) => assert!(answered.is_ok()),
        }
        service.signal("TERM");
        assert!(running.await.is_err());
    });
    assert_eq!(service.wait(), Some(0), "{}", service.log);
}

fn ask(channel: Channel, check: Check) -> impl Future<Output = Result<CheckResponse, Status>> {
    let mut client = AuthorizationClient::new(channel);
    async move {
        client
            .check(CheckRequest::from(check))
            .await
            .map(tonic::Response::into_inner)
    }
}

#[test]
fn what_somebody_else_has_is_an_error_that_says_so() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let settings = [&with_secret()[..], &[("GRPC_LISTEN", &address)]].concat();
    let ended = doorward(&["serve"], &settings, "");
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(
        said.contains(&format!(
            "doorward: grpc_listen: cannot listen on {address}: Address already in use"
        )),
        "{said}"
    );
}

/// The program, running, with its gRPC address.
fn started(settings: &[(&str, &str)]) -> (Service, SocketAddr) {
    let issuer = [
        ("ISSUER", "me"),
        ("AUDIENCE", "api"),
        ("HMAC_SECRET", SECRET),
    ];
    started_with(&[&issuer[..], settings].concat())
}

fn started_with(settings: &[(&str, &str)]) -> (Service, SocketAddr) {
    let mut service = Service::start(&["serve"], &[&LISTENERS[..], settings].concat());
    let grpc = service.address("grpc");
    (service, grpc)
}

const LISTENERS: [(&str, &str); 4] = [
    ("LISTEN", "127.0.0.1:0"),
    ("ADMIN_LISTEN", "127.0.0.1:0"),
    ("GRPC_LISTEN", "127.0.0.1:0"),
    ("ACCESS_LOG", "off"),
];

fn with_secret() -> Vec<(&'static str, &'static str)> {
    let issuer = [
        ("ISSUER", "me"),
        ("AUDIENCE", "api"),
        ("HMAC_SECRET", SECRET),
    ];
    [&LISTENERS[..2], &issuer].concat()
}

fn token() -> String {
    let arguments = [
        "token",
        "issue",
        "--hmac-secret-file",
        "-",
        "--issuer",
        "me",
        "--audience",
        "api",
    ];
    String::from_utf8(doorward(&arguments, &[], SECRET).stdout)
        .unwrap()
        .trim()
        .to_owned()
}
