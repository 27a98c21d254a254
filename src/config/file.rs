//! Files that a configuration consists of.

use std::io::Read;
use std::path::Path;

use super::value::Invalid;
use crate::domain::shown_path;

/// In place of what may be a secret, written where the name of its file belongs.
const NOT_SHOWN: &str = "the file that is named here (it looks like no path, so it is not shown)";

/// The bytes of a regular file, if it has at most so many.
pub(super) fn read(path: &Path, max_bytes: usize) -> Result<Vec<u8>, Invalid> {
    let shown = shown_path(path).unwrap_or(NOT_SHOWN);
    let failed = |error: std::io::Error| Invalid::new(format!("cannot read {shown}: {error}"));
    // A pipe could keep us waiting for ever, and a device has no end.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err(Invalid::new(format!("cannot read {shown}: not a regular file")));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path).map_err(failed)?.take(max_bytes as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > max_bytes {
        return Err(Invalid::new(format!("{shown} has more than {} MiB", max_bytes >> 20)));
    }
    Ok(bytes)
}
