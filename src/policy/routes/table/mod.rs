//! All routes, ready to be asked.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use super::host_tree::HostTree;
use super::search::Search;
use super::unreached::UnreachedRoute;
use super::{Route, RouteName, RouteVerdict};
use crate::domain::{Reason, RequestParts, RouteIndex};

/// All routes in their order, with what it takes to find the first one quickly.
#[derive(Debug)]
pub struct RouteTable {
    routes: Box<[Route]>,
    names: HashMap<RouteName, RouteIndex>,
    tree: HostTree,
}

/// A route that logs, metrics and URLs could not distinguish from an earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteNameTaken {
    /// The first route of this name.
    pub first: RouteIndex,
    /// The later route of this name.
    pub again: RouteIndex,
    /// The name.
    pub name: RouteName,
}

impl RouteTable {
    /// Prepares these routes; the first one is asked first. Each name that occurs twice is an
    /// error.
    pub fn new(routes: Vec<Route>) -> Result<Self, Vec<RouteNameTaken>> {
        let mut names = HashMap::with_capacity(routes.len());
        let mut taken = Vec::new();
        for (position, route) in routes.iter().enumerate() {
            let again = RouteIndex::new(position);
            let first = *names.entry(route.name.clone()).or_insert(again);
            if first != again {
                taken.push(RouteNameTaken {
                    first,
                    again,
                    name: route.name.clone(),
                });
            }
        }
        if !taken.is_empty() {
            return Err(taken);
        }
        let tree = HostTree::new(&routes);
        Ok(Self {
            routes: routes.into(),
            names,
            tree,
        })
    }

    /// The first route for this request.
    ///
    /// Errors: [`Reason::RouteDenied`] if there is none; the reason why a part of the request is
    /// not known, if a route comes first that looks at it.
    pub fn find(&self, request: &RequestParts<'_>) -> Result<&Route, Reason> {
        let mut search = Search::new(&self.routes, request);
        self.tree.search(&mut search);
        search.verdict()
    }

    /// Returns the verdict of each route on this request, in their order. The first one that does
    /// not differ decides, and [`find`](Self::find) finds just that.
    pub fn explain(
        &self,
        request: &RequestParts<'_>,
    ) -> impl Iterator<Item = (&Route, RouteVerdict)> {
        self.routes
            .iter()
            .map(|route| (route, route.compare(request)))
    }

    /// The routes in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Route> {
        self.routes.iter()
    }

    /// Returns the route at this index.
    pub fn at(&self, index: RouteIndex) -> Option<&Route> {
        self.routes.get(index.get())
    }

    /// Returns the route of this name.
    pub fn named(&self, name: &str) -> Option<&Route> {
        let name = RouteName::parse(name).ok()?;
        self.at(*self.names.get(&name)?)
    }

    /// The routes that no request comes to but by their names.
    pub fn unreached(&self) -> Vec<UnreachedRoute> {
        self.tree.unreached(&self.routes)
    }

    /// Returns whether any route looks at what the proxy says about the original request.
    pub fn needs_request(&self) -> bool {
        self.routes.iter().any(Route::needs_request)
    }

    /// Returns whether any route has a condition.
    pub fn has_conditions(&self) -> bool {
        self.routes.iter().any(|route| route.rules.have_condition())
    }
}
