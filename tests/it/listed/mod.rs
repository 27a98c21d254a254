//! Credentials that the operator keeps in files: API keys, and users with passwords.

mod api_keys;
mod challenges;
mod commands;
mod configuration;
pub mod explain;
mod following;
mod pages;
mod passwords;
mod proxies;
mod writers;

use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use doorward::config::ApiKeyForm;
use tempfile::TempDir;

use crate::support::{GateBuilder, TestGate};

/// The files of an operator.
pub struct Files(TempDir);

impl Files {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    /// Replaces a file in one step, and returns its path.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let beside = self.path("new");
        std::fs::write(&beside, text).unwrap();
        std::fs::rename(&beside, self.path(name)).unwrap();
        self.path(name)
    }

    pub fn remove(&self, name: &str) {
        std::fs::remove_file(Path::new(&self.path(name))).unwrap();
    }
}

/// A new key of the usual form.
pub fn api_key() -> String {
    ApiKeyForm::new("dw", true).generate().unwrap()
}

/// A line of the file for this key; `rest` is more members, with a comma in front of each.
pub fn entry(id: &str, key: &str, rest: &str) -> String {
    let hash = digest(&SHA256, key.as_bytes());
    let digits = hash.as_ref().iter().map(|byte| format!("{byte:02x}"));
    let digits = digits.collect::<Vec<_>>().concat();
    format!("- {{id: {id}, subject: robot, hash: 'sha256:{digits}'{rest}}}\n")
}

/// A line of a file of passwords, with a cheap hash.
pub fn user(name: &str, password: &str) -> String {
    user_of_cost(name, password, 4)
}

pub fn user_of_cost(name: &str, password: &str, cost: u32) -> String {
    let parts = bcrypt::hash_with_result(password, cost).unwrap();
    format!(
        "{name}:{}\n",
        parts.format_for_version(bcrypt::Version::TwoY)
    )
}

/// A service with API keys and no issuer at all.
pub fn with_keys(path: &str) -> GateBuilder {
    TestGate::new().set("API_KEYS_FILE", path)
}

/// A service with passwords and no issuer at all.
pub fn with_passwords(path: &str) -> GateBuilder {
    TestGate::new()
        .set("HTPASSWD_FILE", path)
        .set("TOKEN_SOURCES", "basic")
}

/// The value of a series as it is printed.
pub fn metric(gate: &TestGate, series: &str) -> String {
    gate.metric(series).to_string()
}
