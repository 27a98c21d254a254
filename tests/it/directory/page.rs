//! The page about the directory: what it shows is what happens.

use super::{ask, verdict};
use crate::support::{TestDatabase, TestGate, TestIssuer, blocks, doorward};

const PAGE: &str = "docs/directory.md";

#[test]
fn the_first_table_and_settings_work() {
    let database = TestDatabase::postgres();
    database.run(&blocks(PAGE, "sql")[0]);
    let idp = TestIssuer::new();
    let directory = tempfile::tempdir().unwrap();
    let url = directory.path().join("url");
    std::fs::write(&url, format!("{}\n", database.url)).unwrap();
    let settings = blocks(PAGE, "yaml")[0]
        .replace("https://idp.example.com", &idp.url())
        .replace("/run/secrets/directory-url", url.to_str().unwrap());
    assert!(settings.contains(&idp.url()) && settings.contains(url.to_str().unwrap()));
    let file = directory.path().join("doorward.yaml");
    let text = format!("{settings}jwks: '{}'\ndirectory_timeout: 10s\n", idp.jwks());
    std::fs::write(&file, &text).unwrap();
    let gate = TestGate::new().by_time_of(&idp).file(&text).spawn();
    let alice = ask(&gate, &idp, "alice");
    assert_eq!(alice.verdict(), "200", "{alice:?}");
    assert_eq!(alice.get("x-user-email"), Some("alice@example.com"));
    let refused = ["mallory", "bob"].map(|subject| verdict(&gate, &idp, subject));
    assert_eq!(refused, ["401 subject_disabled", "401 subject_unknown"]);
    let arguments = ["--config", file.to_str().unwrap(), "check", "--online"];
    let printed = doorward(&arguments, &[], "");
    let console = &blocks(PAGE, "console")[0];
    let (_, expected) = console.split_once('\n').unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    let own = printed.lines().filter(|line| line.starts_with("directory"));
    assert_eq!(own.collect::<Vec<_>>().join("\n"), expected.trim());
}

#[test]
fn the_role_may_only_read() {
    let database = TestDatabase::postgres();
    database.run(&blocks(PAGE, "sql")[0]);
    // Roles are those of the whole server, and that of the tests has the name already.
    let statements = blocks(PAGE, "sql")[1].replace("doorward", "reader_of_the_page");
    database.run(&statements);
    let may = |what: &str| {
        database.run(&format!(
            "SELECT has_table_privilege('reader_of_the_page', 'users', '{what}')"
        ))
    };
    assert_eq!(may("SELECT"), "t");
    assert_eq!(may("INSERT, UPDATE, DELETE, TRUNCATE"), "f");
    database.run("DROP OWNED BY reader_of_the_page; DROP ROLE reader_of_the_page");
}

#[test]
fn the_file_of_the_url_is_understood() {
    let url = &blocks(PAGE, "text")[0];
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("DIRECTORY_URL", url.trim())
        .set("DIRECTORY_QUERY", "SELECT 1 AS x WHERE $1 = 'a'");
    assert!(gate.configuration().is_ok());
}
