//! Leave to pass.

use std::sync::Arc;

use bytes::Bytes;

use super::Principal;
use crate::domain::Denial;

/// Leave to pass; made only by [`Rules`](super::Rules), and nothing is answered with 200 without one.
#[derive(Debug, Clone)]
pub struct Permit {
    principal: Option<Arc<Principal>>,
}

impl Permit {
    /// For somebody whose claims fit into headers.
    pub(super) fn for_principal(principal: Arc<Principal>) -> Result<Self, Denial> {
        principal.claim_values().map_err(Denial::from)?;
        Ok(Self { principal: Some(principal) })
    }

    /// For nobody in particular.
    pub const fn for_nobody() -> Self {
        Self { principal: None }
    }

    /// The values of the claim headers in the order of their configuration; nothing if nobody was identified, and then
    /// all of them are empty.
    pub fn claim_values(&self) -> Option<&[Bytes]> {
        self.principal.as_deref()?.claim_values().ok()
    }
}
