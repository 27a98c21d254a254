//! `doorward token`: creates and reads tokens, for development.

mod input;
mod inspect;
mod issue;

pub(crate) use input::read;

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
