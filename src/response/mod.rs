//! Layer 5: what goes back for a denial, whoever asks.
//!
//! The body by reason, the status, and the challenge (RFC 6750 section 3).

mod challenge;
mod denial_responses;

pub use denial_responses::{DenialResponse, DenialResponses};
