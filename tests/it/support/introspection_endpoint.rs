//! An authorization server whose introspection endpoint follows the script of a test. It also has
//! metadata and keys.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::{GateBuilder, TestGate, TestIssuer};

/// The answer to a question.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    /// Further header lines, each with its line end.
    pub headers: String,
    pub body: Vec<u8>,
}

/// The behaviour of the endpoint.
#[derive(Clone)]
pub enum Script {
    /// Answers for the tokens that it knows.
    ByToken,
    /// Answers like [`ByToken`](Self::ByToken), once another script is set.
    Delay,
    /// Is silent until the other side gives up.
    Hang,
    /// Closes the connection without an answer.
    Close,
    /// Sends headers without end.
    Drip,
    /// Answers with the result of this function.
    By(Arc<dyn Fn(&Question) -> Reply + Send + Sync>),
}

/// A question that was asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// The head of the request, field names as they were sent.
    pub head: String,
    /// The parameters of the form.
    pub form: HashMap<String, String>,
}

/// The server; serves until it is dropped.
pub struct IntrospectionEndpoint {
    pub url: String,
    /// Makes tokens in the name of the server.
    pub idp: TestIssuer,
    state: Arc<State>,
}

struct State {
    script: Mutex<Script>,
    known: Mutex<HashMap<String, Value>>,
    questions: Mutex<Vec<Question>>,
    metadata: Mutex<Value>,
    described: AtomicUsize,
    keys: String,
    now: AtomicUsize,
    most: AtomicUsize,
    stopped: AtomicBool,
}

impl Reply {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: String::new(),
            body: body.into(),
        }
    }

    pub fn json(value: &Value) -> Self {
        Self::new(200, value.to_string())
    }
}

impl Script {
    /// Answers everything with this.
    pub fn always(status: u16, body: &str) -> Self {
        let reply = Reply::new(status, body);
        Self::By(Arc::new(move |_| reply.clone()))
    }
}

impl Question {
    pub fn token(&self) -> &str {
        self.form.get("token").map_or("", String::as_str)
    }

    /// The value of a header field.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (own, value) = line.split_once(": ")?;
            own.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

impl IntrospectionEndpoint {
    pub fn start() -> Self {
        Self::start_with(None)
    }

    /// One that speaks TLS and knows its clients by this configuration.
    pub fn start_tls(tls: rustls::ServerConfig) -> Self {
        Self::start_with(Some(Arc::new(tls)))
    }

    fn start_with(tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let idp = TestIssuer::new().named(&url);
        let metadata = json!({
            "issuer": url,
            "jwks_uri": format!("{url}/jwks"),
            "introspection_endpoint": format!("{url}/introspect"),
        });
        let state = Arc::new(State {
            script: Mutex::new(Script::ByToken),
            known: Mutex::default(),
            questions: Mutex::default(),
            metadata: Mutex::new(metadata),
            described: AtomicUsize::new(0),
            keys: idp.jwks(),
            now: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
        });
        let shared = state.clone();
        thread::spawn(move || accept(&listener, &shared, tls.as_ref()));
        Self { url, idp, state }
    }

    /// A service that trusts this server, has its keys, and asks it about opaque tokens.
    pub fn gate(&self) -> GateBuilder {
        TestGate::new()
            .trusting(&self.idp)
            .set("NAME", "main")
            .set("INTROSPECTION", "opaque")
            .set("INTROSPECTION_CLIENT_ID", "svc")
            .set("INTROSPECTION_CLIENT_SECRET", "svc-secret")
    }

    /// From now on this token is active, for the audience `api`, of `alice`, and these claims are
    /// added; `null` removes one.
    pub fn knows(&self, token: &str, claims: &Value) {
        let mut answer = json!({"active": true, "aud": "api", "sub": "alice"});
        for (name, value) in claims.as_object().unwrap() {
            answer[name] = value.clone();
        }
        answer
            .as_object_mut()
            .unwrap()
            .retain(|_, value| !value.is_null());
        let mut known = self.state.known.lock().unwrap();
        known.insert(token.to_owned(), answer);
    }

    pub fn forget(&self, token: &str) {
        self.state.known.lock().unwrap().remove(token);
    }

    pub fn script(&self, script: Script) {
        *self.state.script.lock().unwrap() = script;
    }

    /// Changes a member of the metadata.
    pub fn describe(&self, name: &str, value: Value) {
        self.state.metadata.lock().unwrap()[name] = value;
    }

    /// How often its metadata was fetched.
    pub fn described(&self) -> usize {
        self.state.described.load(Ordering::SeqCst)
    }

    /// The questions so far.
    pub fn questions(&self) -> Vec<Question> {
        self.state.questions.lock().unwrap().clone()
    }

    /// How many questions were asked.
    pub fn asked(&self) -> usize {
        self.state.questions.lock().unwrap().len()
    }

    /// Waits until so many questions were asked.
    pub fn wait_for(&self, questions: usize) {
        super::eventually("the questions", || {
            (self.asked() >= questions).then_some(())
        });
    }

    /// How many questions there were at the same time, at most.
    pub fn most_at_once(&self) -> usize {
        self.state.most.load(Ordering::SeqCst)
    }
}

impl Drop for IntrospectionEndpoint {
    fn drop(&mut self) {
        self.state.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        let address = self.url.split("//").nth(1).unwrap();
        let _ = TcpStream::connect(address);
    }
}

fn accept(listener: &TcpListener, state: &Arc<State>, tls: Option<&Arc<rustls::ServerConfig>>) {
    for stream in listener.incoming() {
        if state.stopped.load(Ordering::SeqCst) {
            return;
        }
        let (Ok(stream), state, tls) = (stream, state.clone(), tls.cloned()) else {
            continue;
        };
        // The other side may be gone at any moment.
        thread::spawn(move || {
            let _ = match tls {
                None => serve(stream, &state),
                Some(tls) => {
                    let connection = rustls::ServerConnection::new(tls).unwrap();
                    serve(rustls::StreamOwned::new(connection, stream), &state)
                }
            };
        });
    }
}

fn serve(mut stream: impl Read + Write, state: &State) -> std::io::Result<()> {
    while let Some((head, body)) = read(&mut stream)? {
        match path(&head) {
            "/.well-known/openid-configuration" => {
                state.described.fetch_add(1, Ordering::SeqCst);
                let metadata = state.metadata.lock().unwrap().clone();
                write(&mut stream, &Reply::json(&metadata))?;
            }
            "/jwks" => write(&mut stream, &Reply::new(200, state.keys.as_str()))?,
            "/introspect" => {
                let form = url::form_urlencoded::parse(&body).into_owned().collect();
                let question = Question { head, form };
                state.questions.lock().unwrap().push(question.clone());
                let now = state.now.fetch_add(1, Ordering::SeqCst) + 1;
                state.most.fetch_max(now, Ordering::SeqCst);
                let acted = act(&mut stream, &question, state);
                state.now.fetch_sub(1, Ordering::SeqCst);
                if !acted? {
                    return Ok(());
                }
            }
            _ => write(&mut stream, &Reply::new(404, ""))?,
        }
    }
    Ok(())
}

/// The path of the target. In the place of a proxy, the target is a whole URL.
fn path(head: &str) -> &str {
    let target = head.split(' ').nth(1).unwrap_or_default();
    let Some((_, place)) = target.split_once("://") else {
        return target;
    };
    place.find('/').map_or("/", |at| &place[at..])
}

/// Returns `true` if the connection can take another request.
fn act(
    stream: &mut (impl Read + Write),
    question: &Question,
    state: &State,
) -> std::io::Result<bool> {
    let script = || state.script.lock().unwrap().clone();
    let reply = match script() {
        Script::ByToken => by_token(question, state),
        Script::By(reply) => reply(question),
        Script::Delay => {
            while matches!(script(), Script::Delay) && !state.stopped.load(Ordering::SeqCst) {
                thread::park_timeout(Duration::from_millis(5));
            }
            by_token(question, state)
        }
        Script::Close => return Ok(false),
        Script::Hang => {
            while stream.read(&mut [0; 1024])? > 0 {}
            return Ok(false);
        }
        Script::Drip => loop {
            stream.write_all(b"HTTP/1.1 200 OK\r\nX-A: b\r\n")?;
            thread::park_timeout(Duration::from_millis(5));
        },
    };
    write(stream, &reply)?;
    Ok(true)
}

fn by_token(question: &Question, state: &State) -> Reply {
    let known = state.known.lock().unwrap();
    let inactive = json!({"active": false});
    Reply::json(known.get(question.token()).unwrap_or(&inactive))
}

fn write(stream: &mut impl Write, reply: &Reply) -> std::io::Result<()> {
    let Reply {
        status,
        headers,
        body,
    } = reply;
    let length = body.len();
    let head = format!("HTTP/1.1 {status} x\r\nContent-Length: {length}\r\n{headers}\r\n");
    stream.write_all(&[head.as_bytes(), body].concat())
}

/// Reads the head and the body of a request.
fn read(stream: &mut impl Read) -> std::io::Result<Option<(String, Vec<u8>)>> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte)? == 0 {
            return Ok(None);
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().unwrap())
    });
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body)?;
    Ok(Some((head, body)))
}
