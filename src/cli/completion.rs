//! `doorward completion`.

use clap::{Args, Command, ValueEnum};
use clap_complete::Shell;

use super::exit::{Failure, print};

#[derive(Args)]
pub(super) struct Completion {
    /// Name of the shell
    #[arg(value_name = "SHELL", value_enum)]
    shell: KnownShell,
}

#[derive(Clone, Copy, ValueEnum)]
enum KnownShell {
    /// For /usr/share/bash-completion/completions/doorward
    Bash,
    /// For _doorward in a folder of $fpath
    Zsh,
    /// For ~/.config/fish/completions/doorward.fish
    Fish,
}

impl Completion {
    /// Prints the script of the shell that completes this command.
    pub(super) fn run(&self, mut command: Command) -> Result<(), Failure> {
        let shell = match self.shell {
            KnownShell::Bash => Shell::Bash,
            KnownShell::Zsh => Shell::Zsh,
            KnownShell::Fish => Shell::Fish,
        };
        // Written to memory first: the library panics where writing fails, as it does at a closed
        // pipe.
        let mut script = Vec::new();
        let name = command.get_name().to_owned();
        clap_complete::generate(shell, &mut command, name, &mut script);
        print(&String::from_utf8_lossy(&script))
    }
}
