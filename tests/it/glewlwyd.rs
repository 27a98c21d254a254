//! Glewlwyd as the issuer: a provider in C whose access tokens are those of RFC 9068. Found by
//! discovery alone.

use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Answer, Component, GateBuilder, Request, TestGate, program, shipped};

/// What Debian installs; only places and names are exchanged.
const CONFIGURATION: &str = "/etc/glewlwyd/glewlwyd.conf";
const DATABASE: &str = "/usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz";

#[test]
fn its_tokens_meet_the_profile_of_rfc_9068() {
    let provider = Provider::start();
    let gate = trusting(&provider, "read")
        .set("TOKEN_TYPE", "at+jwt")
        .spawn();
    let answer = gate.get("/verify").bearer(&provider.token()).send();
    assert_eq!(answer.verdict(), "200", "{answer:?}");
    let identity = ["subject", "client-id", "scopes", "issuer"]
        .map(|name| answer.get(&format!("x-auth-{name}")).unwrap());
    assert_eq!(identity, ["svc", "svc", "read", &provider.issuer]);
    assert_eq!(
        trusting(&provider, "another")
            .spawn()
            .verdict(&provider.token()),
        "401 audience_mismatch"
    );
}

#[test]
fn its_rotation_is_noticed_by_the_first_token_of_the_new_key() {
    let provider = Provider::start();
    let gate = trusting(&provider, "read")
        .set("JWKS_MIN_REFETCH", "1s")
        .spawn();
    let old = provider.token();
    assert_eq!(
        (gate.verdict(&old), gate.verdict(&old)),
        ("200".into(), "200".into())
    );
    provider.rotate("two");
    assert_eq!(gate.verdict(&old), "200", "nobody has told the service yet");
    assert_eq!(
        gate.verdict(&provider.token()),
        "200",
        "not at the next refresh, but now"
    );
    assert_eq!(gate.verdict(&old), "401 key_unknown", "cached or not");
}

#[test]
fn its_restart_is_nothing_to_its_tokens() {
    let mut provider = Provider::start();
    let gate = trusting(&provider, "read")
        .set("JWKS_REFRESH", "1s")
        .spawn();
    let [cached, unseen] = [(); 2].map(|()| provider.token());
    assert_eq!(gate.verdict(&cached), "200");
    provider.stop();
    gate.wait_for("/status", |answer| {
        !answer.json()["issuers"][0]["last_error"].is_null()
    });
    assert_eq!(
        (gate.verdict(&cached), gate.verdict(&unseen)),
        ("200".into(), "200".into())
    );
    assert_eq!(gate.admin("/readyz").send().status, 200);
    provider.start_again();
    gate.wait_for("/status", |answer| {
        answer.json()["issuers"][0]["last_error"].is_null()
    });
    assert_eq!(gate.verdict(&provider.token()), "200");
}

fn trusting(provider: &Provider, audience: &str) -> GateBuilder {
    // A slow machine is no reason for a 503.
    let gate = TestGate::new().by_machine_time().set("JWKS_WAIT", "15s");
    gate.set("ISSUER", &provider.issuer)
        .set("AUDIENCE", audience)
}

/// The provider, with a database that outlives it.
struct Provider {
    issuer: String,
    running: Option<Component>,
    port: u16,
    directory: TempDir,
}

impl Provider {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("glewlwyd.db");
        let load = format!("zcat {DATABASE} | sqlite3 {}", database.display());
        assert!(
            Command::new("sh")
                .args(["-c", &load])
                .status()
                .unwrap()
                .success(),
            "{load}"
        );
        let running = Component::listening(|_, port| command(port, &directory));
        let port = running.address.port();
        let issuer = format!("http://127.0.0.1:{port}/api/oidc");
        let provider = Self {
            issuer,
            running: Some(running),
            port,
            directory,
        };
        provider.set_up();
        provider
    }

    /// A scope, the plugin that issues tokens, and a client.
    fn set_up(&self) {
        let scope = json!({"name": "read", "display_name": "read", "description": "read",
                           "password_required": false, "password_max_age": 0, "scheme": {}});
        let client = json!({"client_id": "svc", "name": "svc", "confidential": true, "password": "svc-secret",
                            "client_secret": "svc-secret", "redirect_uri": [], "scope": ["read"], "enabled": true,
                            "authorization_type": ["client_credentials"],
                            "token_endpoint_auth_method": ["client_secret_basic"]});
        self.administrate("POST", "scope/", &scope);
        self.administrate("POST", "mod/plugin/", &self.plugin("one"));
        self.administrate("POST", "client/?source=database", &client);
    }

    /// Exchanges its only key for a fresh one of this name.
    fn rotate(&self, id: &str) {
        self.administrate("PUT", "mod/plugin/oidc", &self.plugin(id));
        self.administrate("PUT", "mod/plugin/oidc/reset/", &json!({}));
    }

    fn plugin(&self, key_id: &str) -> Value {
        let keys = json!({"keys": [private_key(key_id)]}).to_string();
        let mut parameters = json!({"iss": self.issuer, "jwks-private": keys, "default-kid": key_id,
            "jwt-type": "rsa", "jwt-key-size": "256", "access-token-duration": 600, "refresh-token-duration": 600,
            "code-duration": 600, "refresh-token-rolling": true, "allow-non-oidc": true, "jwks-show": true,
            "secret-type": "pairwise", "auth-type-client-enabled": true});
        for flow in ["code", "token", "implicit", "password", "refresh"] {
            parameters[format!("auth-type-{flow}-enabled")] = false.into();
        }
        json!({"module": "oidc", "name": "oidc", "display_name": "oidc", "parameters": parameters})
    }

    fn administrate(&self, method: &str, path: &str, body: &Value) {
        let login = self
            .ask("POST", "auth/")
            .body(r#"{"username":"admin","password":"password"}"#)
            .send();
        let session = login
            .get("set-cookie")
            .unwrap()
            .split(';')
            .next()
            .unwrap()
            .to_owned();
        let answer = self
            .ask(method, path)
            .header("Cookie", session)
            .body(body.to_string())
            .send();
        assert_eq!(answer.status, 200, "{method} {path}: {answer:?}");
    }

    fn ask(&self, method: &str, path: &str) -> Request {
        let address = ([127, 0, 0, 1], self.port).into();
        Request::new(address, method, &format!("/api/{path}"))
            .header("Content-Type", "application/json")
    }

    /// An access token by client credentials.
    fn token(&self) -> String {
        let address = ([127, 0, 0, 1], self.port).into();
        let request = Request::new(address, "POST", "/api/oidc/token");
        let request = request.header("Authorization", "Basic c3ZjOnN2Yy1zZWNyZXQ=");
        let request = request.header("Content-Type", "application/x-www-form-urlencoded");
        let answer: Answer = request
            .body("grant_type=client_credentials&scope=read")
            .send();
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    fn stop(&mut self) {
        self.running = None;
    }

    fn start_again(&mut self) {
        self.running = Some(Component::listening_on(self.port, |_| {
            command(self.port, &self.directory)
        }));
    }
}

fn command(port: u16, directory: &TempDir) -> Command {
    let here = directory.path().display();
    let configuration = shipped(
        CONFIGURATION,
        &[
            (
                "port=4593",
                &format!("port={port}\nbind_address=\"127.0.0.1\""),
            ),
            (
                "http://localhost:4593/",
                &format!("http://127.0.0.1:{port}"),
            ),
            ("log_mode=\"file\"", "log_mode=\"console\""),
            (
                "@include \"/etc/glewlwyd/glewlwyd-db.conf\"",
                &format!("database = {{ type = \"sqlite3\" path = \"{here}/glewlwyd.db\" }};"),
            ),
        ],
    );
    let file = directory.path().join(format!("{port}.conf"));
    std::fs::write(&file, configuration).unwrap();
    let mut command = Command::new(program("glewlwyd"));
    command.arg(format!("--config-file={}", file.display()));
    command
}

/// An RSA key as a JWK, with its private part.
pub fn private_key(id: &str) -> Value {
    let script = "console.log(JSON.stringify(require('crypto').generateKeyPairSync('rsa', {modulusLength: 2048}).privateKey.export({format: 'jwk'})))";
    let made = Command::new(program("node"))
        .args(["-e", script])
        .output()
        .unwrap();
    let mut key: Value = serde_json::from_slice(&made.stdout).unwrap();
    key.as_object_mut().unwrap().extend([
        ("kid".to_owned(), id.into()),
        ("alg".to_owned(), "RS256".into()),
        ("use".to_owned(), "sig".into()),
    ]);
    key
}
