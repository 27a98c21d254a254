//! The test harness.
//!
//! ```ignore
//! let idp = TestIssuer::new();
//! let gate = TestGate::new().trusting(&idp).spawn();
//! let answer = gate.get("/verify").bearer(&idp.token().subject("alice").sign()).send();
//! assert_eq!(answer.status, 200);
//! ```

mod authority;
mod browser;
mod clock;
mod collector;
mod component;
mod database;
mod echo;
mod faulty_issuer;
mod gate;
pub mod grpc;
mod h2c;
mod http;
mod http2;
mod introspection_endpoint;
mod issuer;
pub mod keycloak;
mod page;
mod process;
mod proxied_site;
pub mod proxy_lines;
pub mod proxy_suite;
mod relay;
mod tls_client;
mod token;

pub use authority::{Authority, Credentials, TlsPlace};
pub use browser::{Visit, browse};
pub use clock::TestClock;
pub use collector::{Collector, attribute};
pub use component::{
    Component, eventually, free_port, is_connected, open_connections, program, repository, shipped,
};
pub use database::{DatabaseServer, ServerKind, TestDatabase};
pub use echo::{Echo, Echoed};
pub use faulty_issuer::{Behaviour, FaultyIssuer};
pub use gate::{GateBuilder, TestGate};
pub use grpc::{Check, GrpcClient};
pub use h2c::{H2cApplication, Left};
pub use http::{Answer, Client, Request, connected, resetting};
pub use http2::Http2Client;
pub use introspection_endpoint::{IntrospectionEndpoint, Question, Reply, Script};
pub use issuer::{TestIssuer, key};
pub use page::blocks;
pub use process::{Service, doorward};
pub use proxied_site::{BY_GRPC, Proxy, Site, Wiring};
pub(crate) use proxy_suite::proxy_suite;
pub use relay::Relay;
pub use tls_client::TlsClient;
pub use token::TokenBuilder;
