//! The rules of a route, or of all requests if there are no routes.

mod identity;
mod permit;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use identity::Identity;
pub use permit::Permit;

use super::condition::Facts;
use super::routes::{Access, RouteIssuers};
use super::{AcceptedSchemes, ClaimHeaders, IssuerProfile, Preflight, Principal, Requirement};
use crate::domain::{
    Credential, Denial, DenialClass, Explain, ExplainStep, IssuerIndex, Reason, RequestContext,
};
use crate::extract::TokenSources;
use crate::verify::AcceptedAudience;

/// The rules of a route, or of all requests if there are no routes.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Says which requests may pass.
    pub access: Access,
    /// Says how CORS preflights are decided.
    pub preflight: Preflight,
    /// The sources of tokens.
    pub sources: Arc<TokenSources>,
    /// The issuers whose tokens are accepted.
    pub issuers: RouteIssuers,
    /// The audiences that a token must name, in place of those of its issuer.
    pub audience: Option<AcceptedAudience>,
    /// The other requirements of a token.
    pub requirements: Box<[Requirement]>,
    /// Says that the user is looked up in the directory, if there is one.
    pub needs_user: bool,
    /// Says that the user must be in the directory. A principal of an issuer without users there is
    /// denied. With `needs_user` alone it passes, and `user` is empty.
    pub requires_user: bool,
    /// Says that a denial for the sake of the token is only reported.
    pub report_only: bool,
}

impl Rules {
    /// Makes rules by which every request needs a valid token from these sources, and nothing else.
    /// If there is a directory, the user is looked up in it.
    pub fn authenticated(sources: Arc<TokenSources>, preflight: Preflight) -> Self {
        Self {
            access: Access::Authenticated,
            preflight,
            sources,
            issuers: RouteIssuers::All,
            audience: None,
            requirements: Box::default(),
            needs_user: true,
            requires_user: false,
            report_only: false,
        }
    }

    /// Returns whether these rules need what the proxy says about the original request.
    pub fn needs_request(&self) -> bool {
        self.preflight == Preflight::Allowed
            || self.access.reads_credentials() && self.sources.needs_request()
            || self.requirements.iter().any(Requirement::needs_request)
    }

    /// Returns the schemes that these rules take. `passwords` is the position of the list of users,
    /// if there is one. Rules that take nothing else have `Bearer`.
    pub fn accepted_schemes(
        &self,
        passwords: Option<IssuerIndex>,
        has_other_issuers: bool,
    ) -> AcceptedSchemes {
        let Some(passwords) = passwords else {
            return AcceptedSchemes::BEARER;
        };
        let basic = self.sources.read_passwords() && self.issuers.contain(passwords);
        let has_others = has_other_issuers && self.issuers.contain_other_than(passwords);
        let bearer = !basic || has_others && self.sources.read_tokens();
        AcceptedSchemes::new(bearer, basic)
    }

    /// Returns whether a condition reads claims.
    pub(super) fn have_condition(&self) -> bool {
        self.requirements
            .iter()
            .any(|required| matches!(required, Requirement::Condition(_)))
    }

    /// Decides as far as no credential is needed for it: a denial, a permit, or nothing yet.
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
        let passes = self.access == Access::Anonymous || self.preflight.lets_pass(cx)?;
        Ok(passes.then(Permit::anonymous))
    }

    /// Decides about a request in which no credential was found, for the reason of this denial.
    pub fn handle_missing_credential(
        &self,
        denial: Denial,
        cx: &mut RequestContext<'_, impl Explain>,
    ) -> Result<Permit, Denial> {
        let reason = denial.reason();
        let is_missing = matches!(reason, Reason::TokenMissing | Reason::SchemeUnsupported);
        let decision = if is_missing && self.access == Access::Optional {
            Ok(Permit::anonymous())
        } else {
            Err(denial)
        };
        cx.explain
            .outcome("token", decision, || (&self.sources, reason.meaning()))
    }

    /// Fails with [`Reason::IssuerUnknown`] if tokens of this issuer are not accepted here. Call
    /// it before any work is done for the token.
    pub fn check_issuer(&self, issuer: IssuerIndex) -> Result<(), Reason> {
        if self.issuers.contain(issuer) {
            Ok(())
        } else {
            Err(Reason::IssuerUnknown)
        }
    }

    /// Fails with [`Reason::IssuerUnknown`] if this issuer takes no credential from this source, or
    /// none with this scheme: the client learns only that it is not accepted here. Call it for
    /// cached credentials too: they may have been verified when they came from another source.
    pub fn check_source(
        &self,
        issuer: &IssuerProfile,
        credential: &Credential<'_>,
        explain: &mut impl Explain,
    ) -> Result<(), Reason> {
        let source = self.sources.at(credential.source);
        if source.is_some_and(|source| issuer.takes(source, credential.scheme)) {
            return Ok(());
        }
        explain.step(|| {
            let found = source.map_or_else(|| "another one".to_owned(), ToString::to_string);
            ExplainStep::failed("source of the issuer", "one that the issuer takes", found)
        });
        Err(Reason::IssuerUnknown)
    }

    /// Accepts a principal if its token is valid at this time, is meant for this audience, and
    /// grants the scopes that its issuer must grant: what is local and may have changed since the
    /// token was verified.
    pub fn accept(
        &self,
        principal: Arc<Principal>,
        cx: &mut RequestContext<'_, impl Explain>,
    ) -> Result<Identity, Denial> {
        let (token, issuer) = (principal.token(), principal.profile());
        let (time, validity) = (&issuer.expectations.time, token.validity());
        // Silently first: a token that was verified a moment ago had its time explained then. One
        // from the cache explains it only if the check fails.
        if time.validate(validity, cx.now.date, &mut ()).is_err() {
            time.validate(validity, cx.now.date, cx.explain)?;
        }
        token.validate_audience(
            &issuer.expectations.audience,
            self.audience.as_ref(),
            cx.explain,
        )?;
        let (required, granted) = (&issuer.required_scopes, token.scopes());
        cx.explain
            .outcome("scopes of the issuer", required.check(granted), || {
                (required, granted)
            })?;
        Ok(Identity {
            principal,
            user: None,
        })
    }

    /// Authorizes an identity that satisfies what this route requires, and whose claims and columns
    /// fit into these headers.
    pub fn authorize(
        &self,
        identity: Identity,
        claim_headers: &ClaimHeaders,
        cx: &mut RequestContext<'_, impl Explain>,
    ) -> Result<Permit, Denial> {
        let facts = Facts {
            principal: &identity.principal,
            user: identity.user(),
            request: cx.request,
            now: cx.now.date,
        };
        self.requirements
            .iter()
            .try_for_each(|required| required.check(&facts, cx.explain))?;
        Permit::for_identity(identity, claim_headers, cx.explain)
    }

    /// Ends a decision. Where denials are only reported, the request passes without identity; and
    /// a permit gets what the client offers besides its token.
    pub fn conclude(
        &self,
        decision: Result<Permit, Denial>,
        cx: &RequestContext<'_, impl Explain>,
    ) -> Result<Permit, Denial> {
        let permit = match decision {
            Err(denial) if self.only_reports(&denial) => Permit::reporting(denial.reason()),
            decision => decision?,
        };
        Ok(permit.with_other_protocols(self.sources.other_protocols(cx.request)))
    }

    /// Returns whether this denial is only reported. A route that is closed to all stays closed:
    /// there is no token to try its rules with. A client that must wait was not tried at all.
    fn only_reports(&self, denial: &Denial) -> bool {
        self.report_only
            && self.access.reads_credentials()
            && denial.class() != DenialClass::Limited
    }
}
