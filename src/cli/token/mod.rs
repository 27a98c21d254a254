//! `doorward token`: making and reading tokens, for development.

mod inspect;
mod issue;

use std::io::Read;
use std::path::Path;

use clap::Subcommand;

use super::exit::Failure;

#[derive(Subcommand)]
pub(super) enum Token {
    /// Sign claims with a secret, a PEM or a JWK private key
    Issue(Box<issue::Issue>),
    /// Decode a token without verifying it
    Inspect(inspect::Inspect),
}

impl Token {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Issue(issue) => issue.run(),
            Self::Inspect(inspect) => inspect.run(),
        }
    }
}

/// Reads a file, or stdin for `-`: what stands on a command line can be seen by every user of the machine.
pub(super) fn read(path: &Path) -> Result<String, Failure> {
    let failed = |error| Failure::failed(format!("cannot read {}: {error}", path.display()));
    if path.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().take(1 << 20).read_to_string(&mut text).map_err(failed)?;
        return Ok(text);
    }
    std::fs::read_to_string(path).map_err(failed)
}
