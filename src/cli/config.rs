//! `doorward config`.

use clap::Subcommand;

use super::exit::{Failure, print};
use crate::config::{fixture_schema, reference, schema};

#[derive(Subcommand)]
pub(super) enum Config {
    /// Print all settings with defaults and meanings, as Markdown
    Reference,
    /// Print the JSON Schema of the configuration file, for editors
    Schema {
        /// That of the files that `check --fixtures` reads instead
        #[arg(long)]
        fixtures: bool,
    },
}

impl Config {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Reference => print(&reference()),
            Self::Schema { fixtures: false } => print(&schema()),
            Self::Schema { fixtures: true } => print(&fixture_schema()),
        }
    }
}
