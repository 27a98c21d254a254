//! Floor 3: the one HTTP client, with its bounds.
//!
//! Whatever this service fetches decides whom it trusts. So: certificates are checked, redirects
//! are not followed, a body is read to a limit, a request ends in time, and an address can be
//! required to be a public one.

mod address;
mod client;
mod courier;
mod egress;
mod no_proxy;

pub use address::AddressRule;
pub use client::{
    Answer, Ask, EntityTag, FetchError, Fetched, HttpClient, InvalidClient, in_words,
};
pub use courier::Courier;
pub use egress::{Egress, ProxyName};
