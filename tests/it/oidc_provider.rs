//! A certified `OpenID` provider as the issuer. The service knows its name, and finds the rest by
//! discovery.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Answer, Component, GateBuilder, Request, TestGate, program, repository};

const RS256: &str = "https://api.example/rs256";
const ES256: &str = "https://api.example/es256";
const EDDSA: &str = "https://api.example/eddsa";

#[test]
fn tokens_of_every_algorithm_pass() {
    let provider = Provider::start();
    let gate = trusting(&provider, &[RS256, ES256, EDDSA].join(",")).spawn();
    for resource in [RS256, ES256, EDDSA] {
        let answer = gate.get("/verify").bearer(&provider.token(resource)).send();
        assert_eq!(answer.verdict(), "200", "{resource}: {answer:?}");
        let identity = ["client-id", "scopes", "issuer"]
            .map(|name| answer.get(&format!("x-auth-{name}")).unwrap());
        assert_eq!(identity, ["svc", "read", &provider.issuer]);
    }
}

#[test]
fn a_token_for_another_api_is_refused() {
    let provider = Provider::start();
    let gate = trusting(&provider, RS256).spawn();
    assert_eq!(gate.verdict(&provider.token(RS256)), "200");
    for resource in [ES256, EDDSA] {
        assert_eq!(
            gate.verdict(&provider.token(resource)),
            "401 audience_mismatch"
        );
    }
}

#[test]
fn the_profile_of_rfc_9068_is_met() {
    let provider = Provider::start();
    let gate = trusting(&provider, ES256)
        .set("TOKEN_TYPE", "at+jwt")
        .spawn();
    assert_eq!(gate.verdict(&provider.token(ES256)), "200");
}

#[test]
fn rotated_keys_are_noticed_by_the_first_token_of_the_new_one() {
    let mut provider = Provider::start();
    let gate = trusting(&provider, RS256)
        .set("JWKS_MIN_REFETCH", "1s")
        .spawn();
    let [cached, unseen] = [(); 2].map(|()| provider.token(RS256));
    assert_eq!(gate.verdict(&cached), "200");

    provider.rotate();
    let new = provider.token(RS256);
    // The service does not know it yet.
    assert_eq!(gate.verdict(&cached), "200");
    assert!(gate.metric(r#"doorward_token_cache_requests_total{result="hit"}"#) >= 1.0);

    assert_eq!(
        gate.verdict(&new),
        "200",
        "not at the next refresh, but now"
    );
    assert_eq!(gate.verdict(&cached), "401 key_unknown");
    assert_eq!(gate.verdict(&unseen), "401 key_unknown");
    assert_eq!(gate.verdict(&new), "200");
}

#[test]
fn a_rotation_with_overlap_denies_nobody() {
    let mut provider = Provider::start();
    let (old_keys, new_keys) = (provider.keys(), Provider::start().keys());
    let gate = trusting(&provider, RS256).set("JWKS_REFRESH", "1s").spawn();
    let known = |count: usize| {
        gate.wait_for("/status", |answer| {
            answer.json()["issuers"][0]["keys"]
                .as_array()
                .unwrap()
                .len()
                == count
        });
    };
    let old = provider.token(RS256);
    assert_eq!(gate.verdict(&old), "200");
    // Published, then used, then alone; the first key of an algorithm is the one that signs.
    provider.restart_with(&[&old_keys[..], &new_keys].concat());
    known(2 * old_keys.len());
    provider.restart_with(&[&new_keys[..], &old_keys].concat());
    let new = provider.token(RS256);
    assert_eq!(
        [&old, &new, &old].map(|token| gate.verdict(token)),
        ["200", "200", "200"]
    );
    provider.restart_with(&new_keys);
    known(new_keys.len());
    assert_eq!(
        (gate.verdict(&new), gate.verdict(&old)),
        ("200".into(), "401 key_unknown".into())
    );
}

#[test]
fn the_service_starts_before_its_issuer() {
    let mut provider = Provider::start();
    let early = provider.token(ES256);
    provider.stop();
    let gate = trusting(&provider, ES256)
        .set("JWKS_WAIT", "10ms")
        .set("JWKS_MIN_REFETCH", "1s")
        .spawn();
    assert_eq!(gate.verdict(&early), "503 keys_unavailable");
    assert_eq!(gate.admin("/readyz").send().status, 503);
    provider.start_again();
    gate.wait_for("/readyz", |answer| answer.status == 200);
    assert_eq!(gate.verdict(&early), "200");
}

/// By discovery alone.
fn trusting(provider: &Provider, audience: &str) -> GateBuilder {
    // A slow machine is no reason for a 503.
    let gate = TestGate::new()
        .by_machine_time()
        .set("JWKS_WAIT", "15s")
        .set("DEPENDENCY_WAIT", "15s");
    gate.set("ISSUER", &provider.issuer)
        .set("AUDIENCE", audience)
}

/// The provider, with keys that outlive it.
pub struct Provider {
    pub issuer: String,
    running: Option<Component>,
    port: u16,
    directory: TempDir,
}

impl Provider {
    pub fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let running = Component::listening(|_, port| command(port, directory.path()));
        let port = running.address.port();
        Self {
            issuer: format!("http://127.0.0.1:{port}"),
            running: Some(running),
            port,
            directory,
        }
    }

    fn stop(&mut self) {
        self.running = None;
    }

    /// At the same address, with the keys that are there.
    fn start_again(&mut self) {
        let mut running = Component::start(|_| command(self.port, self.directory.path()));
        running.wait_for_line(&self.issuer);
        self.running = Some(running);
    }

    /// Comes back with fresh keys.
    fn rotate(&mut self) {
        self.stop();
        std::fs::remove_file(keys(self.directory.path())).unwrap();
        self.start_again();
    }

    /// Comes back with these keys.
    fn restart_with(&mut self, private_keys: &[Value]) {
        self.stop();
        std::fs::write(
            keys(self.directory.path()),
            serde_json::to_string(private_keys).unwrap(),
        )
        .unwrap();
        self.start_again();
    }

    /// Its keys with their private parts. They are made when it is first asked for something.
    fn keys(&self) -> Vec<Value> {
        self.token(RS256);
        serde_json::from_slice(&std::fs::read(keys(self.directory.path())).unwrap()).unwrap()
    }

    /// An access token by client credentials, for this resource.
    pub fn token(&self, resource: &str) -> String {
        let form = format!("grant_type=client_credentials&scope=read&resource={resource}");
        self.granted(form, "access_token")
    }

    /// A refresh token of a user, by a grant that gives nothing else.
    pub fn refresh_token(&self) -> String {
        self.granted("grant_type=urn:tests:refresh".to_owned(), "refresh_token")
    }

    fn granted(&self, form: String, member: &str) -> String {
        let answer = self.post("/token", form);
        answer.json()[member].as_str().unwrap().to_owned()
    }

    /// Ends an access token.
    pub fn revoke(&self, token: &str) {
        self.post("/token/revocation", format!("token={token}"));
    }

    /// The answer to a form of the client `svc`.
    fn post(&self, target: &str, form: String) -> Answer {
        let address = ([127, 0, 0, 1], self.port).into();
        let request = Request::new(address, "POST", target)
            .header("Authorization", "Basic c3ZjOnN2Yy1zZWNyZXQ=");
        let answer = request
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(form)
            .send();
        assert_eq!(answer.status, 200, "{answer:?}");
        answer
    }
}

fn command(port: u16, directory: &Path) -> Command {
    let mut command = Command::new(program("node"));
    command
        .arg(repository().join("tests/oidc-provider/op.mjs"))
        .args(["--port", &port.to_string()]);
    command.arg("--keys").arg(keys(directory));
    command
}

fn keys(directory: &Path) -> std::path::PathBuf {
    directory.join("keys.json")
}
