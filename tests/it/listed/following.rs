//! Files that change while the service runs.

use std::os::unix::fs::symlink;
use std::time::Duration;

use super::{Files, api_key, entry, metric, user, user_of_cost, with_keys, with_passwords};
use crate::support::{TestGate, eventually};

/// Lets time pass until the service has noticed.
fn until(gate: &TestGate, what: &str, mut noticed: impl FnMut() -> bool) {
    eventually(what, || {
        if noticed() {
            return Some(());
        }
        gate.clock.advance(Duration::from_secs(1));
        None
    });
}

fn last_error(gate: &TestGate) -> Option<String> {
    let status = gate.admin("/status").send().body;
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    status["credential_lists"][0]["last_error"]
        .as_str()
        .map(str::to_owned)
}

#[test]
fn keys_come_and_go_with_their_lines() {
    let (files, first, second) = (Files::new(), api_key(), api_key());
    let gate = with_keys(&files.write("keys.yaml", entry("a", &first, ""))).spawn();
    assert_eq!(gate.verdict(&first), "200");
    let both = entry("a", &first, "") + &entry("b", &second, "");
    files.write("keys.yaml", &both);
    until(&gate, "a second key", || gate.verdict(&second) == "200");
    // The line of the first is the same, so it is still remembered.
    assert_eq!(gate.verdict(&first), "200");
    assert_eq!(gate.log_lines().last().unwrap()["cache"], "hit");
    assert_eq!(
        metric(
            &gate,
            r#"doorward_credential_list_entries{issuer="api-keys"}"#
        ),
        "2"
    );

    let disabled = entry("a", &first, ", disabled: true") + &entry("b", &second, "");
    files.write("keys.yaml", disabled);
    until(&gate, "a disabled key", || {
        gate.verdict(&first) == "401 credential_unknown"
    });
    assert_eq!(gate.verdict(&second), "200");

    // Other scopes under the same key are another principal.
    files.write("keys.yaml", entry("b", &second, ", scopes: [write]"));
    until(&gate, "another scope", || {
        let answer = gate.get("/verify").bearer(&second).send();
        answer.get("x-auth-scopes") == Some("write")
    });
    files.write("keys.yaml", "[]");
    until(&gate, "no keys", || {
        gate.verdict(&second) == "401 credential_unknown"
    });
    let changes = gate.events();
    assert_eq!(
        changes
            .iter()
            .filter(|event| event.contains("list of credentials changed"))
            .count(),
        4
    );
}

#[test]
fn a_bad_file_changes_nothing() {
    let (files, key, other) = (Files::new(), api_key(), api_key());
    let good = entry("a", &key, "") + &entry("b", &other, "");
    let gate = with_keys(&files.write("keys.yaml", &good)).spawn();
    let accepted = || {
        let series = r#"doorward_credential_list_last_reload_successful{issuer="api-keys"}"#;
        gate.metric(series) > 0.5
    };
    until(&gate, "a first look", accepted);
    let half = &good[..good.len() - 20];
    let one_line_wrong = good.replace("sha256:", "sha257:");
    for (text, part) in [
        (half, "keys.yaml:2:3"),
        (one_line_wrong.as_str(), "no SHA-256"),
        ("", "is empty"),
        ("\u{7}", "keys.yaml:1:"),
    ] {
        files.write("keys.yaml", text);
        until(&gate, part, || {
            last_error(&gate).is_some_and(|error| error.contains(part))
        });
        assert!(!accepted());
        assert_eq!(
            (gate.verdict(&key), gate.verdict(&other)),
            ("200".into(), "200".into())
        );
        assert_eq!(gate.verdict(&api_key()), "401 credential_unknown");
    }
    files.remove("keys.yaml");
    until(&gate, "a missing file", || {
        last_error(&gate).is_some_and(|error| error.contains("cannot read"))
    });
    assert_eq!(gate.verdict(&key), "200");
    files.write("keys.yaml", &good);
    until(&gate, "a good file", || {
        last_error(&gate).is_none() && accepted()
    });
    let events = gate.events();
    let errors = events.iter().filter(|event| event.starts_with("ERROR"));
    assert_eq!(errors.count(), 5, "{events:#?}");
}

/// Half a line at the end is the usual half of a file that somebody is writing.
#[test]
fn wrong_lines_of_passwords_are_named_by_number_and_change_nothing() {
    let files = Files::new();
    let good = user("alice", "secret") + &user("bob", "other");
    let gate = with_passwords(&files.write("htpasswd", &good)).spawn();
    let ask =
        |user: &str, password: &str| gate.get("/verify").basic(user, password).send().verdict();
    let carol = user("carol", "third");
    for (more, parts) in [
        (&carol[..30], &["htpasswd:3: a malformed bcrypt hash"][..]),
        (
            "carol\ndave:$apr1$x$y\nerin:hunter2\n",
            &[
                "htpasswd:3: not understood",
                "htpasswd:4: an MD5 hash",
                "htpasswd:5: neither bcrypt",
            ],
        ),
    ] {
        files.write("htpasswd", good.clone() + more);
        for part in parts {
            until(&gate, part, || {
                last_error(&gate).is_some_and(|error| error.contains(part))
            });
        }
        assert_eq!(
            (ask("alice", "secret"), ask("bob", "other")),
            ("200".into(), "200".into())
        );
        assert_eq!(ask("carol", "third"), "401 credentials_invalid");
    }
    let told = gate.events_in_full().join("\n") + &gate.admin("/status").send().body;
    assert!(!told.contains("hunter2"), "{told}");
    files.write("htpasswd", good + &carol);
    until(&gate, "a whole line", || ask("carol", "third") == "200");
}

#[test]
fn a_key_in_the_wrong_place_is_in_no_log_and_no_status() {
    let (files, key) = (Files::new(), api_key());
    let good = entry("a", &key, "");
    let gate = with_keys(&files.write("keys.yaml", &good)).spawn();
    let pasted = api_key();
    for (line, part) in [
        (format!("- {{id: b, {pasted}: x}}\n"), "unknown setting"),
        (
            entry("b", &pasted, &format!(", expires: {pasted}")),
            "expires",
        ),
        (
            entry("b", &pasted, &format!(", disabled: {pasted}")),
            "disabled",
        ),
        (
            entry("b", &pasted, &format!(", scopes: ['{pasted} x']")),
            "scopes",
        ),
        (entry(&pasted, &pasted, ""), "id: the key itself"),
    ] {
        files.write("keys.yaml", good.clone() + &line);
        until(&gate, part, || {
            last_error(&gate)
                .is_some_and(|error| error.contains("keys.yaml:2:") && error.contains(part))
        });
        assert_eq!(gate.verdict(&key), "200");
        let told = gate.events_in_full().join("\n") + &gate.admin("/status").send().body;
        assert!(!told.contains(&pasted), "{told}");
    }
}

/// Otherwise a removed key would be accepted for as long as the file is written to. This one is never
/// a list, but that is seen only when it is read.
#[test]
fn a_file_that_never_settles_is_read_all_the_same() {
    let (files, key) = (Files::new(), api_key());
    let gate = with_keys(&files.write("keys.yaml", entry("a", &key, ""))).spawn();
    files.remove("keys.yaml");
    // Each time it is read, it has another text (random(4)).
    symlink("/proc/sys/kernel/random/uuid", files.path("keys.yaml")).unwrap();
    until(&gate, "an error", || {
        last_error(&gate).is_some_and(|error| error.contains("keys.yaml:1:1"))
    });
    assert_eq!(gate.verdict(&key), "200");
}

#[test]
fn another_password_ends_the_one_before_and_only_that_one() {
    let files = Files::new();
    let before = user_of_cost("alice", "old", 4) + &user_of_cost("bob", "b", 4);
    let gate = with_passwords(&files.write("htpasswd", &before)).spawn();
    let ask =
        |user: &str, password: &str| gate.get("/verify").basic(user, password).send().verdict();
    assert_eq!(
        (ask("alice", "old"), ask("bob", "b")),
        ("200".into(), "200".into())
    );
    let (_, line_of_bob) = before.split_once('\n').unwrap();
    files.write("htpasswd", user("alice", "new") + line_of_bob);
    until(&gate, "another password", || {
        ask("alice", "old") == "401 credentials_invalid"
    });
    assert_eq!(ask("alice", "new"), "200");
    assert_eq!(ask("bob", "b"), "200");
    assert_eq!(
        gate.log_lines().last().unwrap()["cache"],
        "hit",
        "no storm of hashes"
    );
}

#[test]
fn a_bad_file_of_passwords_changes_nothing() {
    let files = Files::new();
    let good = user("alice", "a") + &user("bob", "b");
    let path = files.write("htpasswd", &good);
    // Nothing is remembered: each answer is that of the list.
    let gate = with_passwords(&path).set("BASIC_CACHE_TTL", "0s").spawn();
    let accepted = || {
        let series = r#"doorward_credential_list_last_reload_successful{issuer="basic"}"#;
        gate.metric(series) > 0.5
    };
    let ask =
        |user: &str, password: &str| gate.get("/verify").basic(user, password).send().verdict();
    until(&gate, "a first look", accepted);
    let half = &good[..good.len() - 20];
    let weaker = user("alice", "a") + &user("bob", "b").replace("$2y$", "$1$");
    for (text, part) in [
        (half, "htpasswd:2: a malformed bcrypt hash"),
        (&good[..30], "htpasswd:1: a malformed"),
        (weaker.as_str(), "an MD5 hash of crypt"),
        ("carol:plain\n", "plain text"),
        ("carol\n", "htpasswd:1: not understood"),
    ] {
        files.write("htpasswd", text);
        until(&gate, part, || {
            last_error(&gate).is_some_and(|error| error.contains(part))
        });
        assert!(!accepted(), "{part}");
        assert_eq!([ask("alice", "a"), ask("bob", "b")], ["200", "200"]);
        for (user, password) in [("alice", "b"), ("carol", "plain"), ("carol", "")] {
            assert_eq!(ask(user, password), "401 credentials_invalid", "{user}");
        }
        let series = r#"doorward_credential_list_entries{issuer="basic"}"#;
        assert_eq!(metric(&gate, series), "2");
    }
    files.write("htpasswd", user("bob", "new"));
    until(&gate, "a good file", || {
        last_error(&gate).is_none() && accepted()
    });
    assert_eq!(
        [ask("alice", "a"), ask("bob", "b"), ask("bob", "new")],
        ["401 credentials_invalid", "401 credentials_invalid", "200"]
    );
    let shown = gate.events_in_full().join("\n") + &gate.admin("/status").send().body;
    assert!(
        !shown.contains("$2y$") && !shown.contains("plain\\n"),
        "{shown}"
    );
}

#[test]
fn a_reload_reads_the_files_too() {
    let (files, first, second) = (Files::new(), api_key(), api_key());
    let path = files.write("keys.yaml", entry("a", &first, ""));
    let file = format!("api_keys_file: {path}\n");
    let gate = TestGate::new().file(&file).spawn();
    assert_eq!(gate.verdict(&second), "401 credential_unknown");
    files.write("keys.yaml", entry("b", &second, ""));
    assert!(gate.reload());
    assert_eq!(
        (gate.verdict(&first), gate.verdict(&second)),
        ("401 credential_unknown".into(), "200".into())
    );
    // A configuration whose list is bad is refused as a whole.
    files.write("keys.yaml", "- {id: a}");
    assert!(!gate.reload());
    assert_eq!(gate.verdict(&second), "200");
    // Without keys there are no series.
    files.write("keys.yaml", "[]");
    files.write("htpasswd", user("a", "b"));
    gate.rewrite(&format!(
        "htpasswd_file: {}\ntoken_sources: [basic]\n",
        files.path("htpasswd")
    ));
    assert!(gate.reload());
    let page = gate.admin("/metrics").send().body;
    assert!(
        !page.contains(r#"doorward_credential_list_entries{issuer="api-keys"}"#),
        "{page}"
    );
    assert!(
        page.contains(r#"doorward_credential_list_entries{issuer="basic"}"#),
        "{page}"
    );
}
