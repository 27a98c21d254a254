//! Floor 5: the decision. Read [`Gate::decide`] first: it is the service.

mod explain;
mod record;
mod service;

use std::sync::Arc;

use crate::authenticators::{TokenCache, Verifier};
pub use explain::Transcript;
pub use record::DecisionRecord;
pub use service::{Decision, DecisionService};

use crate::domain::{Clock, Denial, Explain, ForwardedRequest, RequestContext};
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
        self.decide_explained(request, record, &mut ()).await
    }

    /// The same, with everything told that is found on the way.
    pub async fn decide_explained(
        &self,
        request: &ForwardedRequest<'_>,
        record: &mut DecisionRecord,
        explain: &mut impl Explain,
    ) -> Result<Permit, Denial> {
        let mut cx = RequestContext {
            request,
            now: self.clock.moment(),
            may_cost: true,
            explain,
        };
        record.began = Some(cx.now.uptime);
        let selected = self.policy.select(&mut cx)?;
        record.route = selected.route.map(|route| route.index);
        let permit = match self.decide_on(selected.rules, &mut cx, record).await {
            Ok(permit) => permit,
            Err(denial) => {
                record.clock_skew_suspected = denial.clock_skew_suspected();
                if !selected.rules.only_report() {
                    return Err(denial);
                }
                record.reported = Some(denial.reason());
                Permit::anonymous()
            }
        };
        Ok(permit.with_other_protocols(selected.rules.sources.other_protocols(request)))
    }

    async fn decide_on(
        &self,
        rules: &Rules,
        cx: &mut RequestContext<'_, impl Explain>,
        record: &mut DecisionRecord,
    ) -> Result<Permit, Denial> {
        if let Some(permit) = rules.decide_without_credential(cx)? {
            return Ok(permit);
        }
        let token = match rules.sources.extract(cx) {
            Ok(token) => token,
            Err(denial) => return rules.handle_missing_credential(denial, cx),
        };
        let (issuer, principal) = self
            .verifier
            .verify(token.as_bearer(), rules, cx, &mut record.authentication)
            .await?;
        let permit =
            rules.authorize(principal, &issuer.expectations, &issuer.required_scopes, cx)?;
        cx.explain
            .step(|| self.verifier.claim_headers.describe(permit.claim_values()));
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
