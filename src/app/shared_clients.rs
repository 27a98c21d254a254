//! The runtime of calls to dependencies.

use std::io;

use tokio::runtime::{Builder, Handle, Runtime};

/// The number of threads that calls to dependencies run on.
const THREADS: usize = 2;

/// The number of threads that may wait for a name server. One that hangs must not stop the calls to
/// all other dependencies.
const RESOLVERS: usize = 16;

/// The runtime of calls to dependencies, which outlives every configuration.
///
/// The workers of a listener may end, and the main thread has signals and refreshers: a call on
/// either would end or wait with them. It starts with the first dependency.
#[derive(Default)]
pub(super) struct SharedClients {
    runtime: Option<Runtime>,
}

impl SharedClients {
    /// Returns the runtime, which is started if there is none yet.
    pub(super) fn runtime(&mut self) -> io::Result<Handle> {
        if let Some(runtime) = &self.runtime {
            return Ok(runtime.handle().clone());
        }
        let runtime = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .max_blocking_threads(RESOLVERS)
            .thread_name("calls")
            .enable_all()
            .build()?;
        let handle = runtime.handle().clone();
        self.runtime = Some(runtime);
        Ok(handle)
    }
}

impl Drop for SharedClients {
    fn drop(&mut self) {
        // Calls in flight are given up: waiting for them would block the caller's runtime.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
