//! Layer 5: the response to a denial, whatever the protocol.
//!
//! The body by reason, the status, and the challenge (RFC 6750 section 3).

mod challenge;
mod denial_responses;

pub use denial_responses::{DenialResponse, DenialResponses};
