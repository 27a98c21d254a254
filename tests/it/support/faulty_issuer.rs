//! An issuer that does whatever can go wrong on the network. Only the standard library: the soak
//! test uses it too.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What `/jwks` does; metadata is always answered, unless nothing is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Behaviour {
    /// Answers with the keys.
    Serve,
    /// Answers with the keys, but not before a test changes its behaviour.
    Delay,
    /// Answers with this: status, further header lines, body.
    Answer(u16, &'static str, Vec<u8>),
    /// Sends these bytes instead of an answer, and closes.
    Bytes(&'static [u8]),
    /// Closes without a word.
    Close,
    /// Reads the request and is silent for ever.
    Hang,
    /// Sends a byte of the answer now and then.
    Drip,
    /// Promises more than it sends, and closes.
    CutOff,
    /// Sends without end.
    Endless,
    /// Is silent for ever, whatever is asked.
    HangAltogether,
}

/// The issuer; serves until it is dropped.
pub struct FaultyIssuer {
    pub url: String,
    state: Arc<State>,
}

struct State {
    behaviour: Mutex<Behaviour>,
    metadata: Mutex<String>,
    keys: Mutex<String>,
    /// The heads of the requests for keys.
    requests: Mutex<Vec<String>>,
    open: AtomicUsize,
    fetching: AtomicUsize,
    most_fetching: AtomicUsize,
    stopped: AtomicBool,
}

impl FaultyIssuer {
    /// One that serves these keys, for a start.
    pub fn serving(keys: impl Into<String>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(State {
            behaviour: Mutex::new(Behaviour::Serve),
            metadata: Mutex::new(metadata(&url, &format!("{url}/jwks"))),
            keys: Mutex::new(keys.into()),
            requests: Mutex::default(),
            open: AtomicUsize::new(0),
            fetching: AtomicUsize::new(0),
            most_fetching: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
        });
        let shared = state.clone();
        thread::spawn(move || accept(&listener, &shared));
        Self { url, state }
    }

    pub fn behave(&self, behaviour: Behaviour) {
        *self.state.behaviour.lock().unwrap() = behaviour;
    }

    /// From now on its keys are these.
    pub fn set_keys(&self, keys: impl Into<String>) {
        *self.state.keys.lock().unwrap() = keys.into();
    }

    /// From now on its metadata say this.
    pub fn set_metadata(&self, issuer: &str, jwks_uri: &str) {
        *self.state.metadata.lock().unwrap() = metadata(issuer, jwks_uri);
    }

    /// From now on its metadata are this text.
    pub fn describe(&self, metadata: impl Into<String>) {
        *self.state.metadata.lock().unwrap() = metadata.into();
    }

    /// The head of each request for keys so far.
    pub fn requests(&self) -> Vec<String> {
        self.state.requests.lock().unwrap().clone()
    }

    /// How often its keys were asked for.
    pub fn fetches(&self) -> usize {
        self.state.requests.lock().unwrap().len()
    }

    /// How many connections are open.
    pub fn open_connections(&self) -> usize {
        self.state.open.load(Ordering::SeqCst)
    }

    /// How many requests for keys there were at the same time, at most.
    pub fn most_fetching(&self) -> usize {
        self.state.most_fetching.load(Ordering::SeqCst)
    }
}

impl Drop for FaultyIssuer {
    fn drop(&mut self) {
        self.state.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.url.trim_start_matches("http://"));
    }
}

fn metadata(issuer: &str, jwks_uri: &str) -> String {
    format!(r#"{{"issuer":"{issuer}","jwks_uri":"{jwks_uri}"}}"#)
}

fn accept(listener: &TcpListener, state: &Arc<State>) {
    for stream in listener.incoming() {
        if state.stopped.load(Ordering::SeqCst) {
            return;
        }
        let (Ok(stream), state) = (stream, state.clone()) else {
            continue;
        };
        thread::spawn(move || {
            state.open.fetch_add(1, Ordering::SeqCst);
            // The other side may be gone at any moment.
            let _ = serve(stream, &state);
            state.open.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

fn serve(mut stream: TcpStream, state: &State) -> std::io::Result<()> {
    while let Some(head) = read_head(&mut stream)? {
        let behaviour = state.behaviour.lock().unwrap().clone();
        if behaviour == Behaviour::HangAltogether {
            return wait_until_gone(&mut stream);
        }
        // A proxy is asked by the whole URL.
        if !head.contains("/jwks HTTP/1.1\r\n") {
            let known = head.contains("/.well-known/openid-configuration HTTP/1.1\r\n");
            let body = state.metadata.lock().unwrap().clone();
            answer(
                &mut stream,
                if known { 200 } else { 404 },
                "",
                body.as_bytes(),
            )?;
            continue;
        }
        state.requests.lock().unwrap().push(head);
        let fetching = state.fetching.fetch_add(1, Ordering::SeqCst) + 1;
        state.most_fetching.fetch_max(fetching, Ordering::SeqCst);
        let goes_on = act(&mut stream, behaviour, state);
        state.fetching.fetch_sub(1, Ordering::SeqCst);
        if !goes_on? {
            return Ok(());
        }
    }
    Ok(())
}

/// Whether the connection is still good for another request.
fn act(stream: &mut TcpStream, behaviour: Behaviour, state: &State) -> std::io::Result<bool> {
    match behaviour {
        Behaviour::Serve | Behaviour::Delay => {
            while *state.behaviour.lock().unwrap() == Behaviour::Delay
                && !state.stopped.load(Ordering::SeqCst)
            {
                thread::park_timeout(Duration::from_millis(5));
            }
            let keys = state.keys.lock().unwrap().clone();
            answer(stream, 200, "", keys.as_bytes())?;
        }
        Behaviour::Answer(status, headers, body) => answer(stream, status, headers, &body)?,
        Behaviour::Bytes(bytes) => {
            stream.write_all(bytes)?;
            return Ok(false);
        }
        Behaviour::Close => return Ok(false),
        Behaviour::Hang | Behaviour::HangAltogether => {
            wait_until_gone(stream)?;
            return Ok(false);
        }
        Behaviour::Drip => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n{\"keys\":[")?;
            loop {
                stream.write_all(b" ")?;
                thread::park_timeout(Duration::from_millis(20));
            }
        }
        Behaviour::CutOff => {
            let keys = state.keys.lock().unwrap().clone();
            let (most, _) = keys.as_bytes().split_at(keys.len() - 1);
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", keys.len());
            stream.write_all(&[head.as_bytes(), most].concat())?;
            return Ok(false);
        }
        Behaviour::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
            let chunk = format!("4000\r\n{}\r\n", " ".repeat(0x4000));
            loop {
                stream.write_all(chunk.as_bytes())?;
            }
        }
    }
    Ok(true)
}

fn answer(stream: &mut TcpStream, status: u16, headers: &str, body: &[u8]) -> std::io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status} x\r\nContent-Length: {}\r\n{headers}\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat())
}

fn read_head(stream: &mut TcpStream) -> std::io::Result<Option<String>> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(0) => return Ok(None),
            Ok(_) => head.push(byte[0]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Some(String::from_utf8_lossy(&head).into_owned()))
}

/// Until the other side has given up.
fn wait_until_gone(stream: &mut TcpStream) -> std::io::Result<()> {
    while stream.read(&mut [0; 1024])? > 0 {}
    Ok(())
}
