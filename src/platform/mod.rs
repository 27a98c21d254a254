//! Layer 4: the operating system: clock, sockets and threads of low priority.
//!
//! No module here depends on what is decided.

mod clock;
mod inherited_sockets;
mod listener;
mod low_priority_thread;
mod socket_file;
mod socket_lock;

pub use clock::{StoppedClock, SystemClock};
pub use inherited_sockets::InheritedSockets;
pub use listener::{BoundListener, bind};
pub(crate) use low_priority_thread::LowPriorityThread;
pub use socket_lock::SocketLock;
