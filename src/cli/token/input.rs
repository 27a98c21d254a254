//! Tokens and claims from a file or from stdin.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::cli::exit::{Failure, TOKEN_IS_VISIBLE};
use crate::config_reader::next_step;
use crate::domain::{may_hold_token, shown_path};

/// The maximum size in bytes. No token, key or key set is longer.
const MAX_BYTES: usize = 1 << 20;

/// Reads a file, or stdin for `-`. Secrets are not read from the command line, which every user of
/// the machine can see.
#[expect(
    clippy::disallowed_methods,
    reason = "a command may wait for a pipe, as any other does"
)]
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    // If the token was given in place of its file name, it must not appear in a log.
    let shown = if path.as_os_str() == "-" {
        "-"
    } else {
        shown_path(path).unwrap_or("the file (it looks like no path)")
    };
    if may_hold_token(&path.to_string_lossy()) {
        return Err(Failure::Usage(TOKEN_IS_VISIBLE));
    }
    let failed = |error: io::Error| {
        let hint = next_step(path, error.kind());
        Failure::failed(format!("cannot read {shown}: {error}\nhint: {hint}"))
    };
    let mut bytes = Vec::new();
    // One byte more than allowed, which distinguishes input that is too long from input that just
    // fits. A device has no end.
    let limit = MAX_BYTES as u64 + 1;
    if path.as_os_str() == "-" {
        std::io::stdin()
            .take(limit)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
    } else {
        File::open(path)
            .map_err(failed)?
            .take(limit)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
    }
    if bytes.len() > MAX_BYTES {
        return Err(Failure::failed(format!(
            "{shown} has more than {} MiB\nhint: {}",
            MAX_BYTES >> 20,
            next_step(path, io::ErrorKind::FileTooLarge)
        )));
    }
    String::from_utf8(bytes).map_err(|_| {
        Failure::failed(format!(
            "{shown} is not UTF-8\nhint: compare the path: its contents are no text"
        ))
    })
}
