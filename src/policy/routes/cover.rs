//! Routes that no request comes to.

use std::fmt;

use super::host_tree::HostTree;
use super::search::NO_ROUTE;
use super::{Access, Route, RouteName};

/// A route that no request comes to by its host, path and method, because earlier routes take or
/// refuse all that it is for. It can still be asked for by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreachedRoute {
    /// Its position among the routes.
    pub position: usize,
    /// Its name.
    pub name: RouteName,
    /// The routes that take its place; none of them could be left out.
    pub behind: Vec<EarlierRoute>,
    access: Access,
}

/// A route that takes what a later one is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierRoute {
    /// Its position among the routes.
    pub position: usize,
    /// Its name.
    pub name: RouteName,
    access: Access,
}

impl UnreachedRoute {
    /// All of these among the routes.
    pub(super) fn all(routes: &[Route], tree: &HostTree) -> Vec<Self> {
        let unreached = |(number, route)| {
            let mut cover = Cover {
                routes,
                route,
                number,
                whole: NO_ROUTE,
                parts: Vec::new(),
            };
            tree.cover(&mut cover);
            cover.outcome()
        };
        routes.iter().enumerate().filter_map(unreached).collect()
    }

    /// Whether it asks for a good token, or denies everything, while an earlier one lets its
    /// requests pass without a token.
    pub fn is_opened(&self) -> bool {
        let is_open = |access: Access| matches!(access, Access::Anonymous | Access::Optional);
        !is_open(self.access) && self.behind.iter().any(|earlier| is_open(earlier.access))
    }
}

impl fmt::Display for UnreachedRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, behind, .. } = self;
        write!(f, "{name} is never reached by matching: ")?;
        for (
            count,
            EarlierRoute {
                position,
                name,
                access,
            },
        ) in behind.iter().enumerate()
        {
            write!(
                f,
                "{}routes[{position}] {name} ({access})",
                if count > 0 { " and " } else { "" }
            )?;
        }
        write!(
            f,
            " {} every request first",
            if behind.len() > 1 { "take" } else { "takes" }
        )
    }
}

/// A search for earlier routes that take all requests of one.
pub(super) struct Cover<'t> {
    routes: &'t [Route],
    pub(super) route: &'t Route,
    number: usize,
    /// The first that takes all of them by itself.
    whole: usize,
    /// Those that take some of the methods that none before them takes.
    parts: Vec<usize>,
}

impl Cover<'_> {
    /// Whether a route of this number, or a later one, could change the outcome.
    pub(super) fn is_open_for(&self, number: usize) -> bool {
        number < self.number.min(self.whole)
    }

    /// These routes, in ascending order, match or refuse each request that the host and the path of
    /// the route match.
    pub(super) fn offer(&mut self, numbers: &[usize]) {
        for &number in numbers {
            let Some(earlier) = self.routes.get(number).filter(|_| self.is_open_for(number)) else {
                return;
            };
            match (&earlier.methods, &self.route.methods) {
                (None, _) => self.whole = number,
                (Some(earlier), Some(own)) if own.iter().all(|method| earlier.has(method)) => {
                    self.whole = number;
                }
                (Some(earlier), Some(own)) => {
                    let is_new = |method| earlier.has(method) && !self.is_taken(method);
                    if own.iter().any(is_new) {
                        self.parts.push(number);
                    }
                }
                (Some(_), None) => {}
            }
        }
    }

    fn is_taken(&self, method: &str) -> bool {
        let methods = self
            .parts
            .iter()
            .filter_map(|part| self.routes.get(*part)?.methods.as_ref());
        methods.into_iter().any(|methods| methods.has(method))
    }

    fn outcome(mut self) -> Option<UnreachedRoute> {
        // What comes behind the one that takes everything takes nothing.
        self.parts.retain(|part| *part < self.whole);
        let is_in_parts = self
            .route
            .methods
            .as_ref()
            .is_some_and(|own| own.iter().all(|method| self.is_taken(method)));
        if !is_in_parts {
            if self.whole == NO_ROUTE {
                return None;
            }
            self.parts.push(self.whole);
        }
        self.parts.sort_unstable();
        let earlier = |&position: &usize| {
            let Route { name, rules, .. } = self.routes.get(position)?;
            Some(EarlierRoute {
                position,
                name: name.clone(),
                access: rules.access,
            })
        };
        let behind = self.parts.iter().filter_map(earlier).collect();
        let Route { name, rules, .. } = self.route;
        Some(UnreachedRoute {
            position: self.number,
            name: name.clone(),
            behind,
            access: rules.access,
        })
    }
}
