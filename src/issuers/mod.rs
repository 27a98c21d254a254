//! Layer 6: the issuers whose tokens are accepted, and their keys.
//!
//! For each remote issuer one task fetches the keys in the background. Requests read a snapshot
//! without a lock. At most they ask this task for a fetch, and wait for it for a short time.

mod description;
mod discovery;
mod document_kind;
mod fetch_failure;
mod fetcher;
mod introspection_endpoint;
mod issuer;
mod key_origin;
mod key_report;
mod key_store;
mod metadata;
mod refetch;
mod refresher;
mod schedule;

pub use description::IssuerDescription;
pub use fetch_failure::FetchFailure;
pub use fetcher::KeyFetcher;
pub use introspection_endpoint::EndpointFinder;
pub use issuer::{Issuer, Issuers};
pub use key_origin::KeyOrigin;
pub use key_report::{report_keys, shown_key_id};
pub use key_store::{FetchHistory, KeySnapshot, KeyStore};
pub use refresher::Refresher;
