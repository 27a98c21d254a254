//! Leave to pass.

use std::sync::Arc;

use bytes::Bytes;

use super::Principal;

/// Leave to pass; made only by [`Policy`](super::Policy), and nothing is answered with 200 without one.
#[derive(Debug, Clone)]
pub struct Permit {
    principal: Option<Arc<Principal>>,
}

impl Permit {
    pub(super) const fn for_principal(principal: Arc<Principal>) -> Self {
        Self { principal: Some(principal) }
    }

    pub(super) const fn for_nobody() -> Self {
        Self { principal: None }
    }

    /// The values of the claim headers in the order of their configuration; nothing if nobody was identified, and then
    /// all of them are empty.
    pub fn claim_values(&self) -> Option<&[Bytes]> {
        self.principal.as_deref().map(Principal::claim_values)
    }
}
