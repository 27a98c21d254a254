//! Introspection of tokens (RFC 7662, RFC 9701).

mod always;
mod answers;
mod client_authentication;
pub mod explain;
mod faults;
mod fetching;
mod hydra;
mod keycloak;
mod kinds;
mod load;
mod oidc_provider;
mod providers;
mod proxies;
mod settings;
mod signed;
mod whose;

use serde_json::{Value, json};

use crate::support::IntrospectionEndpoint;

/// A server that knows `good` as an active token of `alice`.
fn server() -> IntrospectionEndpoint {
    let server = IntrospectionEndpoint::start();
    server.knows("good", &json!({}));
    server
}

/// The `events` of a logout token (`OpenID` Connect Back-Channel Logout 1.0 section 2.4).
fn logout() -> Value {
    json!({"http://schemas.openid.net/event/backchannel-logout": {}})
}

/// The counter of questions with this result.
fn ended(result: &str) -> String {
    format!(
        "doorward_dependency_requests_total{{dependency=\"introspection\",issuer=\"main\",result=\"{result}\"}}"
    )
}
