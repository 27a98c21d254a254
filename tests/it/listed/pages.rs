//! The blocks of docs/api-keys.md and docs/passwords.md.

use std::process::Command;

use super::{Files, with_keys};
use crate::support::{TestGate, blocks};

const KEYS: &str = "docs/api-keys.md";
const PASSWORDS: &str = "docs/passwords.md";

/// Runs a block of a page where the files are; this service replaces the one on port 8080.
fn run(files: &Files, block: &str, service: Option<&TestGate>) -> String {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_doorward"));
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", program.parent().unwrap().display());
    let address = service.map_or_else(String::new, |gate| gate.verify.to_string());
    let text = block.replace("127.0.0.1:8080", &address);
    let done = Command::new("sh")
        .args(["-euc", &text])
        .current_dir(files.path(""))
        .env_clear()
        .env("PATH", path)
        .output()
        .unwrap();
    assert!(done.status.success(), "{text}{done:?}");
    String::from_utf8(done.stdout).unwrap()
}

/// A configuration of a page, with its files here.
fn here(files: &Files, block: &str) -> String {
    ["keys.yaml", "users.htpasswd"]
        .into_iter()
        .fold(block.to_owned(), |text, name| {
            text.replace(&format!(" {name}\n"), &format!(" {}\n", files.path(name)))
        })
}

#[test]
fn the_page_of_api_keys_is_true() {
    let files = Files::new();
    let (shell, yaml) = (blocks(KEYS, "sh"), blocks(KEYS, "yaml"));
    let [make, ask] = shell.as_slice() else {
        panic!("other blocks: {shell:?}")
    };
    let [settings, routes] = yaml.as_slice() else {
        panic!("other blocks: {yaml:?}")
    };
    run(&files, make, None);
    let gate = TestGate::new().file(here(&files, settings));
    let gate = gate.by_machine_time().spawn();
    assert_eq!(run(&files, ask, Some(&gate)), "200\n");
    let told = run(&files, "doorward key check <key.txt", None);
    assert!(told.starts_with("form: ok\n"), "{told}");
    TestGate::new()
        .file(here(&files, routes))
        .configuration()
        .unwrap();
    for list in blocks(KEYS, "yaml keys.yaml") {
        let gate = with_keys(&files.write("keys.yaml", list)).configuration();
        assert_eq!(gate.unwrap().listed.names().count(), 1);
    }
}

#[test]
fn the_page_of_passwords_is_true() {
    let files = Files::new();
    let (shell, yaml) = (blocks(PASSWORDS, "sh"), blocks(PASSWORDS, "yaml"));
    let [add, ask, argon2] = shell.as_slice() else {
        panic!("other blocks: {shell:?}")
    };
    let [settings, routes] = yaml.as_slice() else {
        panic!("other blocks: {yaml:?}")
    };
    run(&files, add, None);
    run(&files, argon2, None);
    let gate = TestGate::new().file(here(&files, settings)).spawn();
    assert_eq!(run(&files, ask, Some(&gate)), "200\n");
    let bob = gate.get("/verify").basic("bob", "another one").send();
    assert_eq!(bob.verdict(), "200");
    TestGate::new()
        .file(here(&files, routes))
        .configuration()
        .unwrap();
}
