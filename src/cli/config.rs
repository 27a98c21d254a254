//! `doorward config`.

use clap::Subcommand;

use super::exit::{Failure, print};
use crate::config::{reference, schema};

#[derive(Subcommand)]
pub(super) enum Config {
    /// Print all settings with defaults and meanings, as Markdown
    Reference,
    /// Print the JSON Schema of the configuration file, for editors
    Schema,
}

impl Config {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Reference => print(&reference()),
            Self::Schema => print(&schema()),
        }
    }
}
