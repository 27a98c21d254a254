//! `doorward key`: makes and reads API keys.

mod check;
mod new;

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
            Self::New(new) => new.run(source),
            Self::Check(check) => check.run(source),
        }
    }
}
