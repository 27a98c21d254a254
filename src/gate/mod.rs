//! Floor 5: the decision. Read [`Gate::decide`] first: it is the service.

mod explain;
mod record;
mod service;
mod token_cache;
mod token_digest;
mod verifier;

use std::sync::Arc;

pub use explain::Transcript;
pub use record::DecisionRecord;
pub use service::{Decided, Door};
pub use token_cache::TokenCache;
pub use token_digest::TokenDigest;
pub use verifier::Verifier;

use crate::domain::{Clock, Denial, ForwardedRequest, Moment, Notes};
use crate::issuers::Issuers;
use crate::policy::{Permit, Policy, Rules};

/// Decides about requests.
pub struct Gate {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Which rules hold for which requests.
    pub policy: Policy,
    /// What becomes of a token.
    pub verifier: Verifier,
}

impl Gate {
    /// Decides about one request. What was learned on the way goes into the record, for log and
    /// metrics.
    pub async fn decide(
        &self,
        request: &ForwardedRequest<'_>,
        record: &mut DecisionRecord,
    ) -> Result<Permit, Denial> {
        self.decide_aloud(request, record, &mut ()).await
    }

    /// The same, with everything told that is found on the way.
    pub async fn decide_aloud(
        &self,
        request: &ForwardedRequest<'_>,
        record: &mut DecisionRecord,
        notes: &mut impl Notes,
    ) -> Result<Permit, Denial> {
        let now = self.clock.moment();
        record.began = Some(now.uptime);
        let way = self.policy.way(request, notes)?;
        record.route = way.route.map(|route| route.position);
        let permit = match self.judge(request, way.rules, now, record, notes).await {
            Ok(permit) => permit,
            Err(denial) => {
                record.clock_skew_suspected = denial.clock_skew_suspected();
                if !way.rules.only_report() {
                    return Err(denial);
                }
                record.reported = Some(denial.reason());
                Permit::for_nobody()
            }
        };
        Ok(permit.with_other_protocols(way.rules.sources.other_protocols(request)))
    }

    async fn judge(
        &self,
        request: &ForwardedRequest<'_>,
        rules: &Rules,
        now: Moment,
        record: &mut DecisionRecord,
        notes: &mut impl Notes,
    ) -> Result<Permit, Denial> {
        if let Some(permit) = rules.settle_without_token(request, notes)? {
            return Ok(permit);
        }
        let token = match rules.sources.extract(request, notes) {
            Ok(token) => token,
            Err(denial) => return rules.settle_missing_token(denial, notes),
        };
        let (issuer, principal) = self
            .verifier
            .verify(token.as_bearer(), rules, now, record, notes)
            .await?;
        let permit = rules.authorize(
            principal,
            &issuer.expectations,
            &issuer.required_scopes,
            request,
            now.date,
            notes,
        )?;
        notes.found(|| self.verifier.claim_headers.told(permit.claim_values()));
        Ok(permit)
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
