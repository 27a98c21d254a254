//! HTTP/2 frame by frame (RFC 9113), for clients that behave as no library does.

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::connected;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;

/// `END_HEADERS`.
const WHOLE: u8 = 4;
const ACK: u8 = 1;
/// `END_STREAM`.
const END: u8 = 1;
const MAX_FRAME: usize = 16 * 1024;

/// A client of the gRPC listener that keeps to flow control, and otherwise sends what it likes.
pub struct Http2Client {
    stream: TcpStream,
    /// What waits to be sent together, if anything does.
    unsent: Option<Vec<u8>>,
    last_stream: u32,
    window: i64,
    windows: HashMap<u32, i64>,
    stream_window: i64,
    /// The settings that the server began with.
    pub settings: Vec<(u16, u32)>,
    /// Streams that the server has reset, with the error code.
    pub resets: Vec<(u32, u32)>,
    /// The error code with which the server ended the connection.
    pub goaway: Option<u32>,
}

impl Http2Client {
    pub fn connect(to: SocketAddr) -> Self {
        let mut client = Self {
            stream: connected(to),
            unsent: None,
            last_stream: 0,
            window: 65_535,
            windows: HashMap::new(),
            stream_window: 65_535,
            settings: Vec::new(),
            resets: Vec::new(),
            goaway: None,
        };
        client
            .stream
            .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            .unwrap();
        client.frame(SETTINGS, 0, 0, &[]);
        client.settle();
        client
    }

    /// Streams that the server lets us have open.
    pub fn max_streams(&self) -> u32 {
        self.settings
            .iter()
            .find(|(id, _)| *id == 3)
            .expect("MAX_CONCURRENT_STREAMS")
            .1
    }

    /// Begins a call of this method, and gives its stream.
    pub fn begin(&mut self, path: &str) -> u32 {
        self.last_stream = if self.last_stream == 0 {
            1
        } else {
            self.last_stream + 2
        };
        self.windows.insert(self.last_stream, self.stream_window);
        let fields = [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", path),
            (":authority", "doorward"),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
        ];
        let block: Vec<u8> = fields
            .into_iter()
            .flat_map(|(name, value)| literal(name, value))
            .collect();
        self.frame(HEADERS, WHOLE, self.last_stream, &block);
        self.last_stream
    }

    /// Sends these bytes, and no end of the stream.
    pub fn send(&mut self, stream: u32, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let window = self.window.min(self.windows[&stream]);
            let length = usize::try_from(window)
                .unwrap_or(0)
                .min(MAX_FRAME)
                .min(bytes.len());
            if length == 0 {
                assert!(self.read_frame().is_some(), "the connection ended");
                continue;
            }
            let (now, rest) = bytes.split_at(length);
            self.frame(DATA, 0, stream, now);
            let length = i64::try_from(length).unwrap();
            self.window -= length;
            *self.windows.get_mut(&stream).unwrap() -= length;
            bytes = rest;
        }
    }

    /// Ends the client's side of this stream.
    pub fn end(&mut self, stream: u32) {
        self.frame(DATA, END, stream, &[]);
    }

    pub fn reset(&mut self, stream: u32) {
        self.frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes());
    }

    /// Gives the server a larger window than there can be, which is an error of this stream.
    pub fn overflow(&mut self, stream: u32) {
        self.frame(WINDOW_UPDATE, 0, stream, &0x7fff_ffff_u32.to_be_bytes());
    }

    /// Sends everything that this sends at once, so that the server has all of it before it looks
    /// at any.
    pub fn in_one_write(&mut self, send: impl FnOnce(&mut Self)) {
        self.unsent = Some(Vec::new());
        send(self);
        let _ = self.stream.write_all(&self.unsent.take().unwrap());
    }

    /// Reads until the server has seen everything that was sent, or has ended the connection.
    pub fn settle(&mut self) {
        self.frame(PING, 0, 0, &[7; 8]);
        while let Some((kind, flags)) = self.read_frame() {
            if kind == PING && flags & ACK != 0 {
                return;
            }
        }
    }

    fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut frame = vec![length[1], length[2], length[3], kind, flags];
        frame.extend_from_slice(&stream.to_be_bytes());
        frame.extend_from_slice(payload);
        match &mut self.unsent {
            Some(unsent) => unsent.extend(frame),
            // A server that has ended the connection takes no more.
            None => drop(self.stream.write_all(&frame)),
        }
    }

    fn read_frame(&mut self) -> Option<(u8, u8)> {
        let mut head = [0; 9];
        self.fill(&mut head)?;
        let [_, a, b, kind, flags, stream @ ..] = head;
        let mut payload = vec![0; usize::from(a) << 8 | usize::from(b)];
        self.fill(&mut payload)?;
        let number = |at: usize| u32::from_be_bytes(payload[at..at + 4].try_into().unwrap());
        let stream = u32::from_be_bytes(stream);
        match kind {
            SETTINGS if flags & ACK == 0 => {
                let pairs = payload.chunks(6);
                self.settings = pairs
                    .map(|pair| {
                        (
                            u16::from_be_bytes([pair[0], pair[1]]),
                            u32::from_be_bytes(pair[2..].try_into().unwrap()),
                        )
                    })
                    .collect();
                let window = self.settings.iter().find(|(id, _)| *id == 4);
                self.stream_window = window.map_or(65_535, |(_, window)| i64::from(*window));
                self.frame(SETTINGS, ACK, 0, &[]);
            }
            WINDOW_UPDATE if stream == 0 => self.window += i64::from(number(0)),
            WINDOW_UPDATE => *self.windows.get_mut(&stream).unwrap() += i64::from(number(0)),
            RST_STREAM => self.resets.push((stream, number(0))),
            GOAWAY => self.goaway = Some(number(4)),
            _ => {}
        }
        Some((kind, flags))
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Option<()> {
        match self.stream.read_exact(bytes) {
            Ok(()) => Some(()),
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset
                ) =>
            {
                None
            }
            Err(error) => panic!("reading: {error}"),
        }
    }
}

/// A field that is not put into the table (RFC 7541 section 6.2.2); name and value are short.
fn literal(name: &str, value: &str) -> Vec<u8> {
    let text = |text: &str| [&[u8::try_from(text.len()).unwrap()][..], text.as_bytes()].concat();
    assert!(name.len() < 127 && value.len() < 127);
    [&[0][..], &text(name), &text(value)].concat()
}
