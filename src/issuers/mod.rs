//! Layer 6: the issuers whose tokens are accepted, and their keys.
//!
//! Keys of remote issuers are fetched in the background by one task each; requests read a snapshot
//! without a lock, and at most ask that task for a fetch and wait for it a little.

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
