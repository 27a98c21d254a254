//! `doorward key` and what other commands say of lists.

use serde_json::Value;

use super::{Files, api_key, entry, user, with_keys};
use crate::support::doorward;

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_new_key_and_its_line_are_a_pair() {
    let new = doorward(
        &[
            "key",
            "new",
            "--subject",
            "ci",
            "--scope",
            "read",
            "--scope",
            "write",
            "--expires",
            "90d",
        ],
        &[],
        "",
    );
    assert!(new.status.success(), "{new:?}");
    let (key, line) = (text(&new.stdout), text(&new.stderr));
    assert_eq!(key.trim_end().len(), "dw_".len() + 33, "{key}");
    assert!(!line.contains(key.trim_end()));
    assert!(line.contains(r#""subject":"ci""#) && line.contains(r#""scopes":["read","write"]"#));
    let files = Files::new();
    let path = files.write("keys.yaml", &line);
    let gate = with_keys(&path).by_machine_time().spawn();
    let answer = gate.get("/verify").bearer(key.trim_end()).send();
    assert_eq!(
        (answer.status, answer.get("x-auth-scopes")),
        (200, Some("read write"))
    );
    assert!(answer.get("x-auth-client-id").unwrap().starts_with("ci-"));

    let check = doorward(&["key", "check"], &[("API_KEYS_FILE", &path)], &key);
    let told = text(&check.stdout);
    assert!(
        check.status.success() && told.contains("form: ok\nhash: sha256:"),
        "{told}"
    );
    assert!(told.contains("file: good (ci-"), "{told}");
    assert!(!told.contains(key.trim_end()), "{told}");
}

#[test]
fn keys_are_made_as_asked_for() {
    let json = doorward(
        &[
            "key",
            "new",
            "--subject",
            "a b",
            "--id",
            "mine",
            "--prefix",
            "acme",
            "--output",
            "json",
        ],
        &[],
        "",
    );
    let told: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert!(told["key"].as_str().unwrap().starts_with("acme_"));
    assert_eq!(told["entry"]["id"], "mine");
    assert_eq!(told["entry"]["subject"], "a b");
    assert!(told["entry"]["expires"].is_null());
    assert_eq!(text(&json.stderr), "");
    for wrong in [
        &["--subject", ""][..],
        &["--subject", "a\nb"],
        &["--subject", "a", "--id", "a b"],
        &["--subject", "a", "--scope", "a b"],
        &["--subject", "a", "--prefix", "eyJ"],
        &["--subject", "a", "--prefix", "a_b"],
        &["--subject", "a", "--expires", "90"],
        &[],
    ] {
        let arguments = [&["key", "new"], wrong].concat();
        let refused = doorward(&arguments, &[], "");
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}: {refused:?}");
        assert_eq!(text(&refused.stdout), "");
    }
}

/// A key with another prefix would be no key to the service that is configured so.
#[test]
fn a_new_key_has_the_prefix_of_the_configuration() {
    let files = Files::new();
    let path = files.write("keys.yaml", "[]");
    let variables = [("API_KEYS_FILE", path.as_str()), ("API_KEY_PREFIX", "acme")];
    let new = doorward(&["key", "new", "--subject", "ci"], &variables, "");
    assert!(text(&new.stdout).starts_with("acme_"), "{new:?}");
}

#[test]
fn a_key_is_told_apart() {
    let (files, keys) = (Files::new(), [api_key(), api_key(), api_key()]);
    let lines = [
        entry("old", &keys[0], ", expires: 2026-01-31"),
        entry("off", &keys[1], ", disabled: true"),
    ];
    let path = files.write("keys.yaml", lines.concat());
    let check = |key: &str, settings: &[(&str, &str)]| {
        let checked = doorward(&["key", "check", "--output", "json"], settings, key);
        let told: Value = serde_json::from_slice(&checked.stdout).unwrap();
        assert!(!text(&checked.stdout).contains(key) || key.len() < 10);
        let part = |name: &str| told[name].as_str().unwrap_or("-").to_owned();
        (checked.status.code(), part("form"), part("file"))
    };
    let configured = [("API_KEYS_FILE", path.as_str())];
    for (key, settings, code, form, file) in [
        (keys[0].as_str(), &configured[..], 1, "ok", "expired"),
        (&keys[1], &configured, 1, "ok", "disabled"),
        (&keys[2], &configured, 1, "ok", "unknown"),
        (&keys[2], &[], 0, "ok", "-"),
        ("dw_x", &[], 1, "too short", "-"),
        (
            "other_x",
            &[],
            1,
            "it does not begin as dw_…, at least 33 letters and digits with a check sum",
            "-",
        ),
    ] {
        assert_eq!(
            check(key, settings),
            (Some(code), form.into(), file.into()),
            "{key}"
        );
    }
    let cut = &keys[2][..keys[2].len() - 1];
    assert_eq!(check(cut, &[]).1, "too short");
    let more = format!("{}0", keys[2]);
    assert_eq!(check(&more, &[]).1, "the check sum does not match");
}

#[test]
fn check_counts_what_is_in_the_files() {
    let (files, key) = (Files::new(), api_key());
    let keys = files.write("keys.yaml", entry("ci", &key, ""));
    let users = files.write("htpasswd", user("alice", "secret") + &user("bob", "secret"));
    let settings = [
        ("API_KEYS_FILE", keys.as_str()),
        ("HTPASSWD_FILE", &users),
        ("TOKEN_SOURCES", "bearer, basic"),
    ];
    let checked = doorward(&["check"], &settings, "");
    let told = text(&checked.stdout);
    assert!(checked.status.success(), "{checked:?}");
    assert!(
        told.contains("api-keys: 1 entry\n") && told.contains("basic: 2 entries\n"),
        "{told}"
    );
    let checked = doorward(&["check", "--output", "json"], &settings, "");
    let told: Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert_eq!(
        told["credential_lists"],
        serde_json::json!([{"name": "api-keys", "entries": 1}, {"name": "basic", "entries": 2}])
    );
}

#[test]
fn the_command_explain_takes_keys_and_passwords() {
    let (files, key) = (Files::new(), api_key());
    let keys = files.write("keys.yaml", entry("ci", &key, ""));
    let users = files.write("htpasswd", user("alice", "secret"));
    let both = [
        ("API_KEYS_FILE", keys.as_str()),
        ("HTPASSWD_FILE", &users),
        ("TOKEN_SOURCES", "bearer, basic"),
    ];
    let explained = doorward(&["explain", "--token", "-"], &both, &key);
    assert!(explained.status.success(), "{explained:?}");
    assert!(
        text(&explained.stdout).contains("the key \"ci\""),
        "{explained:?}"
    );
    let only = [
        ("HTPASSWD_FILE", users.as_str()),
        ("TOKEN_SOURCES", "basic"),
    ];
    let explained = doorward(&["explain", "--token", "-"], &only, "alice:secret\n");
    assert!(explained.status.success(), "{explained:?}");
    let explained = doorward(&["explain", "--token", "-"], &only, "alice:wrong\n");
    assert_eq!(explained.status.code(), Some(1));
    let told = text(&explained.stdout);
    assert!(
        told.contains("credentials_invalid")
            && told.contains("another password than that of \"alice\""),
        "{told}"
    );
    assert!(!told.contains("wrong"), "{told}");
}
