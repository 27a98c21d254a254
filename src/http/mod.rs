//! Layer 9: the two HTTP listeners. Only this module and `demo/` use the web framework.
//!
//! The verify listener answers proxies, and the admin listener answers operators. The verify
//! listener answers 200 only for a [`Permit`].
//!
//! [`Permit`]: crate::policy::Permit

mod admin;
mod header_fields;
mod heartbeat;
mod lifecycle;
mod service_snapshot;
mod simulator;
mod tls;
mod verify;

pub use admin::{AdminAccess, AdminService, admin_server};
pub use heartbeat::Heartbeat;
pub use lifecycle::Lifecycle;
pub use service_snapshot::ServiceSnapshot;
pub use simulator::{SimulatedAnswer, Simulator};
pub use tls::CurrentTls;
pub use verify::{Dialect, ProxyRequest, Responder, VerifyService, verify_server};
