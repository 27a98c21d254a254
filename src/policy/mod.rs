//! Floor 1: what a verified token may do, and what the application behind the proxy gets to know about it.

mod claim_headers;
mod decimal;
mod permit;
mod preflight;
mod principal;
mod render;
mod requirement;
mod route_issuers;
mod routes;
mod rules;
mod scope_requirement;

pub use claim_headers::{ClaimEncoding, ClaimHeader, ClaimHeaders};
pub use decimal::exact_double;
pub use permit::Permit;
pub use preflight::Preflight;
pub use principal::Principal;
pub use requirement::{
    ClaimRequirement, ClaimRule, ClaimValue, Condition, ConditionError, ConditionFailure, Facts, Requirement,
    TextPattern, TextPatternError, with_ample_stack,
};
pub use route_issuers::RouteIssuers;
pub use routes::{
    Access, HostPattern, Methods, PathPattern, Route, RouteName, RouteNameError, RouteNameTaken, RoutePart,
    RoutePatternError, RouteTable, RouteVerdict,
};
pub use rules::Rules;
pub use scope_requirement::ScopeRequirement;

use crate::domain::{Denial, ForwardedRequest, Reason, RequestParts};

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
        let looks_at_request = general.look_at_request() || routes.as_ref().is_some_and(RouteTable::looks_at_request);
        Self { general, routes, looks_at_request }
    }

    /// The rules for this request.
    pub fn way(&self, request: &ForwardedRequest<'_>) -> Result<Way<'_>, Denial> {
        // Anyone could describe a request; only a proxy of ours is believed.
        if self.looks_at_request && !request.peer_trusted {
            return Err(Reason::ForwardedHeadersUntrusted.into());
        }
        let route = match (&self.routes, request.route_name) {
            (None, None) => return Ok(Way { route: None, rules: &self.general }),
            (Some(routes), None) => match routes.find(&RequestParts::judge(&request.original)) {
                // Routes are written for requests with their methods, and a preflight has another.
                Err(Reason::RouteDenied) if self.general.preflight.settle(request)?.is_some() => {
                    return Ok(Way { route: None, rules: &self.general });
                }
                found => found?,
            },
            (routes, Some(name)) => routes.as_ref().and_then(|routes| routes.named(name)).ok_or(Reason::RouteDenied)?,
        };
        Ok(Way { route: Some(route), rules: &route.rules })
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
