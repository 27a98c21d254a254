//! Settings of lists, and mistakes in them.

use super::{Files, api_key, entry, user, with_keys, with_passwords};
use crate::support::{GateBuilder, TestGate, TestIssuer};

/// Everything that is wrong, with the directory of the files left out.
fn problems(files: &Files, gate: &GateBuilder) -> String {
    let problems = gate.configuration().expect_err("something is wrong");
    problems.replace(&files.path(""), "")
}

#[test]
fn each_mistake_has_its_place_and_its_hint() {
    let files = Files::new();
    let keys = files.write("keys.yaml", entry("ci", &api_key(), ""));
    let users = files.write("htpasswd", user("alice", "secret"));
    let none = || TestGate::new();
    let cases = [
        none()
            .set("API_KEY_PREFIX", "x")
            .set("HTPASSWD_MAX_COST", "10"),
        with_keys(&keys).set("API_KEY_PREFIX", "eyJx"),
        with_keys(&keys).set("API_KEY_PREFIX", "a_b"),
        with_keys(&files.path("missing.yaml")),
        with_keys(&files.write(
            "bad.yaml",
            "- {id: a}\n- {id: b, hash: 'sha256:00', subject: x}\n",
        )),
        none().set("HTPASSWD_FILE", &users),
        none()
            .set("TOKEN_SOURCES", "bearer, basic")
            .set("API_KEYS_FILE", &keys),
        with_passwords(&users).set("HTPASSWD_MAX_COST", "15"),
        with_passwords(&files.write("old", "alice:$apr1$x$y\nbob:hunter2\n")),
        with_keys(&keys)
            .trusting(&TestIssuer::new())
            .set("NAME", "api-keys"),
        with_keys(&keys)
            .trusting(&TestIssuer::new())
            .set("ISSUER", "basic")
            .set("NAME", "basic"),
        with_keys(&keys).file("issuers: []\n"),
    ];
    let told: Vec<_> = cases.iter().map(|gate| problems(&files, gate)).collect();
    assert!(!told.concat().contains("hunter2"));
    insta::assert_snapshot!(told.join("\n\n"));
}

#[test]
fn mistakes_of_routes_are_told_by_line() {
    let files = Files::new();
    let keys = files.write("keys.yaml", entry("ci", &api_key(), ""));
    let users = files.write("htpasswd", user("alice", "secret"));
    let cases = [
        with_keys(&keys).file(
            "routes:\n  - {name: a, match: {}}\n  - {name: b, match: {}, issuers: [api-key]}\n",
        ),
        with_passwords(&users)
            .unset("TOKEN_SOURCES")
            .file("token_sources: [bearer]\nroutes:\n  - {name: a, match: {}, issuers: [basic]}\n"),
        with_passwords(&users).set("API_KEYS_FILE", &keys).file(
            "routes:\n  - {name: a, match: {}, issuers: [api-keys], token_sources: [basic]}\n",
        ),
        with_passwords(&users)
            .set("API_KEYS_FILE", &keys)
            .file("routes:\n  - {name: a, match: {}, issuers: [api-keys]}\n"),
    ];
    let told: Vec<_> = cases.iter().map(|gate| problems(&files, gate)).collect();
    insta::assert_snapshot!(told.join("\n\n"));
}

/// An issuer whose host is a reserved name still has a name.
#[test]
fn a_default_name_is_never_reserved() {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("ISSUER", "https://basic/");
    assert_eq!(gate.configuration().unwrap().issuers[0].name, "default");
}

#[test]
fn an_empty_list_refuses_everybody() {
    let files = Files::new();
    let gate = with_keys(&files.write("keys.yaml", "[]")).spawn();
    assert_eq!(gate.verdict(&api_key()), "401 credential_unknown");
    let gate = with_passwords(&files.write("htpasswd", "")).spawn();
    assert_eq!(
        gate.get("/verify").basic("a", "b").send().verdict(),
        "401 credentials_invalid"
    );
}
