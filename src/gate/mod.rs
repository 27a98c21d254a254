//! Floor 5: the decision. Read [`Gate::decide`] first: it is the service.

mod record;
mod token_cache;
mod token_digest;
mod verifier;

use std::sync::Arc;

pub use record::DecisionRecord;
pub use token_cache::TokenCache;
pub use token_digest::TokenDigest;
pub use verifier::Verifier;

use crate::domain::{Clock, Denial, ForwardedRequest};
use crate::extract::TokenSources;
use crate::issuers::Issuers;
use crate::policy::{Permit, Policy};

/// Decides about requests.
pub struct Gate {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The rules for every request.
    pub policy: Policy,
    /// Where tokens stand.
    pub sources: TokenSources,
    /// What becomes of a token.
    pub verifier: Verifier,
}

impl Gate {
    /// Decides about one request. What was learned on the way goes into the record, for log and metrics.
    pub async fn decide(&self, request: &ForwardedRequest<'_>, record: &mut DecisionRecord) -> Result<Permit, Denial> {
        let now = self.clock.now();
        if let Some(permit) = self.policy.settle_without_token(request)? {
            return Ok(permit);
        }
        let token = self.sources.extract(request)?;
        let (issuer, principal) = self.verifier.verify(token, now, record).await?;
        self.policy.authorize(principal, &issuer.expectations.time, &issuer.required_scopes, now)
    }

    /// Whose tokens are accepted.
    pub const fn issuers(&self) -> &Issuers {
        &self.verifier.issuers
    }

    /// The tokens that were verified already.
    pub const fn cache(&self) -> &TokenCache {
        &self.verifier.cache
    }
}
