//! Layer 1: what a principal may do, and the headers that the application behind the proxy gets.
//!
//! A new demand on a credential is a [`Requirement`]; what is asked of an issuer's credentials
//! wherever they are used is part of its [`IssuerProfile`].

mod accepted_schemes;
mod claim_headers;
mod condition;
mod decimal;
mod evidence;
mod issuer_profile;
mod preflight;
mod principal;
mod requirement;
mod routes;
mod rules;
mod scope_requirement;
pub(crate) mod text_pattern;
mod user_row;

pub use accepted_schemes::AcceptedSchemes;
pub use claim_headers::{ClaimEncoding, ClaimHeader, ClaimHeaders, HeaderOrigin, RenderedHeaders};
pub use condition::{Condition, ConditionError, ConditionFailure, Facts, with_large_stack};
pub use decimal::exact_double;
pub use evidence::{Evidence, KeyTrust, LineFingerprint, ListTrust, ListedLine, TrustedKey};
pub use issuer_profile::{AcceptedSources, IssuerProfile};
pub use preflight::Preflight;
pub use principal::Principal;
pub use requirement::{ClaimRequirement, ClaimRule, ClaimValue, Requirement};
pub use routes::{
    Access, EarlierRoute, HostPattern, Methods, PathPattern, Route, RouteIssuers, RouteName,
    RouteNameError, RouteNameTaken, RoutePart, RoutePatternError, RouteTable, RouteVerdict,
    UnreachedRoute,
};
pub use rules::{Identity, Permit, Rules, UserRule};
pub use scope_requirement::ScopeRequirement;
pub use text_pattern::{TextPattern, TextPatternError};
pub use user_row::{UserRow, UserRowError};

use crate::domain::{Denial, Explain, ExplainStep, Reason, RequestContext, RequestParts};

/// Selects the rules for a request.
#[derive(Debug)]
pub struct Policy {
    general: Rules,
    routes: Option<RouteTable>,
    needs_request: bool,
}

/// The rules for one request, and the route that they come from, if there are routes.
#[derive(Debug, Clone, Copy)]
pub struct SelectedRoute<'p> {
    /// The route.
    pub route: Option<&'p Route>,
    /// Its rules, or those that hold everywhere.
    pub rules: &'p Rules,
}

impl Policy {
    /// Creates a policy with these rules everywhere; or, if there are routes, with the rules of
    /// each route, and a denial for all other requests.
    pub fn new(general: Rules, routes: Option<RouteTable>) -> Self {
        let needs_request =
            general.needs_request() || routes.as_ref().is_some_and(RouteTable::needs_request);
        Self {
            general,
            routes,
            needs_request,
        }
    }

    /// Selects the rules for this request.
    ///
    /// Fails if the rules need the original request and no trusted proxy describes it, or if no
    /// route is for it.
    pub fn select(
        &self,
        cx: &mut RequestContext<'_, impl Explain>,
    ) -> Result<SelectedRoute<'_>, Denial> {
        let request = cx.request;
        // Anyone could describe a request; only a proxy of ours is believed.
        let is_believed = request.peer_trusted || !self.needs_request;
        let described = if is_believed {
            Ok(())
        } else {
            Err(Reason::ForwardedHeadersUntrusted)
        };
        cx.explain.outcome("request", described, || {
            let peer = if request.peer_trusted {
                "a trusted proxy"
            } else {
                "a peer that is no trusted proxy"
            };
            let expected = if self.needs_request {
                "described by a trusted proxy"
            } else {
                "not looked at"
            };
            (expected, format!("{} (by {peer})", request.original))
        })?;
        match (&self.routes, request.route_name) {
            (None, None) => {
                cx.explain.step(|| {
                    ExplainStep::passed("route", "none: a valid token for everything", "no routes")
                });
                Ok(SelectedRoute {
                    route: None,
                    rules: &self.general,
                })
            }
            (Some(routes), None) => self.select_first(routes, cx),
            (routes, Some(name)) => {
                let named = routes
                    .as_ref()
                    .and_then(|routes| routes.named(name))
                    .ok_or(Reason::RouteDenied);
                let described = || {
                    (
                        format!("one of the name {name:?}"),
                        if named.is_ok() { "it" } else { "none" },
                    )
                };
                let route = cx.explain.outcome("policy", named, described)?;
                Ok(SelectedRoute {
                    route: Some(route),
                    rules: &route.rules,
                })
            }
        }
    }

    /// Selects the rules of the first route that is for this request.
    fn select_first<'p>(
        &'p self,
        routes: &'p RouteTable,
        cx: &mut RequestContext<'_, impl Explain>,
    ) -> Result<SelectedRoute<'p>, Denial> {
        let parts = RequestParts::parse(&cx.request.original);
        let found = routes.find(&parts);
        // Routes are written for requests with their methods, and a preflight has another.
        if found.is_err_and(|reason| reason == Reason::RouteDenied)
            && self.general.preflight.lets_pass(cx)?
        {
            return Ok(SelectedRoute {
                route: None,
                rules: &self.general,
            });
        }
        cx.explain.steps(|| routes.explain_steps(&parts));
        let route = found?;
        Ok(SelectedRoute {
            route: Some(route),
            rules: &route.rules,
        })
    }

    /// Returns the rules that hold everywhere, or where no route is for a request.
    pub const fn general(&self) -> &Rules {
        &self.general
    }

    /// Returns whether any route has a condition.
    pub fn has_conditions(&self) -> bool {
        self.routes.as_ref().is_some_and(RouteTable::has_conditions)
    }

    /// Returns the routes, if there are any.
    pub const fn routes(&self) -> Option<&RouteTable> {
        self.routes.as_ref()
    }
}
