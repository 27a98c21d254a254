//! What must hold whatever the bytes are: one file for each fuzz target.
//!
//! `fuzz_targets/` hands bytes of libFuzzer's making to a judge, and `tests/it/fuzz_corpora.rs`
//! those that were kept.

pub mod claim_to_header;
pub mod claims;
pub mod compact_token;
pub mod forwarded_request;
pub mod introspection_answer;
pub mod jwk_set;

mod encoding;
pub mod fixture;
mod json;
