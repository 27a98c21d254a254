//! An introspection endpoint that is fast, slow, failing, or hanging.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// The way in which it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conduct {
    /// At once.
    Fast,
    /// After 20 ms.
    Slow,
    /// With status 500.
    Failing,
    /// Not at all.
    Hanging,
}

/// The endpoint. It serves until the program ends.
pub struct Endpoint {
    pub address: SocketAddr,
    state: Arc<State>,
}

struct State {
    conduct: Mutex<Conduct>,
    asked: AtomicUsize,
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Endpoint {
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let state = Arc::new(State {
            conduct: Mutex::new(Conduct::Fast),
            asked: AtomicUsize::new(0),
            now: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        });
        let (address, shared) = (listener.local_addr().unwrap(), state.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = shared.clone();
                // The other side may hang up at any moment.
                thread::spawn(move || drop(serve(&stream, &state)));
            }
        });
        Self { address, state }
    }

    pub fn behave(&self, conduct: Conduct) {
        *self.state.conduct.lock().unwrap() = conduct;
    }

    /// Returns how many calls there were since it was last asked, and how many at once at most.
    pub fn take_counts(&self) -> (usize, usize) {
        let State {
            asked, now, most, ..
        } = &*self.state;
        let most = most.swap(now.load(Ordering::SeqCst), Ordering::SeqCst);
        (asked.swap(0, Ordering::SeqCst), most)
    }
}

fn serve(stream: &TcpStream, state: &State) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    while let Some(token) = question(&mut reader)? {
        state.asked.fetch_add(1, Ordering::SeqCst);
        let now = state.now.fetch_add(1, Ordering::SeqCst) + 1;
        state.most.fetch_max(now, Ordering::SeqCst);
        // The lock must not be held while one answer waits.
        let conduct = *state.conduct.lock().unwrap();
        let answered = answer(stream, &token, conduct);
        state.now.fetch_sub(1, Ordering::SeqCst);
        answered?;
    }
    Ok(())
}

fn answer(mut stream: &TcpStream, token: &str, conduct: Conduct) -> std::io::Result<()> {
    match conduct {
        Conduct::Fast | Conduct::Failing => {}
        Conduct::Slow => thread::sleep(Duration::from_millis(20)),
        // Until the other side gives up.
        Conduct::Hanging => {
            while stream.read(&mut [0; 64])? > 0 {}
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    let is_known = token == "good" || token.starts_with("fresh-");
    let (status, body) = match (conduct, is_known) {
        (Conduct::Failing, _) => (500, ""),
        (_, true) => (200, r#"{"active":true,"aud":"api","sub":"alice"}"#),
        (_, false) => (200, r#"{"active":false}"#),
    };
    let length = body.len();
    let text = format!("HTTP/1.1 {status} x\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(text.as_bytes())
}

/// Reads a question, and returns the token that it is about; nothing at the end of the connection.
fn question(reader: &mut impl BufRead) -> std::io::Result<Option<String>> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        match line.trim_end().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().unwrap();
            }
            None if line.trim_end().is_empty() => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut pairs = url::form_urlencoded::parse(&body);
    let token = pairs.find(|(name, _)| name == "token");
    Ok(Some(token.unwrap().1.into_owned()))
}
