//! The permission to pass.

use std::sync::Arc;

use bytes::Bytes;

use crate::domain::{Denial, Explain, ExplainStep, Reason};
use crate::jose::Claims;
use crate::policy::Principal;

/// The permission to pass. Only [`Rules`](super::Rules) make one, and nothing is answered with 200
/// without one.
#[derive(Debug, Clone)]
pub struct Permit {
    principal: Option<Arc<Principal>>,
    other_protocols: Option<String>,
    reported: Option<Reason>,
}

impl Permit {
    /// Permits a principal whose claims fit into headers.
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
            ..Self::anonymous()
        })
    }

    /// Permits a request without identity.
    pub(super) const fn anonymous() -> Self {
        Self {
            principal: None,
            other_protocols: None,
            reported: None,
        }
    }

    /// Permits a request without identity that would have been denied for this reason.
    pub(super) fn reporting(reason: Reason) -> Self {
        Self {
            reported: Some(reason),
            ..Self::anonymous()
        }
    }

    /// Adds the protocols that the client offers besides its token.
    #[must_use]
    pub(super) fn with_other_protocols(self, other_protocols: Option<String>) -> Self {
        Self {
            other_protocols,
            ..self
        }
    }

    /// Returns the values of the claim headers in the order of their configuration; nothing if
    /// there is no identity, and then all of them are empty.
    pub fn claim_values(&self) -> Option<&[Bytes]> {
        self.principal.as_deref()?.claim_values().ok()
    }

    /// Returns the claims of the token; nothing if there is no identity.
    pub fn claims(&self) -> Option<&Claims> {
        self.principal
            .as_deref()
            .map(|principal| principal.token().claims())
    }

    /// Returns the WebSocket protocols that the client offers besides its token; nothing where no
    /// source looks at them.
    pub fn other_protocols(&self) -> Option<&str> {
        self.other_protocols.as_deref()
    }

    /// Returns why the request would have been denied, on a route that only reports denials.
    pub const fn reported(&self) -> Option<Reason> {
        self.reported
    }
}
