//! Files and requests of other programs: `htpasswd`, `argon2` and `curl`.

use std::process::{Command, Output, Stdio};

use std::io::Write;

use super::{Files, user, with_passwords};
use crate::nginx::NGINX;
use crate::support::{Site, TestGate, TestIssuer, program};
use crate::traefik::TRAEFIK;

fn run(name: &str, arguments: &[&str], stdin: &str) -> Output {
    let mut command = Command::new(program(name));
    let mut child = command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(stdin.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn htpasswd_and_argon2_write_what_is_read() {
    let files = Files::new();
    let path = files.path("htpasswd");
    let made = run(
        "htpasswd",
        &["-cB", "-C", "5", "-i", &path, "alice"],
        "from apache",
    );
    assert!(made.status.success(), "{made:?}");
    let added = run("htpasswd", &["-B", "-i", &path, "bob"], "pässwörd");
    assert!(added.status.success(), "{added:?}");
    let argon2 = run(
        "argon2",
        &["somesalt", "-id", "-t", "2", "-k", "1024", "-e"],
        "from argon2",
    );
    let line = format!("carol:{}", String::from_utf8(argon2.stdout).unwrap());
    let text = std::fs::read_to_string(&path).unwrap();
    let gate = with_passwords(&files.write("htpasswd", text + &line)).spawn();
    for (user, password) in [
        ("alice", "from apache"),
        ("bob", "pässwörd"),
        ("carol", "from argon2"),
    ] {
        let answer = gate.get("/verify").basic(user, password).send();
        assert_eq!(
            (answer.verdict().as_str(), answer.get("x-auth-subject")),
            ("200", Some(user))
        );
        assert_eq!(
            gate.get("/verify").basic(user, "wrong").send().verdict(),
            "401 credentials_invalid"
        );
    }
}

#[test]
fn other_hashes_of_htpasswd_are_refused_by_name() {
    for (option, what) in [
        ("-m", "an MD5 hash of Apache"),
        ("-s", "a SHA-1 hash"),
        ("-d", "neither bcrypt nor argon2id"),
        ("-p", "neither bcrypt nor argon2id"),
        ("-2", "a SHA-256 hash of crypt"),
        ("-5", "a SHA-512 hash of crypt"),
    ] {
        let files = Files::new();
        let path = files.path("htpasswd");
        let made = run("htpasswd", &["-c", option, "-i", &path, "alice"], "hunter2");
        assert!(made.status.success(), "{made:?}");
        let problems = with_passwords(&path).configuration().err().unwrap();
        assert!(
            problems.contains(&format!("htpasswd:1: {what}")),
            "{problems}"
        );
        assert!(!problems.contains("hunter2") && !problems.contains("alice"));
    }
}

#[test]
fn curl_gets_in() {
    let files = Files::new();
    let gate = with_passwords(&files.write("htpasswd", user("alice", "s3cret"))).spawn();
    let url = format!("http://{}/verify", gate.verify);
    let status = |pair: &[&str]| curl(&url, pair);
    assert_eq!(status(&["-u", "alice:s3cret"]), "200");
    assert_eq!(status(&["-u", "alice:wrong"]), "401");
    // It asks without a password first, and answers the challenge.
    assert_eq!(status(&["--anyauth", "-u", "alice:s3cret"]), "200");
    assert_eq!(status(&[]), "401");
}

/// All challenges in one line, as nginx hands them on, and one line for each, as Traefik does.
#[test]
fn curl_finds_its_scheme_among_the_challenges_of_proxies() {
    for proxy in [&NGINX, &TRAEFIK] {
        let (files, idp) = (Files::new(), TestIssuer::new());
        let users = files.write("htpasswd", user("alice", "s3cret"));
        let gate = TestGate::new()
            .trusting(&idp)
            .set("HTPASSWD_FILE", users)
            .set("TOKEN_SOURCES", "bearer, basic");
        let site = Site::with(proxy, idp, gate, &[]);
        let url = format!("http://{}/", site.address());
        let status = |pair: &[&str]| curl(&url, pair);
        assert_eq!(status(&["--anyauth", "-u", "alice:s3cret"]), "200");
        assert_eq!(status(&["--anyauth", "-u", "alice:wrong"]), "401");
        assert_eq!(status(&["-u", "alice:s3cret"]), "200");
    }
}

/// The status that curl gets.
fn curl(url: &str, options: &[&str]) -> String {
    let arguments = [
        &["-sS", "-o", "/dev/null", "-w", "%{http_code}"],
        options,
        &[url],
    ]
    .concat();
    String::from_utf8(run("curl", &arguments, "").stdout).unwrap()
}
