//! Files that turn into pipes without a writer while the service runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use doorward::jose::{Algorithm, SigningKey};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde_json::{Value, json};

use crate::support::{Answer, Authority, FaultyIssuer, Request, Service, TlsPlace, eventually};

/// A service with two issuers: one is well throughout, and the other has something to do with a
/// file.
struct House {
    place: tempfile::TempDir,
    service: Service,
    admin: std::net::SocketAddr,
    well: FaultyIssuer,
}

fn fresh_key(id: &str) -> Arc<SigningKey> {
    Arc::new(SigningKey::generate(Algorithm::ES256).unwrap().with_id(id))
}

fn jwks(key: &SigningKey) -> String {
    json!({"keys": [key.to_public_jwk(None)]}).to_string()
}

impl House {
    /// With these lines for the other issuer, and these for the service.
    fn new(place: tempfile::TempDir, other: &str, more: &str) -> Self {
        let well = FaultyIssuer::serving(jwks(&fresh_key("old")));
        let file = place.path().join("doorward.yaml");
        let text = format!(
            "listen: 127.0.0.1:0\nadmin_listen: 127.0.0.1:0\nworkers: 1\njwks_refresh: 1s\n{more}issuers:
  - {{name: well, issuer: '{}', audience: [api]}}
  - {{name: other, issuer: 'https://other.example', audience: [api], {other}}}\n",
            well.url
        );
        std::fs::write(&file, text).unwrap();
        let mut service = Service::start(&["serve", "--config", file.to_str().unwrap()], &[]);
        let admin = service.address("admin");
        let fixture = Self {
            place,
            service,
            admin,
            well,
        };
        fixture.wait_for(|status| {
            status["issuers"][0]["usable"] == true && status["issuers"][1]["usable"] == true
        });
        fixture
    }

    fn status(&self) -> Answer {
        Request::new(self.admin, "GET", "/status")
            .host("localhost")
            .send()
    }

    fn wait_for(&self, satisfied: impl Fn(&Value) -> bool) -> Value {
        eventually("another status", || {
            Some(self.status().json()).filter(&satisfied)
        })
    }

    /// Puts a pipe in the place of this file.
    fn stuff(&self, name: &str) -> PathBuf {
        let path = self.place.path().join(name);
        std::fs::remove_file(&path).unwrap();
        mkfifo(&path, Mode::S_IRWXU).unwrap();
        path
    }

    /// The other issuer's key is exchanged in time, a reload is reported and the word to stop is
    /// obeyed.
    fn lives_on(mut self, what_comes_of_a_reload: &str) {
        self.well.set_keys(jwks(&fresh_key("new")));
        self.wait_for(|status| status["issuers"][0]["keys"][0]["id"] == "new");
        self.service.signal("HUP");
        let line = self.service.wait_for_line("configuration");
        assert!(line.contains(what_comes_of_a_reload), "{line}");
        self.well.set_keys(jwks(&fresh_key("newer")));
        self.wait_for(|status| status["issuers"][0]["keys"][0]["id"] == "newer");
        self.service.signal("TERM");
        assert_eq!(self.service.wait(), Some(0));
    }
}

fn write(place: &Path, name: &str, text: &str) -> String {
    let path = place.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

const REFUSED: &str = "not a regular file";

#[test]
fn e33_a_bearer_token_file_that_becomes_a_pipe_stops_nothing_else() {
    let place = tempfile::tempdir().unwrap();
    let path = write(place.path(), "token", "secret");
    let other = FaultyIssuer::serving(jwks(&fresh_key("other")));
    let settings = format!(
        "jwks_url: '{}/jwks', jwks_bearer_token_file: {path}",
        other.url
    );
    let fixture = House::new(place, &settings, "");
    fixture.stuff("token");
    let error = format!(
        "GET {}/jwks: cannot read the bearer token file: not a regular file",
        other.url
    );
    fixture.wait_for(|status| status["issuers"][1]["last_error"] == error.as_str());
    fixture.lives_on(REFUSED);
    assert!(
        other
            .requests()
            .iter()
            .all(|request| request.contains("\r\nauthorization: Bearer secret\r\n"))
    );
}

#[test]
fn e33_a_key_file_that_becomes_a_pipe_stops_nothing_else() {
    let place = tempfile::tempdir().unwrap();
    let path = write(place.path(), "jwks.json", &jwks(&fresh_key("other")));
    let fixture = House::new(place, &format!("jwks_file: {path}"), "");
    let path = fixture.stuff("jwks.json").display().to_string();
    let error = format!("file: cannot read {path}: not a regular file");
    fixture.wait_for(|status| status["issuers"][1]["last_error"] == error.as_str());
    fixture.lives_on(REFUSED);
}

#[test]
fn e33_a_certificate_file_that_becomes_a_pipe_stops_nothing_else() {
    let tls = TlsPlace::new(&Authority::new().server());
    let place = tempfile::tempdir().unwrap();
    for name in ["certificate.pem", "key.pem"] {
        std::fs::copy(tls.path(name), place.path().join(name)).unwrap();
    }
    let at = |name: &str| place.path().join(name).display().to_string();
    let more = format!(
        "tls_certificate_file: {}\ntls_key_file: {}\n",
        at("certificate.pem"),
        at("key.pem")
    );
    let fixture = House::new(
        place,
        "hmac_secret: 0123456789abcdef0123456789abcdef",
        &more,
    );
    fixture.stuff("certificate.pem");
    fixture.wait_for(|status| {
        status["tls"]["last_error"]
            .as_str()
            .is_some_and(|error| error.contains(REFUSED))
    });
    fixture.lives_on(REFUSED);
}

#[test]
fn e33_a_secret_file_that_becomes_a_pipe_stops_nothing_else() {
    for more in ["", "reload: on_change\n"] {
        let place = tempfile::tempdir().unwrap();
        let own = write(place.path(), "secret", "0123456789abcdef0123456789abcdef");
        let fixture = House::new(place, &format!("hmac_secret_file: {own}"), more);
        fixture.stuff("secret");
        fixture.lives_on(REFUSED);
    }
}

#[test]
fn e33_the_configuration_file_that_becomes_a_pipe_stops_nothing_else() {
    let place = tempfile::tempdir().unwrap();
    let fixture = House::new(place, "hmac_secret: 0123456789abcdef0123456789abcdef", "");
    fixture.stuff("doorward.yaml");
    fixture.lives_on(REFUSED);
}
