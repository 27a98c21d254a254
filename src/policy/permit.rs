//! Leave to pass.

use std::sync::Arc;

use bytes::Bytes;

use super::Principal;
use crate::domain::{Denial, Explain, ExplainStep};
use crate::jose::Claims;

/// Leave to pass; made only by [`Rules`](super::Rules), and nothing is answered with 200 without
/// one.
#[derive(Debug, Clone)]
pub struct Permit {
    principal: Option<Arc<Principal>>,
    other_protocols: Option<String>,
}

impl Permit {
    /// For somebody whose claims fit into headers.
    pub(super) fn for_principal(
        principal: Arc<Principal>,
        explain: &mut impl Explain,
    ) -> Result<Self, Denial> {
        if let Err(reason) = principal.claim_values() {
            explain
                .step(|| ExplainStep::failed("claim headers", "claims that fit", reason.meaning()));
            return Err(reason.into());
        }
        Ok(Self {
            principal: Some(principal),
            other_protocols: None,
        })
    }

    /// For nobody in particular.
    pub const fn anonymous() -> Self {
        Self {
            principal: None,
            other_protocols: None,
        }
    }

    /// The values of the claim headers in the order of their configuration; nothing if nobody was
    /// identified, and then all of them are empty.
    pub fn claim_values(&self) -> Option<&[Bytes]> {
        self.principal.as_deref()?.claim_values().ok()
    }

    /// The claims of the token; nothing if nobody was identified.
    pub fn claims(&self) -> Option<&Claims> {
        self.principal
            .as_deref()
            .map(|principal| principal.token().claims())
    }

    /// The same, with what the client offers besides its token; see
    /// [`other_protocols`](Self::other_protocols).
    #[must_use]
    pub fn with_other_protocols(self, other_protocols: Option<String>) -> Self {
        Self {
            other_protocols,
            ..self
        }
    }

    /// The WebSocket protocols that the client offers besides its token; nothing where they are not
    /// looked at.
    pub fn other_protocols(&self) -> Option<&str> {
        self.other_protocols.as_deref()
    }
}
