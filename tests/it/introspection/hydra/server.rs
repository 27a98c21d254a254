//! Ory Hydra with its database in memory.

use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::glewlwyd::private_key;
use crate::support::{Answer, Component, Request, eventually, free_port, repository};

/// Where a browser comes back to. Nothing is there.
const CALLBACK: &str = "http://127.0.0.1/callback";

/// The running server.
pub struct Hydra {
    /// Where clients get their tokens.
    pub public: SocketAddr,
    /// Where clients are registered and tokens are introspected. It asks nobody who they are.
    pub admin: SocketAddr,
    _running: Component,
}

/// A client whose secret is its id with `-secret` behind it.
#[derive(Clone, Copy)]
pub struct Client {
    pub id: &'static str,
    /// `opaque` or `jwt`.
    pub strategy: &'static str,
}

impl Hydra {
    pub fn start() -> Self {
        let public = free_port();
        let running = Component::listening(|directory, admin| {
            let settings = json!({
                "dsn": "memory",
                "log": {"level": "warn"},
                "serve": {
                    "public": {"host": "127.0.0.1", "port": public},
                    "admin": {"host": "127.0.0.1", "port": admin},
                },
                "urls": {"self": {"issuer": format!("http://127.0.0.1:{public}")}},
                "secrets": {"system": ["this-is-a-secret-for-tests-only!"]},
            });
            let file = directory.join("hydra.json");
            std::fs::write(&file, settings.to_string()).unwrap();
            let mut command = Command::new(program());
            // Without the last one it reports to its makers.
            command.args(["serve", "all", "--dev", "--sqa-opt-out", "--config"]);
            command.arg(file);
            command
        });
        let hydra = Self {
            public: ([127, 0, 0, 1], public).into(),
            admin: running.address,
            _running: running,
        };
        eventually("Hydra", || TcpStream::connect(hydra.public).ok());
        // It would make keys of its own when it is first asked for them, which takes seconds.
        for set in ["hydra.openid.id-token", "hydra.jwt.access-token"] {
            let keys = json!({"keys": [private_key(set)]});
            let answer = hydra.administrate("PUT", &format!("/admin/keys/{set}"), &keys);
            assert_eq!(answer.status, 200, "{answer:?}");
        }
        hydra
    }

    /// The name in its tokens.
    pub fn issuer(&self) -> String {
        format!("http://{}", self.public)
    }

    /// Registers a client that may ask for tokens for the audience `orders-api`.
    pub fn register(&self, client: Client) {
        let Client { id, strategy } = client;
        let description = json!({
            "client_id": id,
            "client_secret": format!("{id}-secret"),
            "grant_types": ["client_credentials", "authorization_code", "refresh_token"],
            "redirect_uris": [CALLBACK],
            "scope": "openid offline_access read",
            "audience": ["orders-api"],
            "access_token_strategy": strategy,
        });
        let answer = self.administrate("POST", "/admin/clients", &description);
        assert_eq!(answer.status, 201, "{answer:?}");
    }

    /// An access token by client credentials, for this audience.
    pub fn token(&self, client: Client, audience: &str) -> String {
        let form = format!("grant_type=client_credentials&scope=read&audience={audience}");
        let tokens = self.post(client, "/oauth2/token", &form).json();
        tokens["access_token"].as_str().unwrap().to_owned()
    }

    /// Access, refresh and ID token of `alice`, who logged in and agreed.
    pub fn tokens_of_alice(&self, client: Client) -> Value {
        let scopes = json!(["openid", "offline_access", "read"]);
        let ask = format!(
            "/oauth2/auth?client_id={}&response_type=code&scope=openid+offline_access+read\
             &audience=orders-api&state=12345678&redirect_uri={CALLBACK}",
            client.id
        );
        let mut cookies = Vec::new();
        let to_log_in = self.follow(&ask, &mut cookies);
        let logged_in = self.accept("login", &to_log_in, &json!({"subject": "alice"}));
        let to_agree = self.follow(&logged_in, &mut cookies);
        let consent = json!({
            "grant_scope": scopes,
            "grant_access_token_audience": ["orders-api"],
            "session": {"access_token": {"roles": ["clerk"]}},
        });
        let agreed = self.accept("consent", &to_agree, &consent);
        let back = self.follow(&agreed, &mut cookies);
        let form = format!(
            "grant_type=authorization_code&redirect_uri={CALLBACK}&code={}",
            parameter(&back, "code")
        );
        self.post(client, "/oauth2/token", &form).json()
    }

    /// Ends a token.
    pub fn revoke(&self, client: Client, token: &str) {
        self.post(client, "/oauth2/revoke", &format!("token={token}"));
    }

    fn post(&self, client: Client, path: &str, form: &str) -> Answer {
        let Client { id, .. } = client;
        let answer = Request::new(self.public, "POST", path)
            .basic(id, &format!("{id}-secret"))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(form)
            .send();
        assert_eq!(answer.status, 200, "{answer:?}");
        answer
    }

    /// Says yes to a log-in or a consent. Returns where the browser goes next.
    fn accept(&self, kind: &str, page: &str, answer: &Value) -> String {
        let challenge = parameter(page, &format!("{kind}_challenge"));
        let path =
            format!("/admin/oauth2/auth/requests/{kind}/accept?{kind}_challenge={challenge}");
        let accepted = self.administrate("PUT", &path, answer);
        assert_eq!(accepted.status, 200, "{accepted:?}");
        let next = accepted.json()["redirect_to"].as_str().unwrap().to_owned();
        next.strip_prefix(&self.issuer()).unwrap().to_owned()
    }

    /// Goes there as a browser does. Returns where that leads.
    fn follow(&self, path: &str, cookies: &mut Vec<String>) -> String {
        let answer = Request::new(self.public, "GET", path)
            .host(&self.public.to_string())
            .header("Cookie", cookies.join("; "))
            .send();
        assert!(matches!(answer.status, 302 | 303), "{answer:?}");
        for (name, value) in &answer.fields {
            if name.eq_ignore_ascii_case("set-cookie") {
                cookies.extend(value.split(';').next().map(str::to_owned));
            }
        }
        answer.get("location").unwrap().to_owned()
    }

    fn administrate(&self, method: &str, path: &str, body: &Value) -> Answer {
        Request::new(self.admin, method, path)
            .header("Content-Type", "application/json")
            .body(body.to_string())
            .send()
    }
}

fn program() -> PathBuf {
    let program = repository().join(".tools/go/bin/hydra");
    assert!(
        program.is_file(),
        "Hydra is not installed\nhint: run `make setup`"
    );
    program
}

/// The value of a parameter of a URL, as it is written there.
fn parameter(url: &str, name: &str) -> String {
    let (_, query) = url.split_once('?').unwrap();
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs
        .find(|(own, _)| *own == name)
        .unwrap_or_else(|| panic!("{url}"));
    value.to_owned()
}
