//! The permission to pass.

use std::sync::Arc;

use bytes::Bytes;

use super::Identity;
use crate::domain::{Denial, Explain, ExplainStep, Reason};
use crate::jose::Claims;
use crate::policy::{ClaimHeaders, Principal, UserRow};

/// The permission to pass. Only [`Rules`](super::Rules) make one, and nothing is answered with 200
/// without one.
#[derive(Debug, Clone)]
pub struct Permit {
    principal: Option<Arc<Principal>>,
    user: Option<Arc<UserRow>>,
    other_protocols: Option<String>,
    reported: Option<Reason>,
}

impl Permit {
    /// Permits an identity whose claims and columns fit into headers.
    pub(super) fn for_identity(
        identity: Identity,
        claim_headers: &ClaimHeaders,
        explain: &mut impl Explain,
    ) -> Result<Self, Denial> {
        let Identity { principal, user } = identity;
        let user = user.map(|row| row.rendered(claim_headers));
        let fit = principal.headers().and_then(|of_claims| {
            let of_columns = user.as_ref().map(|row| row.headers()).transpose()?;
            let of_columns = of_columns.map_or(0, |rendered| rendered.bytes);
            claim_headers.check_room(of_claims.bytes + of_columns)
        });
        if let Err(reason) = fit {
            let is_row = reason == Reason::DependencyUnavailable;
            explain.step(|| {
                let (stage, expected) = if is_row {
                    ("user headers", "columns that a header can hold")
                } else {
                    ("claim headers", "claims that fit")
                };
                ExplainStep::failed(stage, expected, reason.meaning())
            });
            return Err(reason.into());
        }
        Ok(Self {
            principal: Some(principal),
            user,
            ..Self::anonymous()
        })
    }

    /// Permits a request without identity.
    pub(super) const fn anonymous() -> Self {
        Self {
            principal: None,
            user: None,
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

    /// Returns the value of each header, in the order of [`ClaimHeaders::names`], and then `None`
    /// without end: such a header is empty, because there is no identity or no row.
    pub fn claim_values(&self) -> impl Iterator<Item = Option<&Bytes>> {
        let values = self.claim_value_lists().into_iter().flatten().map(Some);
        values.chain(std::iter::repeat(None))
    }

    /// Returns the values of headers in the order of [`ClaimHeaders::names`]: those of claims, and
    /// those of columns. Headers beyond them are empty.
    pub fn claim_value_lists(&self) -> [&[Bytes]; 2] {
        let of_claims = self.principal.as_deref().and_then(|it| it.headers().ok());
        let of_columns = self.user.as_deref().and_then(|row| row.headers().ok());
        [of_claims, of_columns].map(|rendered| rendered.map_or(&[][..], |it| &it.values))
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
