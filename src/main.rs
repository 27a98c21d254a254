//! The `doorward` command; everything else is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    doorward::cli::run()
}
