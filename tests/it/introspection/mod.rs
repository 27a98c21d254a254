//! Introspection of tokens (RFC 7662, RFC 9701).

mod always;
mod answers;
mod client_authentication;
pub mod explain;
mod faults;
mod hydra;
mod keycloak;
mod load;
mod oidc_provider;
mod proxies;
mod settings;
mod signed;
mod whose;

use serde_json::json;

use crate::support::IntrospectionEndpoint;

/// A server that knows `good` as an active token of `alice`.
fn server() -> IntrospectionEndpoint {
    let server = IntrospectionEndpoint::start();
    server.knows("good", &json!({}));
    server
}

/// The counter of questions with this result.
fn ended(result: &str) -> String {
    format!(
        "doorward_dependency_requests_total{{dependency=\"introspection\",issuer=\"main\",result=\"{result}\"}}"
    )
}
