//! An application that speaks HTTP/2 to any client that asks for `h2c`, and a client that tries to.
//!
//! Inside such a tunnel a client speaks to the application past the proxy: doorward sees no
//! request, and every header is the client's own.

use std::net::SocketAddr;
use std::process::Command;

use serde::Deserialize;

use super::{Client, Component, Request, program};

const APPLICATION: &str = include_str!("h2c_application.py");

/// What the client asks for in the tunnel and nowhere else, and what the application answers that
/// with.
const SMUGGLED: (&str, &str) = ("DELETE", "/admin/users");
const SERVED: &[u8] = b"served DELETE";

/// The application: hypercorn, which takes `h2c` by default.
pub struct H2cApplication {
    component: Component,
}

/// A request as the application got it.
#[derive(Debug, Deserialize)]
struct Asked {
    version: String,
    method: String,
    path: String,
    subject: Vec<String>,
    upgrade: Vec<String>,
}

/// What came of an attempt to leave HTTP/1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Left {
    /// The connection speaks HTTP/1.1 as before, or is closed.
    No,
    /// It is a WebSocket.
    ForWebSocket,
    /// The application got an HTTP/2 request of the client's, or was at least asked for `h2c`.
    ForH2c,
}

impl H2cApplication {
    pub fn start() -> Self {
        let component = Component::listening(|directory, port| {
            let file = directory.join("application.py");
            std::fs::write(&file, APPLICATION).unwrap();
            let mut command = Command::new(program("python"));
            command.arg(file).arg(port.to_string());
            command
        });
        Self { component }
    }

    pub fn address(&self) -> SocketAddr {
        self.component.address
    }

    /// Sends a request and behind it, whatever came back, an HTTP/2 one.
    pub fn try_to_leave(&self, request: &Request) -> Left {
        let before = self.asked().len();
        let mut client = Client::connect(request.to());
        let status = client.send(request).status;
        client.write_what_is_taken(&smuggled());
        client.read_until(SERVED);
        let asked = &self.asked()[before..];
        let h2c = asked.iter().any(|asked| {
            asked.version == "2"
                || asked
                    .upgrade
                    .iter()
                    .any(|value| value.to_ascii_lowercase().contains("h2c"))
        });
        let smuggled = asked
            .iter()
            .any(|asked| (asked.method.as_str(), asked.path.as_str()) == SMUGGLED);
        assert!(!smuggled || h2c, "it was not sent by HTTP/1.1: {asked:?}");
        match status {
            _ if h2c => Left::ForH2c,
            101 => Left::ForWebSocket,
            _ => Left::No,
        }
    }

    fn asked(&self) -> Vec<Asked> {
        serde_json::from_value(Request::new(self.address(), "GET", "/asked").send().json()).unwrap()
    }
}

/// The preface of HTTP/2 (RFC 9113 section 3.4), no settings, and a request on stream 3: after an
/// upgrade, stream 1 is that of the first request.
fn smuggled() -> Vec<u8> {
    const SETTINGS: u8 = 4;
    const HEADERS: u8 = 1;
    const END_STREAM_AND_HEADERS: u8 = 0b101;
    let (method, path) = SMUGGLED;
    let fields = [
        (":method", method),
        (":scheme", "http"),
        (":authority", "doorward"),
        (":path", path),
        ("x-auth-subject", "root"),
    ];
    let headers: Vec<u8> = fields
        .iter()
        .flat_map(|(name, value)| literal(name, value))
        .collect();
    [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        frame(SETTINGS, 0, 0, &[]),
        frame(HEADERS, END_STREAM_AND_HEADERS, 3, &headers),
    ]
    .concat()
}

/// RFC 9113 section 4.1.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A field without indexing, its name and value in plain (RFC 7541 section 6.2.2).
fn literal(name: &str, value: &str) -> Vec<u8> {
    let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    [vec![0], text(name), text(value)].concat()
}

/// Or none of the tests with it could ever fail.
#[test]
fn the_application_does_speak_h2c() {
    let application = H2cApplication::start();
    let request = || Request::new(application.address(), "GET", "/");
    assert_eq!(
        application.try_to_leave(&request()),
        Left::ForH2c,
        "HTTP/2 behind a request of HTTP/1.1"
    );
    let upgrade = |word: &str| {
        request()
            .header("Connection", "Upgrade, HTTP2-Settings")
            .header("Upgrade", word)
    };
    let settings = |request: Request| request.header("HTTP2-Settings", "AAMAAABkAARAAAAAAAIAAAAA");
    let key = |request: Request| {
        request
            .header("Sec-WebSocket-Version", "13")
            .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
    };
    assert_eq!(
        application.try_to_leave(&settings(upgrade("h2c"))),
        Left::ForH2c
    );
    assert_eq!(application.asked().pop().unwrap().subject, ["root"]);
    assert_eq!(
        application.try_to_leave(&key(upgrade("websocket"))),
        Left::ForWebSocket
    );
}
