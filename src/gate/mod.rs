//! Layer 8: the decision. Read [`Gate::decide`] first: it is the service.

mod decision_trace;
mod explain;
mod limiter;
mod record;
mod service;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use explain::Transcript;
pub use limiter::{ClientFailures, FailureLimiter};
pub use record::DecisionRecord;
pub use service::{Decision, DecisionService, LoggedRequest};

use crate::authenticators::{Authenticators, TokenCache};
use crate::directory::Directory;
use crate::domain::{Clock, CostLimit, Denial, Explain, ForwardedRequest, RequestContext};
use crate::issuers::Issuers;
use crate::policy::{Permit, Policy, Rules};

/// Decides about requests: the whole service, without sockets and logs.
///
/// A gate is immutable: a reload builds a new one. It is shared by all threads, and a decision
/// about a cached token takes no exclusive lock.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use doorward::app::offline_gate;
/// use doorward::config::Configuration;
/// use doorward::domain::{DescribedRequest, Reason};
/// use doorward::gate::DecisionRecord;
/// use doorward::platform::SystemClock;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let settings = [
///     ("DOORWARD_ISSUER", "https://idp.example"),
///     ("DOORWARD_AUDIENCE", "my-api"),
///     ("DOORWARD_HMAC_SECRET", "a secret of at least 32 bytes, for HS256"),
/// ];
/// let configuration =
///     Configuration::from_environment(settings.map(|(name, value)| (name.into(), value.into())))?;
/// let gate = offline_gate(configuration, Arc::new(SystemClock)).ok_or("keys must be fetched")?;
///
/// let request = DescribedRequest::default();
/// let parts = request.parts();
/// let mut record = DecisionRecord::default();
/// let denial = gate.decide(&request.forwarded(&parts), &mut record).await.unwrap_err();
/// assert_eq!((denial.reason(), denial.status()), (Reason::TokenMissing, 401));
/// # Ok(())
/// # }
/// ```
pub struct Gate {
    /// The clock of all decisions.
    pub clock: Arc<dyn Clock>,
    /// Selects the rules for a request.
    pub policy: Policy,
    /// Finds the principal of a credential.
    pub authenticators: Authenticators,
    /// Looks users up.
    pub directory: Directory,
    /// Limits how often a client address may fail; `None` if nothing does.
    pub limiter: Option<FailureLimiter>,
}

impl Gate {
    /// Decides about one request, and fills the record for log and metrics.
    ///
    /// Fails with the [`Denial`] of the first check that fails, in the fixed order of
    /// `docs/behaviour.md`. May wait if the token needs something that is not known yet, such as a
    /// new key, but no longer than the settings allow (`jwks_wait`).
    pub async fn decide(
        &self,
        request: &ForwardedRequest<'_>,
        record: &mut DecisionRecord,
    ) -> Result<Permit, Denial> {
        self.decide_explained(request, record, &mut ()).await
    }

    /// Decides like [`decide`](Self::decide), and passes each step to `explain`. With `()` nothing
    /// is explained, and the compiler removes the calls.
    pub async fn decide_explained<E: Explain>(
        &self,
        request: &ForwardedRequest<'_>,
        record: &mut DecisionRecord,
        explain: &mut E,
    ) -> Result<Permit, Denial> {
        let limiter = self.limiter.as_ref().filter(|_| !E::DRY_RUN);
        let mut cx = RequestContext {
            request,
            now: self.clock.moment(),
            cost_limit: limiter.map(|limiter| limiter as &dyn CostLimit),
            explain,
        };
        record.began = Some(cx.now.uptime);
        let selected = self.policy.select(&mut cx)?;
        record.route = selected.route.map(|route| route.index);
        let mut decision = self.decide_on(selected.rules, &mut cx, record).await;
        if let Err(denial) = &mut decision {
            denial.note_attempt(record.authentication.scheme);
        }
        // On a route that reports denials, failures pass, so they are not counted there.
        if let (Some(limiter), Err(denial)) = (limiter, &decision)
            && !selected.rules.report_only
        {
            limiter.count(denial, request, cx.now);
        }
        record.clock_skew_suspected = decision.as_ref().is_err_and(Denial::clock_skew_suspected);
        selected.rules.conclude(decision, &cx)
    }

    /// Decides by the rules of a route.
    ///
    /// Each check whose outcome may change from request to request is a stage of its own, like the
    /// look-up in the directory. Some do not exist yet: revocation, which belongs before `accept`,
    /// and a `DPoP` proof, which belongs after it.
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
        let identity = if self.directory.is_off() {
            identity
        } else {
            self.directory.look_up(identity, rules, cx).await?
        };
        let claim_headers = &self.authenticators.claim_headers;
        let permit = rules.authorize(identity, claim_headers, cx)?;
        cx.explain
            .steps(|| claim_headers.describe(permit.claim_values()));
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
