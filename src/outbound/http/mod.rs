//! The HTTP client, with its rules for addresses and proxies and its limits for responses.

mod address;
mod client;
mod clients;
mod egress;
mod error_chain;
mod form_client;
mod invalid_client;
mod no_proxy;
mod otlp;
mod response;

pub use address::AddressRule;
pub use client::{FetchRequest, HttpClient};
pub use egress::{Egress, ProxyName};
pub use error_chain::error_chain;
pub use form_client::{
    ClientIdentity, FormClient, FormError, FormErrorKind, FormRequest, FormResponse,
};
pub use invalid_client::InvalidClient;
pub use otlp::OtlpTransport;
pub use response::{EntityTag, FetchBody, FetchError, FetchResponse};
