//! Commands of the pages that have no test of their own elsewhere.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{Component, Request, Service, blocks, doorward, free_port, program, shipped};

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const SETTINGS: &[(&str, &str)] = &[
    ("ISSUER", "https://idp.example.com"),
    ("AUDIENCE", "api"),
    ("HMAC_SECRET", SECRET),
];

/// The only shell block of this page that has this text.
fn block(page: &str, text: &str) -> String {
    let blocks = blocks(page, "sh");
    let mut fitting = blocks.into_iter().filter(|block| block.contains(text));
    let block = fitting
        .next()
        .unwrap_or_else(|| panic!("{page}: no {text}"));
    assert_eq!(fitting.next(), None, "{page}");
    block
}

/// Runs a script in this folder, and returns what it printed.
fn run(folder: &Path, script: &str) -> String {
    let own = Path::new(env!("CARGO_BIN_EXE_doorward")).parent().unwrap();
    let path = format!("{}:{}", own.display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("timeout");
    shell
        .args(["30", "sh", "-euc", script])
        .env("PATH", path)
        .env("no_proxy", "*")
        .current_dir(folder);
    let output = shell.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}\n{errors}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn an_explanation_is_asked_for_with_curl() {
    let listen = [("LISTEN", "127.0.0.1:0"), ("ADMIN_LISTEN", "127.0.0.1:0")];
    let settings = [SETTINGS, &listen].concat();
    let mut service = Service::start(&["serve"], &settings);
    service.address("verify");
    let admin = service.address("admin").to_string();
    let ask = block("docs/observability.md", "/explain").replace("127.0.0.1:8081", &admin);
    let folder = tempfile::tempdir().unwrap();
    let explained: Value = serde_json::from_str(&run(folder.path(), &ask)).unwrap();
    // The token of the page is cut off.
    assert_eq!(explained["reason"], "token_malformed", "{explained}");
}

#[test]
fn lines_for_a_proxy_are_printed() {
    let folder = tempfile::tempdir().unwrap();
    let file = format!(
        "issuer: https://idp.example.com\naudience: api\nhmac_secret: {SECRET}\n\
         claim_headers: [{{claim: sub, header: X-User-Id}}]\n"
    );
    std::fs::write(folder.path().join("doorward.yaml"), file).unwrap();
    let printed = run(folder.path(), &block("docs/proxies.md", "config proxy"));
    let line = "proxy_set_header X-User-Id";
    assert!(printed.contains(line), "{printed}");
}

#[test]
fn a_token_is_issued_as_the_decorator_did() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secret"), SECRET).unwrap();
    let issue = block("docs/decorators.md", "token issue");
    assert!(issue.contains(" /run/secrets/jwt-secret-key "), "{issue}");
    let issue = issue.replace("/run/secrets/jwt-secret-key", "secret");
    let token = run(folder.path(), &issue);
    let shown = doorward(&["token", "inspect"], &[], token.trim());
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    let claims = &shown["claims"];
    let seconds = |name: &str| claims[name].as_u64().unwrap_or_else(|| panic!("{claims}"));
    // One day, as in `new_token` on the page.
    assert_eq!(
        (claims["sub"].as_str(), seconds("exp") - seconds("iat")),
        (Some("alice"), 24 * 60 * 60)
    );
}

#[test]
fn the_variable_of_the_grpc_listener_is_a_setting() {
    let export = block("docs/envoy-grpc.md", "export");
    let (name, value) = export.trim().split_once('=').unwrap();
    let name = name.strip_prefix("export DOORWARD_").unwrap();
    let settings = [SETTINGS, &[(name, value)]].concat();
    let shown = doorward(&["config", "show", "--changed"], &settings, "");
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("grpc_listen"), "{shown}");
}

/// As on the page, but on a free port, and with a secret so that no key is fetched.
#[test]
fn a_socket_is_tried_without_a_unit() {
    let line = block("docs/listeners.md", "systemd-socket-activate");
    let words: Vec<_> = line.split_whitespace().collect();
    let [
        "systemd-socket-activate",
        arguments @ ..,
        "doorward",
        "serve",
    ] = words.as_slice()
    else {
        panic!("{line}");
    };
    let port = free_port();
    let own = format!("127.0.0.1:{port}");
    let arguments: Vec<_> = arguments
        .iter()
        .map(|word| word.replace("127.0.0.1:8080", &own))
        .collect();
    let service = Component::listening_on(port, |_| {
        let mut command = Command::new(program("systemd-socket-activate"));
        command.args(&arguments);
        for (name, value) in SETTINGS.iter().chain(&[("ADMIN_LISTEN", "127.0.0.1:0")]) {
            // `-E NAME` of the page hands on a variable of the shell.
            command.env(format!("DOORWARD_{name}"), value);
            command.arg("-E").arg(format!("DOORWARD_{name}"));
        }
        command.args([env!("CARGO_BIN_EXE_doorward"), "serve"]);
        command
    });
    let answer = Request::new(service.address, "GET", "/verify").send();
    assert_eq!(answer.verdict(), "401 token_missing");
}

/// Their lines are those of the units under `deploy/`, except where systemd 253 has something
/// better.
#[test]
fn units_of_the_page_say_what_the_shipped_ones_say() {
    let better = HashMap::from([
        ("Type=notify-reload", "Type=notify"),
        (
            "ExecStart=/usr/bin/doorward serve",
            "ExecStart=/usr/bin/doorward serve --config /etc/doorward/doorward.yaml",
        ),
    ]);
    for unit in blocks("docs/listeners.md", "ini") {
        let (name, lines) = unit.split_once('\n').unwrap();
        let name = name.strip_prefix("# ").unwrap();
        let unit = shipped(&format!("deploy/systemd/{name}"), &[]);
        for line in lines.lines() {
            let line = better.get(line).copied().unwrap_or(line);
            let is_there = unit.lines().any(|other| other == line);
            assert!(is_there, "{name}: {line}");
        }
    }
}
