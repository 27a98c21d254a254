//! `doorward config`.

use clap::Subcommand;

use super::exit::{Failure, print};
use crate::config::reference;

#[derive(Subcommand)]
pub(super) enum Config {
    /// Print all settings with defaults and meanings, as Markdown
    Reference,
}

impl Config {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Reference => print(&reference()),
        }
    }
}
