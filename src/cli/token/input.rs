//! Tokens and claims from a file or from stdin.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::cli::exit::Failure;
use crate::domain::shown_path;

/// No token, key or key set is longer.
const MAX_BYTES: usize = 1 << 20;

/// Reads a file, or stdin for `-`: what stands on a command line can be seen by every user of the
/// machine.
#[expect(
    clippy::disallowed_methods,
    reason = "a command may wait for a pipe, as any other does"
)]
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    // Who pastes the token where its file belongs shall not find it in a log.
    let shown = if path.as_os_str() == "-" {
        "-"
    } else {
        shown_path(path).unwrap_or("the file (it looks like no path)")
    };
    let failed = |error| Failure::failed(format!("cannot read {shown}: {error}"));
    let mut bytes = Vec::new();
    // One more than is taken, to tell a long one from one that was cut off. A device has no end.
    let most = MAX_BYTES as u64 + 1;
    if path.as_os_str() == "-" {
        std::io::stdin()
            .take(most)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
    } else {
        File::open(path)
            .map_err(failed)?
            .take(most)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
    }
    if bytes.len() > MAX_BYTES {
        return Err(Failure::failed(format!(
            "{shown} has more than {} MiB",
            MAX_BYTES >> 20
        )));
    }
    String::from_utf8(bytes).map_err(|_| Failure::failed(format!("{shown} is not UTF-8")))
}
