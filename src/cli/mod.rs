//! Floor 7: the command line. One file per command; data goes to stdout, everything else to stderr.

mod check;
mod config;
mod demo;
mod exit;
mod health;
mod serve;
mod token;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use exit::Failure;

/// Checks the token of every request, for reverse proxies that ask.
#[derive(Parser)]
#[command(name = "doorward", version, about, long_about = None, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

const AFTER_HELP: &str = "\
Exit codes: 0 success, 1 denied or failed, 2 wrong usage, 78 bad configuration.
Settings are environment variables: `doorward config reference` lists them.";

#[derive(Subcommand)]
enum Command {
    /// Run the service (the default)
    Serve,
    /// Try everything out: an issuer, the service and a guarded site, with curl lines to paste
    Demo(demo::Demo),
    /// Report every problem of the configuration
    Check(check::Check),
    /// Ask the running service whether it is alive, for container health checks
    Health,
    /// Make and read tokens, for development
    #[command(subcommand)]
    Token(Box<token::Token>),
    /// Show what can be configured
    #[command(subcommand)]
    Config(config::Config),
}

/// Runs the command that the arguments of this process name.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let environment: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    let done = match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => serve::run(environment),
        Command::Demo(demo) => demo.run(),
        Command::Check(check) => check.run(environment),
        Command::Health => health::run(environment),
        Command::Token(token) => token.run(),
        Command::Config(config) => config.run(),
    };
    done.map_or_else(Failure::report, |()| ExitCode::SUCCESS)
}
