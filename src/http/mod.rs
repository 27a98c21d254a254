//! Floor 6: HTTP. Beside `demo/` the only home of the web framework.
//!
//! The verify listener answers proxies, the admin listener answers operators. Nothing but a
//! [`Permit`] is ever answered with 200 on the verify listener.
//!
//! [`Permit`]: crate::policy::Permit

mod admin;
mod admin_access;
mod dialect;
mod explain;
mod fields;
mod generation;
mod lifecycle;
mod pulse;
mod rehearsal;
mod responder;
mod status;
mod tls;
mod verify;

pub use admin::{AdminService, admin_server};
pub use admin_access::AdminAccess;
pub use dialect::{Dialect, Question};
pub use generation::Generation;
pub use lifecycle::Lifecycle;
pub use pulse::Pulse;
pub use rehearsal::{Rehearsal, RehearsedAnswer};
pub use responder::Responder;
pub use tls::CurrentTls;
pub use verify::{VerifyService, verify_server};
