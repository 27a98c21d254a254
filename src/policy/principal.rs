//! Who a verified token stands for.

use std::sync::OnceLock;

use bytes::Bytes;

use super::ClaimHeaders;
use super::condition::ClaimValues;
use crate::domain::Reason;
use crate::verify::VerifiedToken;

/// What is kept of a verified token: what routes may ask of it, and its claims as headers.
#[derive(Debug)]
pub struct Principal {
    token: VerifiedToken,
    claim_values: Result<Box<[Bytes]>, Reason>,
    /// The claims as values of conditions; the first one that is judged has them converted.
    values: OnceLock<Option<ClaimValues>>,
}

impl Principal {
    /// Renders the claims of a verified token once, for all requests it will be presented with.
    pub fn new(token: VerifiedToken, claim_headers: &ClaimHeaders) -> Self {
        Self {
            claim_values: claim_headers.render(&token),
            token,
            values: OnceLock::new(),
        }
    }

    /// The token.
    pub const fn token(&self) -> &VerifiedToken {
        &self.token
    }

    /// The values of the claim headers, in the order of their configuration; or why there can be
    /// none, which is of no importance as long as the token is refused for another reason.
    pub fn claim_values(&self) -> Result<&[Bytes], Reason> {
        self.claim_values.as_deref().map_err(|reason| *reason)
    }

    /// The claims as values of conditions.
    pub(super) fn values(&self) -> Option<&ClaimValues> {
        self.values
            .get_or_init(|| ClaimValues::of(&self.token))
            .as_ref()
    }

    /// About how many bytes this takes in memory; with its values as conditions read them, or
    /// without.
    pub fn size(&self, with_values: bool) -> usize {
        let values = self.claim_values().unwrap_or_default().iter();
        let values: usize = values.map(|value| value.len() + size_of::<Bytes>()).sum();
        let converted = if with_values {
            ClaimValues::size(&self.token)
        } else {
            0
        };
        size_of::<Self>() + values + self.token.size() + converted
    }
}
