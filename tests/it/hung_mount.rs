//! Files on a file system whose server has gone. Mounting one is for root: `make hung-mount-test`.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use doorward::jose::{Algorithm, SigningKey};
use serde_json::{Value, json};

use crate::support::{FaultyIssuer, Request, Service, eventually, program, repository};

/// A directory over which a file system can be mounted that does not answer.
struct Place {
    directory: tempfile::TempDir,
    server: Option<Child>,
}

impl Place {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            server: None,
        }
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// From now on nothing here answers.
    fn hang(&mut self) {
        let script = repository().join("tests/it/support/hung_mount.py");
        let mut command = Command::new(program("python3"));
        command
            .arg(script)
            .arg(self.directory.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut server = command.spawn().unwrap();
        let mut said = String::new();
        BufReader::new(server.stdout.take().unwrap())
            .read_line(&mut said)
            .unwrap();
        assert_eq!(said, "mounted\n", "hint: as root, where there is /dev/fuse");
        self.server = Some(server);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            drop(server.stdin.take());
            let _ = server.wait();
        }
    }
}

fn jwks(id: &str) -> String {
    let key = Arc::new(SigningKey::generate(Algorithm::ES256).unwrap().with_id(id));
    json!({"keys": [key.to_public_jwk(None)]}).to_string()
}

/// How many threads of the program read files.
fn readers(service: &Service) -> usize {
    let threads = std::fs::read_dir(format!("/proc/{}/task", service.id())).unwrap();
    let names = threads
        .flatten()
        .map(|thread| std::fs::read_to_string(thread.path().join("comm")).unwrap_or_default());
    names.filter(|name| name == "file\n").count()
}

#[test]
#[ignore = "mounts a file system: make hung-mount-test"]
fn files_that_do_not_answer_stop_neither_other_issuers_nor_reloads_nor_the_end() {
    let (well, other) = (
        FaultyIssuer::serving(jwks("old")),
        FaultyIssuer::serving(jwks("other")),
    );
    let mut hung = Place::new();
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("doorward.yaml");
    let text = format!(
        "listen: 127.0.0.1:0\nadmin_listen: 127.0.0.1:0\nworkers: 1\njwks_refresh: 1s\nissuers:
  - {{name: well, issuer: '{}', audience: [api]}}
  - {{name: remote, issuer: 'https://a.example', audience: [api], jwks_url: '{}/jwks', jwks_bearer_token_file: {}}}
  - {{name: file, issuer: 'https://b.example', audience: [api], jwks_file: {}}}
  - {{name: secret, issuer: 'https://c.example', audience: [api], hmac_secret_file: {}}}\n",
        well.url,
        other.url,
        hung.write("token", "secret"),
        hung.write("jwks.json", &jwks("file")),
        hung.write("secret", "0123456789abcdef0123456789abcdef"),
    );
    std::fs::write(&file, text).unwrap();
    let mut service = Service::start(&["serve", "--config", file.to_str().unwrap()], &[]);
    let admin = service.address("admin");
    let wait_for = |satisfied: &dyn Fn(&Value) -> bool| {
        let status = || {
            Request::new(admin, "GET", "/status")
                .host("localhost")
                .send()
                .json()["issuers"]
                .clone()
        };
        eventually("another status", || Some(status()).filter(satisfied))
    };
    wait_for(&|issuers| {
        issuers
            .as_array()
            .unwrap()
            .iter()
            .all(|issuer| issuer["usable"] == true)
    });

    hung.hang();
    let hangs = |issuer: &Value| {
        issuer["last_error"]
            .as_str()
            .is_some_and(|error| error.contains("does not answer"))
    };
    let status = wait_for(&|issuers| hangs(&issuers[1]) && hangs(&issuers[2]));
    assert!(
        status[1]["usable"] == true && status[2]["usable"] == true,
        "{status}"
    );
    well.set_keys(jwks("new"));
    wait_for(&|issuers| issuers[0]["keys"][0]["id"] == "new");
    for _ in 0..3 {
        service.signal("HUP");
        let line = service.wait_for_line("configuration refused");
        assert!(line.contains("does not answer"), "{line}");
    }
    well.set_keys(jwks("newer"));
    wait_for(&|issuers| issuers[0]["keys"][0]["id"] == "newer");
    // A few for each of the three files.
    assert!(readers(&service) <= 12, "{}", readers(&service));
    service.signal("TERM");
    assert_eq!(service.wait(), Some(0));
}

#[test]
#[ignore = "mounts a file system: make hung-mount-test"]
fn a_start_on_files_that_do_not_answer_ends_with_an_error_or_by_a_signal() {
    let mut hung = Place::new();
    let path = hung.write("doorward.yaml", "issuer: me");
    hung.hang();
    let mut waiting = Service::start(&["serve", "--config", &path], &[]);
    let mut stopped = Service::start(&["serve", "--config", &path], &[]);
    eventually("a program that reads", || {
        (readers(&stopped) == 1).then_some(())
    });
    stopped.signal("TERM");
    assert_eq!((stopped.wait(), stopped.log.as_str()), (Some(0), ""));
    assert_eq!(waiting.wait(), Some(78));
    assert!(waiting.log.contains("does not answer"), "{}", waiting.log);
}
