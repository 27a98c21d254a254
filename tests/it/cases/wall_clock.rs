//! The program itself while the clock of its machine is set.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use doorward::jose::{Algorithm, SigningKey};
use serde_json::json;

use crate::support::{Behaviour, FaultyIssuer, Request, Service, TokenBuilder, eventually};

/// By how much the date is wrong at the start, as libfaketime writes it.
const ERRORS: [&str; 4] = ["+1h", "+1y", "-1h", "-1y"];

/// What a machine's clock shows to one process.
struct Wall {
    place: tempfile::TempDir,
}

impl Wall {
    fn showing(error: &str) -> Self {
        let wall = Self {
            place: tempfile::tempdir().unwrap(),
        };
        wall.show(error);
        wall
    }

    /// Sets the clock, under a process that runs.
    fn show(&self, error: &str) {
        let beside = self.place.path().join("beside");
        std::fs::write(&beside, error).unwrap();
        std::fs::rename(&beside, self.file()).unwrap();
    }

    fn file(&self) -> PathBuf {
        self.place.path().join("clock")
    }

    /// The service, by this clock. Time itself goes on as it does.
    fn start(&self, settings: &[(&str, &str)]) -> Service {
        let (library, file) = (library(), self.file());
        let variables = [
            ("LD_PRELOAD", library.to_str().unwrap()),
            ("FAKETIME_TIMESTAMP_FILE", file.to_str().unwrap()),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("FAKETIME_DISABLE_SHM", "1"),
        ];
        Service::start_with(&["serve"], settings, &variables)
    }
}

/// Where Debian and its relatives, and others, have libfaketime.
fn library() -> PathBuf {
    let libraries = std::fs::read_dir("/usr/lib")
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let places = libraries.chain(["/usr/lib", "/usr/lib64", "/usr/local/lib"].map(PathBuf::from));
    let found = places
        .map(|place| place.join("faketime/libfaketimeMT.so.1"))
        .find(|library| library.is_file());
    found.unwrap_or_else(|| panic!("libfaketime is not installed\nhint: run `make setup`"))
}

fn fresh_key(id: &str) -> Arc<SigningKey> {
    Arc::new(SigningKey::generate(Algorithm::ES256).unwrap().with_id(id))
}

fn jwks(key: &SigningKey) -> String {
    json!({"keys": [key.to_public_jwk(None)]}).to_string()
}

/// A token that is good at all these dates.
fn token(key: Arc<SigningKey>, issuer: &str) -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let token = TokenBuilder::new(key, issuer, now.try_into().unwrap());
    token.without("iat").expires_in(10 * 366 * 86_400).sign()
}

fn settings<'a>(own: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let common = [
        ("LISTEN", "127.0.0.1:0"),
        ("ADMIN_LISTEN", "127.0.0.1:0"),
        ("AUDIENCE", "api"),
        ("WORKERS", "1"),
    ];
    [&common, own].concat()
}

#[test]
fn e31_the_program_fetches_on_when_its_clock_is_put_right() {
    for error in ERRORS {
        let (old, new) = (fresh_key("old"), fresh_key("new"));
        let issuer = FaultyIssuer::serving(jwks(&old));
        let wall = Wall::showing(error);
        let own = [
            ("ISSUER", issuer.url.as_str()),
            ("JWKS_REFRESH", "1s"),
            ("TOKEN_CACHE_TTL", "24h"),
        ];
        let mut service = wall.start(&settings(&own));
        let (verify, admin) = (service.address("verify"), service.address("admin"));
        let verdict = |token: &str| {
            Request::new(verify, "GET", "/verify")
                .bearer(token)
                .send()
                .verdict()
        };
        let old = token(old, &issuer.url);
        eventually("keys", || (verdict(&old) == "200").then_some(()));

        wall.show("+0");
        issuer.set_keys(jwks(&new));
        eventually("the end of the old key", || {
            (verdict(&old) == "401 key_unknown").then_some(())
        });
        assert_eq!(verdict(&token(new, &issuer.url)), "200", "{error}");
        assert_eq!(
            Request::new(admin, "GET", "/readyz").send().status,
            200,
            "{error}"
        );
        let status = Request::new(admin, "GET", "/status")
            .host("localhost")
            .send()
            .json()["issuers"][0]
            .clone();
        let (age, next) = (
            &status["fetched_seconds_ago"],
            &status["next_refresh_in_seconds"],
        );
        assert!(
            age.as_u64() < Some(3600) && next.as_u64() <= Some(1),
            "{error}: {status}"
        );
        end(&mut service);
    }
}

#[test]
fn e31_the_program_gets_its_first_keys_when_its_clock_is_put_right() {
    for error in ERRORS {
        let key = fresh_key("key");
        let issuer = FaultyIssuer::serving(jwks(&key));
        issuer.behave(Behaviour::Close);
        let wall = Wall::showing(error);
        let mut service = wall.start(&settings(&[("ISSUER", &issuer.url)]));
        let (verify, admin) = (service.address("verify"), service.address("admin"));
        service.wait_for_line("keys cannot be fetched");
        wall.show("+0");
        issuer.behave(Behaviour::Serve);
        eventually("keys", || {
            (Request::new(admin, "GET", "/readyz").send().status == 200).then_some(())
        });
        let answer = Request::new(verify, "GET", "/verify")
            .bearer(&token(key, &issuer.url))
            .send();
        assert_eq!(answer.verdict(), "200", "{error}");
        end(&mut service);
    }
}

#[test]
fn e31_the_program_follows_key_files_when_its_clock_is_put_right() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("jwks.json");
    let write = |key: &SigningKey| replace(&file, &jwks(key));
    for error in ["+1y", "-1y"] {
        let (old, new) = (fresh_key("old"), fresh_key("new"));
        write(&old);
        let wall = Wall::showing(error);
        let own = [
            ("ISSUER", "https://idp.example"),
            ("JWKS_FILE", file.to_str().unwrap()),
        ];
        let mut service = wall.start(&settings(&own));
        let verify = service.address("verify");
        let verdict = |token: &str| {
            Request::new(verify, "GET", "/verify")
                .bearer(token)
                .send()
                .verdict()
        };
        let (old, by_new) = (
            token(old, "https://idp.example"),
            token(new.clone(), "https://idp.example"),
        );
        eventually("keys", || (verdict(&old) == "200").then_some(()));
        wall.show("+0");
        write(&new);
        eventually("the end of the old key", || {
            (verdict(&old) == "401 key_unknown").then_some(())
        });
        assert_eq!(verdict(&by_new), "200", "{error}");
        end(&mut service);
    }
}

/// Ends the program in time for libfaketime to remove its shared memory.
fn end(service: &mut Service) {
    service.signal("TERM");
    assert_eq!(service.wait(), Some(0));
}

fn replace(file: &Path, text: &str) {
    let beside = file.with_extension("new");
    std::fs::write(&beside, text).unwrap();
    std::fs::rename(&beside, file).unwrap();
}
