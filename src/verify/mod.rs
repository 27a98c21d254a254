//! Layer 1: verifies claims (RFC 7519 section 4.1, RFC 9068 section 4, RFC 8725 section 3).
//!
//! Every check takes the time as an argument. Nothing here depends on a request.

mod audience;
mod entra_tenant;
mod expectations;
mod introspection;
mod provider_rule;
mod required_claim;
mod role_claims;
mod scope_claim;
mod token_type;
mod validity;
mod verified_token;

pub use audience::{AcceptedAudience, AudienceMatch, AudienceRule};
pub use entra_tenant::EntraTenant;
pub use expectations::Expectations;
pub use introspection::{
    ActiveToken, Contradiction, IntrospectionAnswer, SignedAnswer, TokenKindRule, UnreadableAnswer,
};
pub use provider_rule::ProviderRule;
pub use required_claim::RequiredClaim;
pub use role_claims::RoleClaims;
pub use token_type::TokenTypeRule;
pub use validity::{TimeRules, Validity};
pub use verified_token::VerifiedToken;
