//! Floor 6: HTTP. Beside `demo/` the only home of the web framework.
//!
//! The verify listener answers proxies, the admin listener answers operators. Nothing but a
//! [`Permit`] is ever answered with 200 on the verify listener.
//!
//! [`Permit`]: crate::policy::Permit

mod admin;
mod header_fields;
mod heartbeat;
mod lifecycle;
mod service_snapshot;
mod tls;
mod verify;

pub use admin::{AdminAccess, AdminService, SimulatedAnswer, Simulator, admin_server};
pub use heartbeat::Heartbeat;
pub use lifecycle::Lifecycle;
pub use service_snapshot::ServiceSnapshot;
pub use tls::CurrentTls;
pub use verify::{Dialect, ProxyRequest, Responder, VerifyService, verify_server};
