//! Layer 8: the decision. Read [`Gate::decide`] first: it is the service.

mod decision_trace;
mod explain;
mod record;
mod service;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use explain::Transcript;
pub use record::DecisionRecord;
pub use service::{Decision, DecisionService, LoggedRequest};

use crate::authenticators::{Authenticators, TokenCache};
use crate::domain::{Clock, Denial, Explain, ForwardedRequest, RequestContext};
use crate::issuers::Issuers;
use crate::policy::{Permit, Policy, Rules};

/// Decides about requests.
pub struct Gate {
    /// The clock that decisions go by.
    pub clock: Arc<dyn Clock>,
    /// Selects the rules for a request.
    pub policy: Policy,
    /// Finds the principal of a credential.
    pub authenticators: Authenticators,
}

impl Gate {
    /// Decides about one request, and fills the record for log and metrics.
    pub async fn decide(
        &self,
        request: &ForwardedRequest<'_>,
        record: &mut DecisionRecord,
    ) -> Result<Permit, Denial> {
        self.decide_explained(request, record, &mut ()).await
    }

    /// Decides about one request, and explains each step.
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
        let decision = self.decide_on(selected.rules, &mut cx, record).await;
        let attempted = record.authentication.scheme;
        let decision = decision.map_err(|denial| denial.of_attempt(attempted));
        record.clock_skew_suspected = decision.as_ref().is_err_and(Denial::clock_skew_suspected);
        selected.rules.conclude(decision, &cx)
    }

    /// Decides by the rules of a route.
    ///
    /// Checks whose outcome changes from request to request do not exist yet. Each will be a stage
    /// of its own: revocation before `accept`; a `DPoP` proof and the user directory after it.
    async fn decide_on(
        &self,
        rules: &Rules,
        cx: &mut RequestContext<'_, impl Explain>,
        record: &mut DecisionRecord,
    ) -> Result<Permit, Denial> {
        if let Some(permit) = rules.decide_without_credential(cx)? {
            return Ok(permit);
        }
        let credential = match rules.sources.extract(cx) {
            Ok(credential) => credential,
            Err(denial) => return rules.handle_missing_credential(denial, cx),
        };
        record.authentication.scheme = Some(credential.scheme);
        let principal = self
            .authenticators
            .authenticate(&credential, rules, cx, &mut record.authentication)
            .await?;
        if record.keeps_principal {
            record.principal = Some(principal.clone());
        }
        let identity = rules.accept(principal, cx)?;
        let permit = rules.authorize(identity, cx)?;
        let claim_headers = &self.authenticators.claim_headers;
        cx.explain
            .step(|| claim_headers.describe(permit.claim_values()));
        Ok(permit)
    }

    /// Returns the issuers whose tokens are accepted.
    pub const fn issuers(&self) -> &Issuers {
        &self.authenticators.issuers
    }

    /// Returns the cache of authenticated principals.
    pub const fn cache(&self) -> &TokenCache {
        &self.authenticators.cache
    }
}
