//! The schemes that challenges name.

use std::collections::HashMap;

use crate::domain::RouteIndex;
use crate::policy::AcceptedSchemes;

/// The schemes that challenges name, by route.
#[derive(Debug, Clone)]
pub struct ChallengeSchemes {
    /// Those of requests without a route.
    pub general: AcceptedSchemes,
    /// Those of routes that take others than tokens. There may be thousands of routes that do not.
    pub of_routes: HashMap<RouteIndex, AcceptedSchemes>,
}

impl Default for ChallengeSchemes {
    /// Tokens only.
    fn default() -> Self {
        Self {
            general: AcceptedSchemes::BEARER,
            of_routes: HashMap::new(),
        }
    }
}

impl ChallengeSchemes {
    /// Returns the schemes of a route, or those without one.
    pub(super) fn on(&self, route: Option<RouteIndex>) -> AcceptedSchemes {
        match route {
            None => self.general,
            Some(route) => {
                let own = self.of_routes.get(&route);
                own.copied().unwrap_or(AcceptedSchemes::BEARER)
            }
        }
    }
}
