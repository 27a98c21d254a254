//! Threads with enough stack for the parser of expressions.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

/// The stack that the parser may take for what the bounds let through; it is not touched before it
/// is needed.
const PARSER_STACK_BYTES: usize = 128 << 20;

thread_local! {
    static HAS_LARGE_STACK: Cell<bool> = const { Cell::new(false) };
}

/// Runs this in a thread with the stack that the parser may need. Returns `None` if it panics, or
/// if there is no such thread. Calls inside of it use the same thread: a thread for each of ten
/// thousand conditions would take longer than everything else.
pub fn with_large_stack<T: Send>(read: impl FnOnce() -> T + Send) -> Option<T> {
    if HAS_LARGE_STACK.get() {
        // As at the end of a thread: what it worked on is dropped with it.
        return catch_unwind(AssertUnwindSafe(read)).ok();
    }
    let own = || {
        HAS_LARGE_STACK.set(true);
        read()
    };
    thread::scope(|scope| {
        let reader = thread::Builder::new()
            .stack_size(PARSER_STACK_BYTES)
            .spawn_scoped(scope, own);
        reader.ok()?.join().ok()
    })
}
