//! An issuer whose keys, answers and faults a test decides about.

use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use doorward::domain::Clock;
use doorward::jose::{Algorithm, SigningKey};
use serde_json::{Value, json};

use super::{TestClock, TokenBuilder};

/// A key for each algorithm, made once: RSA keys take long.
pub fn key(algorithm: Algorithm) -> Arc<SigningKey> {
    static KEYS: OnceLock<Mutex<Vec<Arc<SigningKey>>>> = OnceLock::new();
    let mut keys = KEYS.get_or_init(Mutex::default).lock().unwrap();
    if let Some(key) = keys.iter().find(|key| key.algorithm() == algorithm) {
        return key.clone();
    }
    let key = Arc::new(
        SigningKey::generate(algorithm)
            .unwrap()
            .with_id(format!("key-{algorithm}")),
    );
    keys.push(key.clone());
    key
}

/// An issuer; on the network only after [`TestIssuer::serve`].
pub struct TestIssuer {
    pub clock: TestClock,
    state: Arc<State>,
    server: Option<(ServerHandle, u16)>,
}

struct State {
    issuer: Mutex<String>,
    keys: Mutex<Vec<Arc<SigningKey>>>,
    /// What `/jwks` answers instead of the keys.
    instead: Mutex<Option<(u16, String)>>,
    fetches: AtomicUsize,
    /// Headers that `/jwks` adds to whatever it answers.
    headers: Mutex<Vec<(&'static str, String)>>,
    /// Whether `/jwks` names the version of its document, and says when it is unchanged.
    versions: AtomicBool,
    not_modified: AtomicUsize,
}

impl TestIssuer {
    /// With an ES256 key, which is quickly made.
    pub fn new() -> Self {
        Self::with_keys(vec![key(Algorithm::ES256)])
    }

    pub fn with_keys(keys: Vec<Arc<SigningKey>>) -> Self {
        let state = State {
            issuer: Mutex::new("https://idp.example".into()),
            keys: Mutex::new(keys),
            instead: Mutex::default(),
            fetches: AtomicUsize::new(0),
            headers: Mutex::default(),
            versions: AtomicBool::new(false),
            not_modified: AtomicUsize::new(0),
        };
        Self {
            clock: TestClock::new(),
            state: Arc::new(state),
            server: None,
        }
    }

    /// With another name, which need not be on the network.
    pub fn named(self, issuer: &str) -> Self {
        issuer.clone_into(&mut self.state.issuer.lock().unwrap());
        self
    }

    /// Puts it on the network: discovery and key set.
    pub fn serve(self) -> Self {
        self.serve_on(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    pub fn serve_on(mut self, socket: TcpListener) -> Self {
        let port = socket.local_addr().unwrap().port();
        *self.state.issuer.lock().unwrap() = format!("http://127.0.0.1:{port}");
        self.server = Some((serve(self.state.clone(), socket), port));
        self
    }

    pub fn url(&self) -> String {
        self.state.issuer.lock().unwrap().clone()
    }

    /// A token by its first key, for the audience `api`, of `alice`.
    pub fn token(&self) -> TokenBuilder {
        let key = self.state.keys.lock().unwrap()[0].clone();
        TokenBuilder::new(key, &self.url(), self.clock.now().as_secs())
    }

    /// A token by this key, which may be anybody's.
    pub fn token_by(&self, key: Arc<SigningKey>) -> TokenBuilder {
        TokenBuilder::new(key, &self.url(), self.clock.now().as_secs())
    }

    pub fn jwks(&self) -> String {
        jwks_text(&self.state)
    }

    /// Exchanges the keys for one fresh ES256 key of this id.
    pub fn rotate(&self, id: &str) -> Arc<SigningKey> {
        let key = Arc::new(SigningKey::generate(Algorithm::ES256).unwrap().with_id(id));
        self.set_keys(vec![key.clone()]);
        key
    }

    pub fn set_keys(&self, keys: Vec<Arc<SigningKey>>) {
        *self.state.keys.lock().unwrap() = keys;
    }

    /// From now on `/jwks` answers this.
    pub fn answer_instead(&self, status: u16, body: impl Into<String>) {
        *self.state.instead.lock().unwrap() = Some((status, body.into()));
    }

    /// From now on `/jwks` answers with the keys again.
    pub fn recover(&self) {
        *self.state.instead.lock().unwrap() = None;
    }

    /// From now on `/jwks` adds this header.
    pub fn add_header(&self, name: &'static str, value: impl Into<String>) {
        self.state
            .headers
            .lock()
            .unwrap()
            .push((name, value.into()));
    }

    /// From now on `/jwks` has an `ETag`, and answers 304 to who knows it.
    pub fn name_versions(&self) {
        self.state.versions.store(true, Ordering::SeqCst);
    }

    /// How often `/jwks` said that nothing has changed.
    pub fn not_modified(&self) -> usize {
        self.state.not_modified.load(Ordering::SeqCst)
    }

    /// How often `/jwks` was asked.
    pub fn fetches(&self) -> usize {
        self.state.fetches.load(Ordering::SeqCst)
    }
}

impl Drop for TestIssuer {
    fn drop(&mut self) {
        if let Some((server, _)) = &self.server {
            // The stop order is given when the future is made; so nothing needs to wait for it.
            drop(server.stop(false));
        }
    }
}

fn serve(state: Arc<State>, socket: TcpListener) -> ServerHandle {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async move {
            let data = web::Data::from(state);
            let app = move || {
                App::new()
                    .app_data(data.clone())
                    .default_service(web::to(answer))
            };
            let server = HttpServer::new(app)
                .disable_signals()
                .workers(1)
                .shutdown_timeout(0)
                .listen(socket)
                .unwrap()
                .run();
            tell.send(server.handle()).unwrap();
            let _ = server.await;
        });
    });
    told.recv().unwrap()
}

async fn answer(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let issuer = state.issuer.lock().unwrap().clone();
    match request.path() {
        "/.well-known/openid-configuration" => {
            HttpResponse::Ok().json(json!({"issuer": issuer, "jwks_uri": format!("{issuer}/jwks")}))
        }
        // The second is where Keycloak has them.
        "/jwks" | "/realms/acme/protocol/openid-connect/certs" => {
            state.fetches.fetch_add(1, Ordering::SeqCst);
            jwks(&request, &state)
        }
        _ => HttpResponse::NotFound().finish(),
    }
}

fn jwks(request: &HttpRequest, state: &State) -> HttpResponse {
    let (status, body) = state
        .instead
        .lock()
        .unwrap()
        .clone()
        .unwrap_or_else(|| (200, jwks_text(state)));
    let mut answer = HttpResponse::build(StatusCode::from_u16(status).unwrap());
    for (name, value) in &*state.headers.lock().unwrap() {
        answer.insert_header((*name, value.as_str()));
    }
    if !state.versions.load(Ordering::SeqCst) || status != 200 {
        return answer.body(body);
    }
    let version = format!(
        "\"{:016x}\"",
        body.bytes()
            .fold(0_u64, |sum, byte| sum.wrapping_mul(31) + u64::from(byte))
    );
    if request
        .headers()
        .get("if-none-match")
        .is_some_and(|known| known.as_bytes() == version.as_bytes())
    {
        state.not_modified.fetch_add(1, Ordering::SeqCst);
        return answer.status(StatusCode::NOT_MODIFIED).finish();
    }
    answer.insert_header(("etag", version)).body(body)
}

fn jwks_text(state: &State) -> String {
    let keys: Vec<Value> = state
        .keys
        .lock()
        .unwrap()
        .iter()
        .filter_map(|key| key.to_public_jwk(None))
        .collect();
    json!({ "keys": keys }).to_string()
}
