//! The form of a check's report.

use clap::ValueEnum;

use crate::cli::exit::{Failure, print};

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// For people
    Text,
    /// For programs
    Json,
    /// For CI: a test case for the configuration, each issuer and each fixture
    Junit,
}

impl Output {
    /// Prints what is for people only.
    pub(super) fn say(self, text: &str) -> Result<(), Failure> {
        if self == Self::Text {
            print(text)
        } else {
            Ok(())
        }
    }
}
