//! Layer 10: the command line. Each command has a file. Data goes to stdout, everything else to
//! stderr.

mod check;
mod completion;
mod config;
mod config_show;
mod demo;
mod egress_checks;
mod exit;
mod explain;
mod fixtures;
mod health;
mod inherited_sockets;
mod key;
mod keys;
mod man;
mod output;
mod request_url;
mod runtime;
mod serve;
mod signals;
mod token;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use exit::{Failure, TOKEN_IS_VISIBLE};
use signals::HeldSignals;

use crate::config::Source;
use crate::domain::may_hold_token;

/// Checks the token of every request, for reverse proxies that ask.
#[derive(Parser)]
#[command(name = "doorward", version, about, long_about = None, after_help = AFTER_HELP)]
struct Cli {
    /// Configuration file in YAML; the default is `DOORWARD_CONFIG`. Environment variables win over
    /// the file
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

const AFTER_HELP: &str = "\
Exit codes: 0 success, 1 denied or failed, 2 wrong usage, 78 bad configuration.
Settings are environment variables or stand in a YAML file: `doorward config reference` lists them.";

#[derive(Subcommand)]
enum Command {
    /// Run the service (the default)
    Serve,
    /// Start an issuer, the service and a guarded site, to try everything out with curl
    Demo(demo::Demo),
    /// Report every problem of the configuration
    Check(check::Check),
    /// Show how a decision is made, stage by stage, and why a request is denied
    Explain(Box<explain::Explain>),
    /// Check that the running service responds, for container health checks
    Health,
    /// Issue and decode tokens, for development
    #[command(subcommand)]
    Token(Box<token::Token>),
    /// Make and read API keys
    #[command(subcommand)]
    Key(key::Key),
    /// Show the settings, the active configuration, and the lines for the proxy in front
    #[command(subcommand)]
    Config(config::Config),
    /// Print the completion script of a shell
    Completion(completion::Completion),
    /// Print the manual page, or write one page for each command
    Man(man::Man),
}

/// Parses the arguments of this process, and runs the command that they name.
pub fn run() -> ExitCode {
    let held = HeldSignals::hold();
    let cli = Cli::try_parse().unwrap_or_else(|error| refuse(&error));
    let environment: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    let source = || Source::new(cli.config, environment.iter().cloned());
    let command = cli.command.unwrap_or(Command::Serve);
    if !matches!(command, Command::Serve | Command::Demo(_)) {
        held.release();
    }
    let done = match command {
        Command::Serve => serve::run(&held, &source(), &environment),
        Command::Demo(demo) => demo.run(&held),
        Command::Check(check) => check.run(&source(), &environment),
        Command::Explain(explain) => explain.run(&source(), &environment),
        Command::Health => health::run(&source()),
        Command::Token(token) => token.run(),
        Command::Key(key) => key.run(&source()),
        Command::Config(config) => config.run(&source()),
        Command::Completion(completion) => completion.run(Cli::command()),
        Command::Man(man) => man.run(Cli::command()),
    };
    done.map_or_else(Failure::report, |()| ExitCode::SUCCESS)
}

/// Reports what is wrong with the arguments and exits. Never repeats an argument that may be a
/// token, because stderr may go to a log.
fn refuse(error: &clap::Error) -> ! {
    if error.use_stderr()
        && std::env::args_os().any(|argument| may_hold_token(&argument.to_string_lossy()))
    {
        let _ = writeln!(std::io::stderr(), "doorward: {TOKEN_IS_VISIBLE}");
        std::process::exit(2);
    }
    error.exit()
}
