//! Layer 9: the gRPC listener, for Envoy's `ext_authz`. Only this module uses tonic and Envoy's
//! messages.
//!
//! It uses the same [`DecisionService`] as HTTP. Every decision is a regular response, also a
//! denial. A gRPC error means that the call itself is invalid, too large or too slow.
//!
//! [`DecisionService`]: crate::gate::DecisionService

mod answer;
mod check;
mod codec;
mod connection;
mod described;
mod metadata;
mod server;
mod services;

pub use check::{CheckService, CurrentDecisionService};
pub use server::{GrpcHandle, GrpcServer};
