//! What was learned on the way to a decision.

use super::TokenDigest;
use crate::telemetry::CacheUse;

/// What was learned on the way to a decision; it has no say in it.
#[derive(Debug, Default)]
pub struct DecisionRecord {
    /// The digest of the token.
    pub digest: Option<TokenDigest>,
    /// The issuer's position.
    pub issuer: Option<usize>,
    /// What the token cache had to do with it.
    pub cache: CacheUse,
}
