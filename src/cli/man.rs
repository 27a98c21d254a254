//! `doorward man`.

use std::path::PathBuf;

use clap::{Args, Command};

use super::exit::{Failure, print};

#[derive(Args)]
pub(super) struct Man {
    /// Write `doorward.1`, and a page for each command beside it, to this directory
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
}

impl Man {
    /// Prints the page of this command, or writes one for it and for each command below it.
    pub(super) fn run(&self, command: Command) -> Result<(), Failure> {
        if let Some(directory) = &self.directory {
            return clap_mangen::generate_to(command, directory).map_err(|error| {
                Failure::failed(format_args!(
                    "cannot write to {}: {error}\nhint: name a directory that exists and may be written to",
                    directory.display()
                ))
            });
        }
        let mut page = Vec::new();
        clap_mangen::Man::new(command.disable_help_subcommand(true))
            .render(&mut page)
            .map_err(Failure::failed)?;
        print(&String::from_utf8_lossy(&page))
    }
}
