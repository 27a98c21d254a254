//! Floor 1: what a verified token may do, and what the application behind the proxy gets to know
//! about it.

mod claim_headers;
mod condition;
mod decimal;
mod permit;
mod preflight;
mod principal;
mod requirement;
mod routes;
mod rules;
mod scope_requirement;
pub(crate) mod text_pattern;

pub use claim_headers::{ClaimEncoding, ClaimHeader, ClaimHeaders};
pub use condition::{Condition, ConditionError, ConditionFailure, Facts, with_ample_stack};
pub use decimal::exact_double;
pub use permit::Permit;
pub use preflight::Preflight;
pub use principal::Principal;
pub use requirement::{ClaimRequirement, ClaimRule, ClaimValue, Requirement};
pub use routes::{
    Access, EarlierRoute, HostPattern, Methods, PathPattern, Route, RouteIssuers, RouteName,
    RouteNameError, RouteNameTaken, RoutePart, RoutePatternError, RouteTable, RouteVerdict,
    UnreachedRoute,
};
pub use rules::Rules;
pub use scope_requirement::ScopeRequirement;
pub use text_pattern::{TextPattern, TextPatternError};

use crate::domain::{Denial, Finding, ForwardedRequest, Notes, Reason, RequestParts};

/// Which rules hold for which requests.
#[derive(Debug)]
pub struct Policy {
    general: Rules,
    routes: Option<RouteTable>,
    looks_at_request: bool,
}

/// The rules for one request, and the route that they come from, if there are routes.
#[derive(Debug, Clone, Copy)]
pub struct Way<'p> {
    /// The route.
    pub route: Option<&'p Route>,
    /// Its rules, or those that hold everywhere.
    pub rules: &'p Rules,
}

impl Policy {
    /// These rules everywhere; or, if there are routes, theirs on each and no way beside them.
    pub fn new(general: Rules, routes: Option<RouteTable>) -> Self {
        let looks_at_request =
            general.look_at_request() || routes.as_ref().is_some_and(RouteTable::looks_at_request);
        Self {
            general,
            routes,
            looks_at_request,
        }
    }

    /// The rules for this request.
    pub fn way(
        &self,
        request: &ForwardedRequest<'_>,
        notes: &mut impl Notes,
    ) -> Result<Way<'_>, Denial> {
        // Anyone could describe a request; only a proxy of ours is believed.
        let is_believed = request.peer_trusted || !self.looks_at_request;
        let described = if is_believed {
            Ok(())
        } else {
            Err(Reason::ForwardedHeadersUntrusted)
        };
        notes.judged("request", described, || {
            let peer = if request.peer_trusted {
                "a trusted proxy"
            } else {
                "a peer that is no trusted proxy"
            };
            let expected = if self.looks_at_request {
                "described by a trusted proxy"
            } else {
                "not looked at"
            };
            (expected, format!("{} (by {peer})", request.original))
        })?;
        match (&self.routes, request.route_name) {
            (None, None) => {
                notes.found(|| {
                    Finding::passed("route", "none: a valid token for everything", "no routes")
                });
                Ok(Way {
                    route: None,
                    rules: &self.general,
                })
            }
            (Some(routes), None) => self.way_of_first(routes, request, notes),
            (routes, Some(name)) => {
                let named = routes
                    .as_ref()
                    .and_then(|routes| routes.named(name))
                    .ok_or(Reason::RouteDenied);
                let told = || {
                    (
                        format!("one of the name {name:?}"),
                        if named.is_ok() { "it" } else { "none" },
                    )
                };
                let route = notes.judged("policy", named, told)?;
                Ok(Way {
                    route: Some(route),
                    rules: &route.rules,
                })
            }
        }
    }

    /// The rules of the first route that is for this request.
    fn way_of_first<'p>(
        &'p self,
        routes: &'p RouteTable,
        request: &ForwardedRequest<'_>,
        notes: &mut impl Notes,
    ) -> Result<Way<'p>, Denial> {
        let parts = RequestParts::judge(&request.original);
        let found = routes.find(&parts);
        // Routes are written for requests with their methods, and a preflight has another.
        if found.is_err_and(|reason| reason == Reason::RouteDenied)
            && self.general.preflight.settle(request, notes)?.is_some()
        {
            return Ok(Way {
                route: None,
                rules: &self.general,
            });
        }
        notes.all_found(|| routes.findings(&parts));
        let route = found?;
        Ok(Way {
            route: Some(route),
            rules: &route.rules,
        })
    }

    /// Whether any route has a condition.
    pub fn has_conditions(&self) -> bool {
        self.routes.as_ref().is_some_and(RouteTable::has_conditions)
    }

    /// The routes, if there are any.
    pub const fn routes(&self) -> Option<&RouteTable> {
        self.routes.as_ref()
    }
}
