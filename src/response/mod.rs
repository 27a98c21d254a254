//! Layer 5: the response to a denial, whatever the protocol.
//!
//! The body by reason, the status, and the challenge (RFC 6750 section 3).

mod challenge;
mod challenge_schemes;
mod denial_responses;

pub use challenge_schemes::ChallengeSchemes;
pub use denial_responses::{DenialResponse, DenialResponses};
