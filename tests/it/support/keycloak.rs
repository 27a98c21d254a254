//! The one Keycloak of a run of the tests, with the realms `acme` (`deploy/keycloak`) and `tests`
//! (`tests/keycloak`).
//!
//! `scripts/keycloak.sh` starts it, and ends it when no process uses it any more. A test that
//! changes a realm makes one of its own.

use std::fs::File;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::{Answer, Request, repository};

/// The client id and secret of the administrator, set by `scripts/setup.sh`.
const ADMINISTRATOR: [&str; 2] = ["admin", "admin"];

pub struct Keycloak {
    pub address: SocketAddr,
    /// Locked as long as this process lives.
    _used: File,
}

/// One of its realms.
pub struct Realm {
    pub address: SocketAddr,
    pub name: String,
}

/// How a client names itself.
#[derive(Clone, Copy)]
pub enum Client<'a> {
    Public(&'a str),
    /// Id and secret in the header (RFC 6749 section 2.3.1).
    Basic(&'a str, &'a str),
    /// Id and secret in the body.
    Post(&'a str, &'a str),
}

/// The response of the token endpoint.
pub struct Tokens(Value);

impl Keycloak {
    /// Waits until it is ready; starts it if it does not run yet.
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<Keycloak> = LazyLock::new(Keycloak::find);
        &SHARED
    }

    fn find() -> Self {
        let place = repository().join("target/keycloak");
        std::fs::create_dir_all(&place).unwrap();
        let mut options = File::options();
        let used = options.create(true).truncate(false).write(true);
        let used = used.open(place.join("users")).unwrap();
        // Waits while one that nothing used any more ends.
        used.lock_shared().unwrap();
        let started = Command::new(repository().join("scripts/keycloak.sh"))
            .arg("address")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&started.stderr);
        assert!(started.status.success(), "{said}");
        let address = String::from_utf8(started.stdout).unwrap();
        Self {
            address: address.trim().parse().unwrap(),
            _used: used,
        }
    }

    pub fn realm(&self, name: &str) -> Realm {
        Realm {
            address: self.address,
            name: name.to_owned(),
        }
    }

    /// The realm that this process makes under this name. Two processes may use the same instance.
    pub fn own_realm(&self, name: &str) -> Realm {
        self.realm(&format!("{name}-{}", std::process::id()))
    }

    /// Makes a realm with these clients and the user `alice`.
    pub fn create_realm(&self, name: &str, clients: &Value) -> Realm {
        let realm = self.own_realm(name);
        let user = json!({"username": "alice", "enabled": true, "email": "alice@tests.example",
            "emailVerified": true, "firstName": "Alice", "lastName": "Example",
            "credentials": [{"type": "password", "value": "alice", "temporary": false}]});
        let description =
            json!({"realm": realm.name, "enabled": true, "clients": clients, "users": [user]});
        let answer = self.administrate("POST", "", &description);
        assert_eq!(answer.status, 201, "{answer:?}");
        realm
    }

    /// Asks its admin API, below `/admin/realms`.
    pub fn administrate(&self, method: &str, path: &str, body: &Value) -> Answer {
        let [id, secret] = ADMINISTRATOR;
        let token = self
            .realm("master")
            .by_client_credentials(Client::Basic(id, secret));
        Request::new(self.address, method, &format!("/admin/realms{path}"))
            .host(&self.address.to_string())
            .bearer(token.access())
            .header("Content-Type", "application/json")
            .body(body.to_string())
            .send()
    }
}

impl Realm {
    /// The URL of its Keycloak, for `keycloak_url`.
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The `iss` of its tokens.
    pub fn issuer(&self) -> String {
        format!("{}/realms/{}", self.base(), self.name)
    }

    /// A log-in of this user, whose password is the name, with an ID token.
    pub fn by_password(&self, client: Client<'_>, user: &str) -> Tokens {
        self.tokens(
            client,
            &[
                ("grant_type", "password"),
                ("username", user),
                ("password", user),
                ("scope", "openid"),
            ],
        )
    }

    pub fn by_client_credentials(&self, client: Client<'_>) -> Tokens {
        self.tokens(client, &[("grant_type", "client_credentials")])
    }

    pub fn refreshed(&self, client: Client<'_>, tokens: &Tokens) -> Tokens {
        self.tokens(
            client,
            &[
                ("grant_type", "refresh_token"),
                ("refresh_token", tokens.refresh()),
            ],
        )
    }

    /// Ends the session of these tokens.
    pub fn log_out(&self, client: Client<'_>, tokens: &Tokens) {
        let answer = self.post(client, "logout", &[("refresh_token", tokens.refresh())]);
        assert_eq!(answer.status, 204, "{answer:?}");
    }

    /// The introspection response about a token (RFC 7662).
    pub fn introspect(&self, client: Client<'_>, token: &str) -> Answer {
        self.post(client, "token/introspect", &[("token", token)])
    }

    fn tokens(&self, client: Client<'_>, form: &[(&str, &str)]) -> Tokens {
        let answer = self.post(client, "token", form);
        assert_eq!(answer.status, 200, "{answer:?}");
        Tokens(answer.json())
    }

    fn post(&self, client: Client<'_>, endpoint: &str, form: &[(&str, &str)]) -> Answer {
        let target = format!("/realms/{}/protocol/openid-connect/{endpoint}", self.name);
        let request = Request::new(self.address, "POST", &target)
            .host(&self.address.to_string())
            .header("Content-Type", "application/x-www-form-urlencoded");
        let (request, own) = match client {
            Client::Public(id) => (request, vec![("client_id", id)]),
            Client::Post(id, secret) => {
                (request, vec![("client_id", id), ("client_secret", secret)])
            }
            Client::Basic(id, secret) => {
                let [id, secret] = [id, secret].map(encoded);
                (request.basic(&id, &secret), Vec::new())
            }
        };
        let form: Vec<_> = form
            .iter()
            .chain(&own)
            .map(|(name, value)| format!("{name}={}", encoded(value)))
            .collect();
        request.body(form.join("&")).send()
    }
}

impl Tokens {
    pub fn access(&self) -> &str {
        self.text("access_token")
    }

    pub fn refresh(&self) -> &str {
        self.text("refresh_token")
    }

    pub fn id(&self) -> &str {
        self.text("id_token")
    }

    fn text(&self, name: &str) -> &str {
        self.0[name]
            .as_str()
            .unwrap_or_else(|| panic!("no {name}: {}", self.0))
    }
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
