//! How a command ends when it does not end well.

use std::io::Write;
use std::process::ExitCode;

use crate::config_reader::Problems;

/// Why a command did not do what it was asked to.
pub(super) enum Failure {
    /// The configuration is wrong (78, `EX_CONFIG` of sysexits).
    Configuration(Problems),
    /// Something went wrong.
    Failed(String),
    /// The command was called in a way that it is not for.
    Usage(&'static str),
    /// The answer is no, and has been told.
    Denied,
}

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
        // Nobody is left to be told when stderr is gone.
        let _ = writeln!(std::io::stderr(), "{text}");
        ExitCode::from(code)
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self::Configuration(problems)
    }
}

/// Writes data to stdout. A closed pipe is no failure: the reader has seen enough.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::failed(error)),
        _ => Ok(()),
    }
}
