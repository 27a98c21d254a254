//! The application behind a proxy: answers with the request, so that a test sees what came through.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

/// The application. Stops accepting when dropped.
pub struct Echo {
    pub address: SocketAddr,
    counts: Arc<Counts>,
}

/// A request as the application got it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Echoed {
    pub method: String,
    pub target: String,
    /// Every field, in order, names as they came.
    pub fields: Vec<(String, String)>,
    pub body: String,
}

#[derive(Default)]
struct Counts {
    requests: AtomicUsize,
    stopped: AtomicBool,
}

impl Echo {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let counts = Arc::new(Counts::default());
        let own = counts.clone();
        std::thread::spawn(move || accept(&listener, &own));
        Self { address, counts }
    }

    /// How many requests it has got.
    pub fn requests(&self) -> usize {
        self.counts.requests.load(Ordering::SeqCst)
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.counts.stopped.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

impl Echoed {
    /// The next request to a listener of the test's own; it is answered.
    pub fn accept(listener: &TcpListener) -> Self {
        let (stream, _) = listener.accept().unwrap();
        let request = read_request(&mut BufReader::new(&stream)).unwrap().unwrap();
        answer(&stream, &request).unwrap();
        request
    }

    /// All values of the field of this name, in whatever case it came.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let same = self
            .fields
            .iter()
            .filter(|(own, _)| own.eq_ignore_ascii_case(name));
        same.map(|(_, value)| value.as_str()).collect()
    }

    /// The value of the field of this name; empty if there is none, for a proxy may drop an empty
    /// field.
    pub fn get(&self, name: &str) -> &str {
        match self.all(name)[..] {
            [] => "",
            [only] => only,
            _ => panic!("{name} stands twice: {self:?}"),
        }
    }

    fn is_websocket(&self) -> bool {
        self.get("upgrade").eq_ignore_ascii_case("websocket")
    }
}

fn accept(listener: &TcpListener, counts: &Arc<Counts>) {
    for stream in listener.incoming().flatten() {
        if counts.stopped.load(Ordering::SeqCst) {
            return;
        }
        let counts = counts.clone();
        // A connection that breaks is the proxy's affair.
        std::thread::spawn(move || drop(serve(&stream, &counts)));
    }
}

fn serve(stream: &TcpStream, counts: &Counts) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read_request(&mut reader)? {
        counts.requests.fetch_add(1, Ordering::SeqCst);
        if request.is_websocket() {
            return switch(stream, &request, reader);
        }
        answer(stream, &request)?;
    }
    Ok(())
}

fn answer(mut stream: &TcpStream, request: &Echoed) -> std::io::Result<()> {
    let body = serde_json::to_string(request)?;
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nX-Application: echo\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    if request.method != "HEAD" {
        stream.write_all(body.as_bytes())?;
    }
    Ok(())
}

/// From here on every byte comes back. Some proxies look at the answer to the client's key (RFC
/// 6455 section 4.2.2).
fn switch(
    mut stream: &TcpStream,
    request: &Echoed,
    mut reader: BufReader<&TcpStream>,
) -> std::io::Result<()> {
    let answered =
        request.get("sec-websocket-key").to_owned() + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    let accept = BASE64_STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, answered.as_bytes()));
    let head = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ";
    stream.write_all(format!("{head}{accept}\r\n\r\n").as_bytes())?;
    std::io::copy(&mut reader, &mut stream)?;
    stream.shutdown(Shutdown::Write)
}

/// The next request, or nothing at the end of the connection.
fn read_request(reader: &mut impl BufRead) -> std::io::Result<Option<Echoed>> {
    let line = read_line(reader)?;
    let Some((method, target)) = line
        .split_once(' ')
        .and_then(|(method, rest)| Some((method, rest.split_once(' ')?.0)))
    else {
        return Ok(None);
    };
    let mut request = Echoed {
        method: method.into(),
        target: target.into(),
        fields: read_fields(reader)?,
        body: String::new(),
    };
    request.body = read_body(reader, &request)?;
    Ok(Some(request))
}

fn read_fields(reader: &mut impl BufRead) -> std::io::Result<Vec<(String, String)>> {
    let mut fields = Vec::new();
    loop {
        let line = read_line(reader)?;
        let Some((name, value)) = line.split_once(':') else {
            return Ok(fields);
        };
        fields.push((name.to_owned(), value.trim().to_owned()));
    }
}

fn read_body(reader: &mut impl BufRead, request: &Echoed) -> std::io::Result<String> {
    let mut body = Vec::new();
    if request
        .get("transfer-encoding")
        .eq_ignore_ascii_case("chunked")
    {
        loop {
            let length = u64::from_str_radix(read_line(reader)?.trim(), 16)
                .map_err(std::io::Error::other)?;
            reader.take(length).read_to_end(&mut body)?;
            read_line(reader)?;
            if length == 0 {
                break;
            }
        }
    } else {
        let length = request.get("content-length").parse().unwrap_or(0);
        reader.take(length).read_to_end(&mut body)?;
    }
    Ok(String::from_utf8_lossy(&body).into_owned())
}

fn read_line(reader: &mut impl BufRead) -> std::io::Result<String> {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line)?;
    Ok(String::from_utf8_lossy(&line)
        .trim_end_matches(['\r', '\n'])
        .to_owned())
}
