//! Layer 5: the HTTP client, the SQL clients, calls to dependencies, and their bounds.
//!
//! The documents that this service fetches decide whom it trusts. So certificates are checked,
//! redirects are not followed, a body is read up to a limit, a request ends in time, and an address
//! can be required to be a public one.

pub mod dependency;
mod http;
mod sql;

pub use http::{
    AddressRule, ClientIdentity, Egress, EntityTag, FetchBody, FetchError, FetchRequest,
    FetchResponse, FormClient, FormError, FormErrorKind, FormRequest, FormResponse, HttpClient,
    InvalidClient, OtlpTransport, ProxyName, error_chain,
};
pub use sql::{DescribedColumn, QueryDescription, SqlClient, SqlError};
