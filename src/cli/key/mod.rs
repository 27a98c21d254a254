//! `doorward key`: makes and reads API keys.

mod check;
mod new;

use aws_lc_rs::digest;
use clap::Subcommand;

use super::exit::Failure;
use crate::config::Source;

#[derive(Subcommand)]
pub(super) enum Key {
    /// Make an API key: the key on stdout, and on stderr the line to store in `api_keys_file`
    New(new::New),
    /// Read an API key from stdin, and say what it is
    Check(check::Check),
}

impl Key {
    pub(super) fn run(self, source: &Source) -> Result<(), Failure> {
        match self {
            Self::New(new) => new.run(),
            Self::Check(check) => check.run(source),
        }
    }
}

/// Returns the hash of a key as `api_keys_file` has it.
fn stored_hash(key: &str) -> String {
    let hash = digest::digest(&digest::SHA256, key.as_bytes());
    let digits = hash.as_ref().iter().map(|byte| format!("{byte:02x}"));
    format!("sha256:{}", digits.collect::<String>())
}
