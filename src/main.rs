//! The `doorward` command; everything else is in the library.

use std::process::ExitCode;

/// Frees without a lock what another thread has allocated. glibc's takes one: a thread that frees a
/// former configuration with what the workers leave over may be kept from its core while it holds
/// it, and a worker or the next configuration waits.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    doorward::cli::run()
}
