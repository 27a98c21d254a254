//! Floor 3: the one HTTP client, with its bounds.
//!
//! Whatever this service fetches decides whom it trusts. So: certificates are checked, redirects
//! are not followed, a body is read to a limit, a request ends in time, and an address can be
//! required to be a public one.

mod http;

pub use http::{
    AddressRule, Egress, EntityTag, FetchBody, FetchError, FetchRequest, FetchResponse, HttpClient,
    InvalidClient, OtlpTransport, ProxyName, error_chain,
};
