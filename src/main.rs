//! The `doorward` command; everything else is in the library.

use std::process::ExitCode;

/// The allocator. It frees memory of another thread without a lock.
///
/// glibc's allocator takes a lock. A thread of low priority frees a former configuration; if it
/// lost its core while it held the lock, a worker or the next configuration would have to wait.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    doorward::cli::run()
}
