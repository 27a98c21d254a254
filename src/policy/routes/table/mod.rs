//! All routes, prepared for quick selection.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use super::host_tree::HostTree;
use super::search::Search;
use super::unreached::UnreachedRoute;
use super::{Route, RouteName, RouteVerdict};
use crate::domain::{Reason, RequestParts, RouteIndex};

/// All routes in their order, and the indexes that find the first matching one quickly.
///
/// The time to find a route does not grow with the number of routes. The result is the same as if
/// the routes were compared one after the other.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use doorward::domain::{Field, OriginalRequest, Reason, RequestParts, RouteIndex};
/// use doorward::extract::{TokenSource, TokenSources};
/// use doorward::policy::{PathPattern, Preflight, Route, RouteName, RouteTable, Rules};
///
/// let sources = Arc::new(TokenSources::new(vec![TokenSource::Bearer], 8192));
/// let routes = RouteTable::new(vec![Route {
///     name: RouteName::parse("admin")?,
///     index: RouteIndex::new(0),
///     host: None,
///     path: Some(PathPattern::parse("/admin/**")?),
///     methods: None,
///     allow_path_parameters: false,
///     rules: Rules::authenticated(sources, Preflight::Judged),
/// }])
/// .map_err(|taken| format!("{taken:?}"))?;
///
/// let find = |uri: &'static str| {
///     let original = OriginalRequest {
///         method: Field::Once(b"GET"),
///         host: Field::Once(b"app.example"),
///         uri: Field::Once(uri.as_bytes()),
///     };
///     routes.find(&RequestParts::parse(&original)).map(|route| route.name.as_str())
/// };
/// assert_eq!(find("/admin/users"), Ok("admin"));
/// assert_eq!(find("/orders"), Err(Reason::RouteDenied));
/// // Servers read this path in two ways, so no route is selected.
/// assert_eq!(find("/orders/%2e%2e/admin"), Err(Reason::ForwardedHeadersAmbiguous));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
    /// Prepares these routes, in the order in which they are tried.
    ///
    /// Fails with a [`RouteNameTaken`] for each route whose name an earlier route has.
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

    /// Returns the first route that matches this request.
    ///
    /// Fails with [`Reason::RouteDenied`] if none matches. If a route needs a part of the request
    /// that is unknown or ambiguous, and no earlier route matches, it fails with the reason of that
    /// part.
    pub fn find(&self, request: &RequestParts<'_>) -> Result<&Route, Reason> {
        let mut search = Search::new(&self.routes, request);
        self.tree.search(&mut search);
        search.verdict()
    }

    /// Returns the verdict of each route on this request, in order. The first verdict other than
    /// [`RouteVerdict::Differs`] decides; [`find`](Self::find) returns the same result.
    pub fn explain(
        &self,
        request: &RequestParts<'_>,
    ) -> impl Iterator<Item = (&Route, RouteVerdict)> {
        self.routes
            .iter()
            .map(|route| (route, route.compare(request)))
    }

    /// Iterates over the routes in order.
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

    /// Returns the routes that can only be selected by name, because earlier routes match or refuse
    /// all of their requests.
    pub fn unreached(&self) -> Vec<UnreachedRoute> {
        self.tree.unreached(&self.routes)
    }

    /// Returns `true` if any route needs the original request.
    pub fn needs_request(&self) -> bool {
        self.routes.iter().any(Route::needs_request)
    }

    /// Returns `true` if any route has a condition.
    pub fn has_conditions(&self) -> bool {
        self.routes.iter().any(|route| route.rules.have_condition())
    }
}
