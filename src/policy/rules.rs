//! What holds on a route, or everywhere if there are no routes.

use std::sync::Arc;

use super::condition::Facts;
use super::routes::{Access, RouteIssuers};
use super::{Permit, Preflight, Principal, Requirement, ScopeRequirement};
use crate::domain::{Denial, Explain, IssuerIndex, Reason, RequestContext};
use crate::extract::TokenSources;
use crate::verify::{AcceptedAudience, Expectations};

/// What holds on a route, or everywhere if there are no routes.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Who may pass.
    pub access: Access,
    /// Whether a CORS preflight passes without a token.
    pub preflight: Preflight,
    /// Where tokens stand.
    pub sources: Arc<TokenSources>,
    /// Whose tokens are accepted.
    pub issuers: RouteIssuers,
    /// The audiences that a token must name, in place of those of its issuer.
    pub audience: Option<AcceptedAudience>,
    /// What else is asked of a token.
    pub requirements: Box<[Requirement]>,
    /// Whether a refusal is only reported, if there may be one for the token's sake.
    pub report_only: bool,
}

impl Rules {
    /// These sources and nothing special: every request needs a valid token.
    pub fn authenticated(sources: Arc<TokenSources>, preflight: Preflight) -> Self {
        Self {
            access: Access::Authenticated,
            preflight,
            sources,
            issuers: RouteIssuers::All,
            audience: None,
            requirements: Box::default(),
            report_only: false,
        }
    }

    /// Whether they look at what the proxy says about the original request.
    pub fn needs_request(&self) -> bool {
        self.preflight == Preflight::Allowed
            || self.access.reads_credentials() && self.sources.needs_request()
            || self.requirements.iter().any(Requirement::needs_request)
    }

    /// Whether a refusal is only reported. Where nobody is let in nobody is: there is no token to
    /// try the rules with.
    pub fn only_report(&self) -> bool {
        self.report_only && self.access.reads_credentials()
    }

    /// Whether claims are read by a condition.
    pub(super) fn have_condition(&self) -> bool {
        self.requirements
            .iter()
            .any(|required| matches!(required, Requirement::Condition(_)))
    }

    /// What is settled without looking at a token: a denial, a permit, or nothing yet.
    pub fn decide_without_credential(
        &self,
        cx: &mut RequestContext<'_, impl Explain>,
    ) -> Result<Option<Permit>, Denial> {
        let open = if self.access == Access::Denied {
            Err(Reason::RouteDenied)
        } else {
            Ok(())
        };
        cx.explain
            .outcome("access", open, || ("anything but denied", self.access))?;
        match self.access {
            Access::Anonymous => Ok(Some(Permit::anonymous())),
            _ => self.preflight.decide(cx),
        }
    }

    /// What is settled by there being no token.
    pub fn handle_missing_credential(
        &self,
        denial: Denial,
        cx: &mut RequestContext<'_, impl Explain>,
    ) -> Result<Permit, Denial> {
        let reason = denial.reason();
        let is_missing = matches!(reason, Reason::TokenMissing | Reason::SchemeUnsupported);
        let settled = if is_missing && self.access == Access::Optional {
            Ok(Permit::anonymous())
        } else {
            Err(denial)
        };
        cx.explain
            .outcome("token", settled, || (&self.sources, reason.meaning()))
    }

    /// Fails with [`Reason::IssuerUnknown`] if tokens of this issuer are not accepted here. It is
    /// asked before anything is done for the token's sake.
    pub fn check_issuer(&self, issuer: IssuerIndex) -> Result<(), Reason> {
        if self.issuers.contain(issuer) {
            Ok(())
        } else {
            Err(Reason::IssuerUnknown)
        }
    }

    /// Judges what may have changed since the token was verified, and what is asked here and not
    /// elsewhere: time, audience, scopes, claims and conditions.
    pub fn authorize(
        &self,
        principal: Arc<Principal>,
        expectations: &Expectations,
        required_scopes: &ScopeRequirement,
        cx: &mut RequestContext<'_, impl Explain>,
    ) -> Result<Permit, Denial> {
        let token = principal.token();
        // A token that is told about was verified a moment ago, and then its time was told.
        expectations
            .time
            .validate(token.validity(), cx.now.date, &mut ())?;
        token.validate_audience(&expectations.audience, self.audience.as_ref(), cx.explain)?;
        let granted = token.scopes();
        cx.explain.outcome(
            "scopes of the issuer",
            required_scopes.check(granted),
            || (required_scopes, granted),
        )?;
        let facts = Facts {
            principal: &principal,
            request: cx.request,
            now: cx.now.date,
        };
        self.requirements
            .iter()
            .try_for_each(|required| required.check(&facts, cx.explain))?;
        Permit::for_principal(principal, cx.explain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_closed_to_all_is_closed_to_who_only_reports() {
        let sources = Arc::new(TokenSources::new(Vec::new(), 0));
        let rules = Rules {
            report_only: true,
            ..Rules::authenticated(sources, Preflight::Judged)
        };
        assert!(rules.only_report());
        assert!(
            !Rules {
                access: Access::Denied,
                ..rules
            }
            .only_report()
        );
    }
}
