//! A real Chromium with a user who answers its dialogs.

use std::process::Command;

use serde::Deserialize;
use serde_json::json;

use super::{program, repository};

/// A page as the user saw it.
#[derive(Debug, Deserialize)]
pub struct Visit {
    pub status: u16,
    /// The text on the page.
    pub text: String,
    /// Each dialog for a user and a password, in its order.
    pub asked: Vec<Dialog>,
}

/// The text of a dialog.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct Dialog {
    pub origin: String,
    pub scheme: String,
    pub realm: String,
}

/// Visits these pages one after the other in a browser that knows no passwords yet; `fetch URL` has a
/// script in the page that is open fetch it. Each dialog gets the next of the answers, a user and a
/// password. When none is left, it is cancelled.
pub fn browse(urls: &[String], answers: &[(&str, &str)]) -> Vec<Visit> {
    let answers: Vec<_> = answers
        .iter()
        .map(|(username, password)| json!({"username": username, "password": password}))
        .collect();
    // Its profile and all else that it writes.
    let directory = tempfile::tempdir().unwrap();
    let ran = Command::new(program("node"))
        .arg(repository().join("tests/browser/visit.mjs"))
        .arg(json!({"urls": urls, "answers": answers}).to_string())
        .env("CHROMIUM", program("chromium"))
        .env("TMPDIR", directory.path())
        .env("HOME", directory.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(
        ran.status.success(),
        "{said}\nhint: run `make setup` if a package is missing"
    );
    serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {said}"))
}
