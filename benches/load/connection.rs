//! One connection with at most one request under way.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

pub struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Connection {
    pub fn open(host: &str) -> Self {
        let stream = TcpStream::connect(host).expect("the server does not listen");
        stream.set_nodelay(true).unwrap();
        stream.set_nonblocking(true).unwrap();
        Self {
            stream,
            answer: Vec::with_capacity(4096),
        }
    }

    /// The other side has read all before, so there is room for it.
    pub fn send(&mut self, request: &[u8]) {
        self.answer.clear();
        self.stream.write_all(request).unwrap();
    }

    /// The status of the answer, when all of it has come.
    pub fn answered(&mut self) -> Option<u16> {
        let mut buffer = [0; 4096];
        match self.stream.read(&mut buffer) {
            Ok(0) => panic!("the server closed a connection"),
            Ok(read) => self.answer.extend(buffer.iter().take(read)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
            Err(error) => panic!("{error}"),
        }
        self.status()
    }

    fn status(&self) -> Option<u16> {
        let end = self
            .answer
            .windows(4)
            .position(|window| window == b"\r\n\r\n")?;
        let (head, rest) = self.answer.split_at(end + 4);
        let head = std::str::from_utf8(head).unwrap();
        let status = head.strip_prefix("HTTP/1.1 ").unwrap();
        (rest.len() >= body_length(head)).then(|| status.get(..3).unwrap().parse().unwrap())
    }
}

fn body_length(head: &str) -> usize {
    head.lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, value)| value.parse().unwrap())
}
