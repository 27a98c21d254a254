//! Who a verified token stands for.

use bytes::Bytes;

use super::ClaimHeaders;
use crate::domain::{Denial, Scopes};
use crate::verify::{Validity, VerifiedToken};

/// What is kept of a verified token: all that later requests with it need, and no more.
#[derive(Debug)]
pub struct Principal {
    claim_values: Box<[Bytes]>,
    scopes: Scopes,
    validity: Validity,
}

impl Principal {
    /// Renders the claims of a verified token once, for all requests it will be presented with.
    pub fn new(token: &VerifiedToken, claim_headers: &ClaimHeaders) -> Result<Self, Denial> {
        let claim_values = claim_headers.render(token)?;
        Ok(Self { claim_values, scopes: token.scopes().clone(), validity: *token.validity() })
    }

    /// The values of the claim headers, in the order of their configuration.
    pub fn claim_values(&self) -> &[Bytes] {
        &self.claim_values
    }

    /// What the token grants.
    pub const fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// When the token is valid.
    pub const fn validity(&self) -> &Validity {
        &self.validity
    }

    /// About how many bytes this takes in memory.
    pub fn size(&self) -> usize {
        let values: usize = self.claim_values.iter().map(|value| value.len() + size_of::<Bytes>()).sum();
        let scopes: usize = self.scopes.iter().map(|scope| scope.len() + size_of::<Box<str>>()).sum();
        size_of::<Self>() + values + scopes
    }
}
