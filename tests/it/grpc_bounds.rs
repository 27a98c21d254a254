//! What a client of the gRPC listener can make doorward hold, and for how long.

use std::net::{SocketAddr, TcpListener};

use bytes::Bytes;
use envoy_types::ext_authz::v3::pb::CheckRequest;
use prost::Message;
use tokio_stream::StreamExt;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::{Code, Request, Status};

use crate::grpc_listener::{CHECK, Plain, gate};
use crate::support::{Check, GrpcClient, Http2Client, Service, TestIssuer, eventually};

const HEALTH: &str = "/grpc.health.v1.Health/Check";
const MAX_MESSAGE: u32 = 128 * 1024;
/// What one connection may cost, and the noise of an allocator beside it.
const MAX_GROWTH: u64 = 24 << 20;

/// The program with a gRPC listener that waits long for questions.
fn started(keys: &[(&str, &str)]) -> (Service, SocketAddr) {
    let listeners = [
        ("LISTEN", "127.0.0.1:0"),
        ("ADMIN_LISTEN", "127.0.0.1:0"),
        ("GRPC_LISTEN", "127.0.0.1:0"),
    ];
    let others = [
        ("AUDIENCE", "api"),
        ("CLIENT_HEADER_TIMEOUT", "1m"),
        ("WORKERS", "2"),
    ];
    let mut service = Service::start(&["serve"], &[&listeners, &others, keys].concat());
    let grpc = service.address("grpc");
    (service, grpc)
}

/// While answers wait for keys, their questions are there twice for a moment: as they came, and
/// decoded.
#[test]
fn questions_that_wait_for_keys_take_bounded_memory() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let keys = [
        ("ISSUER", url.as_str()),
        ("JWKS_WAIT", "1m"),
        ("DEPENDENCY_WAIT", "1m"),
        ("JWKS_TIMEOUT", "1m"),
    ];
    let (service, grpc) = started(&keys);
    let check =
        Check::get("/").bearer(&TestIssuer::new().token().claim("iss", url.as_str()).sign());
    let check = (0..900).fold(check, |check, number| {
        check.header(&format!("x-{number}"), &"y".repeat(128))
    });
    let question = CheckRequest::from(check).encode_to_vec();
    let question = message(u32::try_from(question.len()).unwrap(), &question);
    let before = service.resident_bytes();
    let mut client = Http2Client::connect(grpc);
    for _ in 0..client.max_streams() {
        let stream = client.begin(CHECK);
        client.send(stream, &question);
        client.end(stream);
    }
    client.settle();
    let grown = || service.resident_bytes().saturating_sub(before);
    eventually("64 questions", || (grown() > 64 * 128 * 1024).then_some(()));
    for _ in 0..1000 {
        assert!(grown() < MAX_GROWTH, "{} bytes", grown());
    }
    println!(
        "{} streams of {} bytes wait for keys: {} KiB",
        client.max_streams(),
        question.len(),
        grown() / 1024
    );
}

/// How much more memory the program has when a client has sent this on as many streams as it may
/// have, each without its end.
fn growth(unfinished: &[u8]) -> u64 {
    let (service, grpc) = started(&[
        ("ISSUER", "me"),
        ("HMAC_SECRET", "0123456789abcdef0123456789abcdef"),
    ]);
    let mut client = Http2Client::connect(grpc);
    let before = service.resident_bytes();
    for _ in 0..client.max_streams() {
        let stream = client.begin(CHECK);
        client.send(stream, unfinished);
    }
    client.settle();
    assert_eq!((&client.resets[..], client.goaway), (&[][..], None));
    let grown = service.resident_bytes().saturating_sub(before);
    println!(
        "{} streams of {} bytes: {} KiB",
        client.max_streams(),
        unfinished.len(),
        grown / 1024
    );
    grown
}

/// A message with its length in front.
fn message(announced: u32, bytes: &[u8]) -> Vec<u8> {
    [&[0][..], &announced.to_be_bytes(), bytes].concat()
}

#[test]
fn unfinished_questions_take_bounded_memory() {
    let almost = vec![b'x'; usize::try_from(MAX_MESSAGE).unwrap() - 1];
    let grown = growth(&message(MAX_MESSAGE, &almost));
    assert!(grown < MAX_GROWTH, "{grown} bytes");
}

/// Decoded, each of these header lines takes 72 bytes instead of 2.
#[test]
fn questions_of_many_parts_take_no_more() {
    let lines: Vec<u8> = [0x0a, 0].repeat(65_000);
    // `attributes.request.http.header_map`, from the inside.
    let question = [13, 2, 4, 1]
        .into_iter()
        .fold(lines, |inner, field| nested(field, &inner));
    let length = u32::try_from(question.len()).unwrap();
    assert!(
        (MAX_MESSAGE - 2000..=MAX_MESSAGE).contains(&length),
        "{length}"
    );
    let grown = growth(&message(length, &question));
    assert!(grown < MAX_GROWTH, "{grown} bytes");
}

/// A message inside another, as field of this number.
fn nested(field: u8, inner: &[u8]) -> Vec<u8> {
    let mut length = inner.len();
    let mut bytes = vec![field << 3 | 2];
    while length > 0x7f {
        bytes.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    bytes.push(u8::try_from(length).unwrap());
    [bytes, inner.to_vec()].concat()
}

#[test]
fn a_stream_too_many_is_refused_and_the_others_go_on() {
    let (_idp, gate) = gate(&[]);
    let mut client = Http2Client::connect(gate.grpc);
    assert_eq!(client.max_streams(), 64);
    for _ in 0..65 {
        client.begin(CHECK);
    }
    client.settle();
    // REFUSED_STREAM, which gRPC calls UNAVAILABLE and Envoy may ask again.
    assert_eq!((&client.resets[..], client.goaway), (&[(129, 7)][..], None));
}

#[test]
fn what_is_too_large_is_named() {
    let (idp, gate) = gate(&[]);
    let client = GrpcClient::connect(gate.grpc);
    let check = Check::get("/").bearer(&idp.token().sign());
    let padded = |bytes: usize| check.clone().http(|http| http.body = "x".repeat(bytes));
    assert_eq!(client.verdict(padded(120 * 1024)), "200");
    assert_eq!(
        client.ask(padded(128 * 1024)).unwrap_err().code(),
        Code::OutOfRange
    );
    let lines = |number: usize| (0..number).fold(check.clone(), |check, _| check.line("x", b"y"));
    assert_eq!(
        client
            .ask(lines(999))
            .map(drop)
            .map_err(|status| status.code()),
        Ok(())
    );
    let many = client.ask(lines(1001)).unwrap_err();
    assert_eq!(
        (
            many.code(),
            many.message().starts_with("1002 header fields")
        ),
        (Code::OutOfRange, true),
        "{many}"
    );
    // The connection still serves.
    assert_eq!(client.verdict(check), "200");
}

#[test]
fn a_question_that_does_not_end_is_given_up() {
    let (idp, gate) = gate(&[("CLIENT_HEADER_TIMEOUT", "1s")]);
    let client = GrpcClient::connect(gate.grpc);
    for path in [CHECK, HEALTH] {
        let begun = unending(&client, path, tokio_stream::empty());
        let whole = unending(&client, path, tokio_stream::once(Bytes::new()));
        for given_up in [begun, whole] {
            assert_eq!(
                given_up.unwrap_err().code(),
                Code::DeadlineExceeded,
                "{path}"
            );
        }
    }
    assert_eq!(
        client.verdict(Check::get("/").bearer(&idp.token().sign())),
        "200"
    );
}

/// Asks with these messages, and never says that there are no more.
fn unending(
    client: &GrpcClient,
    path: &'static str,
    messages: impl tokio_stream::Stream<Item = Bytes> + Send + 'static,
) -> Result<Bytes, Status> {
    client.with(async |channel| {
        let mut grpc = Grpc::new(channel);
        grpc.ready().await.unwrap();
        let messages = Request::new(messages.chain(tokio_stream::pending()));
        let answer = grpc
            .client_streaming(messages, PathAndQuery::from_static(path), Plain)
            .await;
        answer.map(tonic::Response::into_inner)
    })
}

#[test]
fn a_client_that_resets_what_it_begins_loses_its_connection() {
    let (_idp, gate) = gate(&[]);
    let mut client = Http2Client::connect(gate.grpc);
    client.in_one_write(|client| {
        for _ in 0..200 {
            let stream = client.begin(CHECK);
            client.reset(stream);
        }
    });
    client.settle();
    assert_eq!(client.goaway, Some(11), "ENHANCE_YOUR_CALM");
}

#[test]
fn a_client_that_has_us_reset_its_streams_loses_its_connection() {
    let (_idp, gate) = gate(&[]);
    let mut client = Http2Client::connect(gate.grpc);
    for _ in 0..1200 {
        let stream = client.begin(CHECK);
        client.overflow(stream);
        client.settle();
    }
    assert_eq!(
        client.goaway,
        Some(11),
        "ENHANCE_YOUR_CALM after {}",
        client.resets.len()
    );
}
