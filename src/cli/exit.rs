//! Failures of commands, and their exit codes.

use std::io::Write;
use std::process::ExitCode;

use crate::config_reader::Problems;

/// The reason why a command did not succeed.
pub(super) enum Failure {
    /// The configuration is wrong (78, `EX_CONFIG` of sysexits).
    Configuration(Problems),
    /// The command failed (exit code 1).
    Failed(String),
    /// The command was called with arguments that do not fit (exit code 2).
    Usage(&'static str),
    /// The result is negative, and has been printed already (exit code 1).
    Denied,
}

/// The message for a token in the arguments, which does not repeat it.
pub(super) const TOKEN_IS_VISIBLE: &str = "\
a token on the command line is visible to every user of this machine
hint: pipe it (`--token -`, or `--token-file -`) or name its file with --token-file";

impl Failure {
    pub(super) fn failed(error: impl std::fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }

    pub(super) fn report(self) -> ExitCode {
        let (text, code) = match self {
            Self::Configuration(problems) => (problems.to_string(), 78),
            Self::Failed(error) => (format!("doorward: {error}"), 1),
            Self::Usage(error) => (format!("doorward: {error}"), 2),
            Self::Denied => return ExitCode::FAILURE,
        };
        // An error of stderr itself cannot be reported.
        let _ = writeln!(std::io::stderr(), "{text}");
        ExitCode::from(code)
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self::Configuration(problems)
    }
}

/// Writes data to stdout. A closed pipe is not a failure: its reader needs no more.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::failed(error)),
        _ => Ok(()),
    }
}
