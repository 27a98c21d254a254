//! HTTP as it is on the wire: a test says which bytes go out, and sees which come back.

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// Long enough for a slow machine; a test that meets it has failed.
const TIMEOUT: Duration = Duration::from_mins(1);

/// A request in the making.
pub struct Request {
    to: SocketAddr,
    method: String,
    target: String,
    host: String,
    fields: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub fields: Vec<(String, String)>,
    pub body: String,
}

impl Request {
    pub fn new(to: SocketAddr, method: &str, target: &str) -> Self {
        let (method, target, host) = (method.into(), target.into(), "doorward".into());
        Self {
            to,
            method,
            target,
            host,
            fields: Vec::new(),
            body: Vec::new(),
        }
    }

    /// The `Host` field, in place of `doorward`.
    pub fn host(mut self, host: &str) -> Self {
        self.host = host.into();
        self
    }

    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.fields.push((name.into(), value.as_ref().to_vec()));
        self
    }

    pub fn bearer(self, token: &str) -> Self {
        self.header("Authorization", format!("Bearer {token}"))
    }

    /// A user and a password.
    pub fn basic(self, user: &str, password: &str) -> Self {
        let pair = BASE64_STANDARD.encode(format!("{user}:{password}"));
        self.header("Authorization", format!("Basic {pair}"))
    }

    /// A body, announced by its length.
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        let length = self.body.len().to_string();
        self.header("Content-Length", length)
    }

    /// Whom it is sent to.
    pub fn to(&self) -> SocketAddr {
        self.to
    }

    /// The bytes of the request.
    pub fn bytes(&self) -> Vec<u8> {
        let Self {
            method,
            target,
            host,
            ..
        } = self;
        let mut bytes = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\n").into_bytes();
        for (name, value) in &self.fields {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// Sends it on a connection of its own.
    pub fn send(self) -> Answer {
        Client::connect(self.to).send(&self)
    }

    /// Sends it from this address, one of the machine's own.
    pub fn send_from(self, address: IpAddr) -> Answer {
        let stream = connected_from(address, self.to);
        Client::over(stream, Vec::new()).send(&self)
    }
}

/// One connection.
pub struct Client<S = TcpStream> {
    stream: S,
    buffer: Vec<u8>,
}

impl Client {
    pub fn connect(to: SocketAddr) -> Self {
        Self::over(connected(to), Vec::new())
    }

    /// Whether nothing came back so far.
    pub fn is_silent(&mut self) -> bool {
        self.stream.set_nonblocking(true).unwrap();
        let peeked = self.stream.peek(&mut [0]);
        self.stream.set_nonblocking(false).unwrap();
        self.buffer.is_empty() && peeked.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }
}

/// The same from an address of the machine's own.
fn connected_from(address: IpAddr, to: SocketAddr) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(address, 0)).unwrap();
        socket.connect(to).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    stream
}

/// A connection that ends with a reset when it is dropped, as that of a client that was killed.
pub fn resetting(to: SocketAddr) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_zero_linger().unwrap();
        socket.connect(to).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    stream
}

/// A connection on which waiting for ever is an error.
pub fn connected(to: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    stream
}

impl<S: Read + Write> Client<S> {
    /// Over a connection from which these bytes were read already.
    pub fn over(stream: S, buffer: Vec<u8>) -> Self {
        Self { stream, buffer }
    }

    pub fn send(&mut self, request: &Request) -> Answer {
        self.send_bytes(&request.bytes(), request.method == "HEAD")
    }

    /// Sends these bytes and reads one answer; one to HEAD has no body whatever it announces.
    pub fn send_bytes(&mut self, bytes: &[u8], head: bool) -> Answer {
        self.write(bytes);
        self.read_answer(head)
            .expect("the connection ended without an answer")
    }

    pub fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// Writes as much as the other side takes: it may have refused and gone before the end.
    pub fn write_what_is_taken(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// The next answer, or nothing if the connection ended before one began.
    pub fn read_answer(&mut self, head: bool) -> Option<Answer> {
        let end = loop {
            if let Some(end) = self
                .buffer
                .windows(4)
                .position(|window| window == b"\r\n\r\n")
            {
                break end;
            }
            if !self.fill() {
                assert!(self.buffer.is_empty(), "the connection ended inside a head");
                return None;
            }
        };
        let head_bytes: Vec<u8> = self.buffer.drain(..end + 4).collect();
        let mut answer = Answer::parse_head(&String::from_utf8(head_bytes).expect("an ASCII head"));
        if !head && !matches!(answer.status, 100..=199 | 204 | 304) {
            answer.body = self.read_body(&answer);
        }
        Some(answer)
    }

    /// The next bytes, whatever they are: after an upgrade the connection speaks no HTTP any more.
    pub fn read_bytes(&mut self, length: usize) -> Vec<u8> {
        while self.buffer.len() < length {
            assert!(self.fill(), "the connection ended after {:?}", self.buffer);
        }
        self.buffer.drain(..length).collect()
    }

    /// Everything up to the end of the connection, or until this has come.
    pub fn read_until(&mut self, part: &[u8]) -> Vec<u8> {
        while !self.buffer.windows(part.len()).any(|window| window == part) && self.fill() {}
        std::mem::take(&mut self.buffer)
    }

    /// Whether the other side has closed the connection, with nothing more to read.
    pub fn is_closed(&mut self) -> bool {
        self.buffer.is_empty() && !self.fill()
    }

    fn read_body(&mut self, answer: &Answer) -> String {
        match answer
            .get("content-length")
            .map(|length| length.parse::<usize>().unwrap())
        {
            Some(length) => {
                while self.buffer.len() < length {
                    assert!(self.fill(), "the connection ended inside a body");
                }
                String::from_utf8(self.buffer.drain(..length).collect()).unwrap()
            }
            None if answer.get("transfer-encoding").is_some() => self.read_chunks(),
            None => {
                while self.fill() {}
                String::from_utf8(std::mem::take(&mut self.buffer)).unwrap()
            }
        }
    }

    fn read_chunks(&mut self) -> String {
        let mut body = Vec::new();
        loop {
            let line = self.read_line();
            let length = usize::from_str_radix(line.trim(), 16).unwrap();
            while self.buffer.len() < length + 2 {
                assert!(self.fill(), "the connection ended inside a chunk");
            }
            body.extend(self.buffer.drain(..length));
            self.buffer.drain(..2);
            if length == 0 {
                return String::from_utf8(body).unwrap();
            }
        }
    }

    fn read_line(&mut self) -> String {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|window| window == b"\r\n") {
                let line = self.buffer.drain(..end + 2).collect();
                return String::from_utf8(line).unwrap();
            }
            assert!(self.fill(), "the connection ended inside a line");
        }
    }

    fn fill(&mut self) -> bool {
        let mut chunk = [0; 16 * 1024];
        match self.stream.read(&mut chunk) {
            Ok(0) => false,
            Ok(length) => {
                self.buffer.extend_from_slice(&chunk[..length]);
                true
            }
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof
                ) =>
            {
                false
            }
            // By a signal to the whole process; the answer is still to come.
            Err(error) if error.kind() == ErrorKind::Interrupted => self.fill(),
            Err(error) => panic!("reading: {error}"),
        }
    }
}

impl Answer {
    /// Head and body as `curl -i` prints them.
    pub fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let (head, body) = text
            .split_once("\r\n\r\n")
            .unwrap_or_else(|| panic!("no answer: {text:?}"));
        Self {
            body: body.to_owned(),
            ..Self::parse_head(head)
        }
    }

    fn parse_head(head: &str) -> Self {
        let mut lines = head.trim_end().split("\r\n");
        let status = lines
            .next()
            .and_then(|line| line.split(' ').nth(1))
            .and_then(|code| code.parse().ok());
        let fields = lines.map(|line| {
            let (name, value) = line.split_once(':').expect("a header field");
            (name.to_ascii_lowercase(), value.trim().to_owned())
        });
        Self {
            status: status.expect("a status line"),
            fields: fields.collect(),
            body: String::new(),
        }
    }

    /// The field of this name; a test that expects one does not expect two.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut values = self
            .fields
            .iter()
            .filter(|(own, _)| own == name)
            .map(|(_, value)| value.as_str());
        let value = values.next();
        assert_eq!(values.next(), None, "{name} stands twice");
        value
    }

    /// Status and reason code in one word: `200`, or `401 token_missing`.
    pub fn verdict(&self) -> String {
        match self.get("x-auth-reason") {
            Some(reason) => format!("{} {reason}", self.status),
            None => self.status.to_string(),
        }
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }
}
