//! The runtime of commands that wait for the network.

use std::future::Future;

use tokio::runtime::{Builder, Runtime};

use super::exit::Failure;

/// Runs a future to its end. Does not wait for threads that a file or a name server blocks.
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = runtime()?;
    let done = runtime.block_on(future);
    runtime.shutdown_background();
    Ok(done)
}

/// Creates a runtime for one thread, which is enough for fetching keys and for signals. The
/// listeners have threads of their own.
pub(super) fn runtime() -> Result<Runtime, Failure> {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::failed)
}
