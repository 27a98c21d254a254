//! `doorward config`.

use clap::Subcommand;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::config_show::Show;
use super::exit::{Failure, print};
use crate::config::schema;
use crate::config::{Source, reference};
use crate::fixtures::fixture_schema;
use crate::proxy_files::{HeaderNames, Proxy};

#[derive(Subcommand)]
pub(super) enum Config {
    /// Show each setting with its value, and where the value comes from
    Show(Show),
    /// Print all settings with defaults and meanings, as Markdown
    Reference,
    /// Print the JSON Schema of the configuration file, for editors
    Schema {
        /// Print the schema of fixture files instead
        #[arg(long)]
        fixtures: bool,
    },
    /// Print the lines of a proxy's configuration that depend on the settings: headers to send, to
    /// pass on and to remove
    Proxy {
        /// The proxy in front
        #[arg(value_name = "PROXY", value_parser = PossibleValuesParser::new(Proxy::ALL.map(Proxy::name)).try_map(|name| name.parse::<Proxy>()))]
        proxy: Proxy,
    },
}

impl Config {
    pub(super) fn run(self, source: &Source) -> Result<(), Failure> {
        match self {
            Self::Show(show) => show.run(source),
            Self::Reference => print(&reference()),
            Self::Schema { fixtures: false } => print(&schema()),
            Self::Schema { fixtures: true } => print(&fixture_schema()),
            Self::Proxy { proxy } => print(&proxy.lines(&HeaderNames::of(&source.read()?))?),
        }
    }
}
