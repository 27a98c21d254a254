//! Floor 6: gRPC, for Envoy's `ext_authz`. The only home of tonic and of Envoy's messages.
//!
//! It asks the same [`DecisionService`](crate::gate::Door) as HTTP does. A decision, whatever it is, is an
//! answer; a gRPC error is only what is no question.

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
