//! A search for routes that take all requests of another.

use super::Route;
use super::search::NO_ROUTE;
use super::unreached::{EarlierRoute, UnreachedRoute};
use crate::domain::RouteIndex;

/// A search for earlier routes that take all requests of one.
pub(super) struct Cover<'t> {
    routes: &'t [Route],
    pub(super) route: &'t Route,
    number: usize,
    /// The number of the first route that takes all of these requests by itself.
    whole: usize,
    /// The numbers of the routes that take some methods which no route before them takes.
    parts: Vec<usize>,
}

impl<'t> Cover<'t> {
    pub(super) fn new(routes: &'t [Route], route: &'t Route, number: usize) -> Self {
        Self {
            routes,
            route,
            number,
            whole: NO_ROUTE,
            parts: Vec::new(),
        }
    }

    /// Returns `true` if a route of this number, or a later one, could change the outcome.
    pub(super) fn is_open_for(&self, number: usize) -> bool {
        number < self.number.min(self.whole)
    }

    /// Takes note of routes, in ascending order, that match or refuse each request which the host
    /// and the path of the route match.
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

    pub(super) fn outcome(mut self) -> Option<UnreachedRoute> {
        // Behind the route that takes everything, no route takes anything.
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
                index: RouteIndex::new(position),
                name: name.clone(),
                access: rules.access,
            })
        };
        let behind = self.parts.iter().filter_map(earlier).collect();
        let Route { name, rules, .. } = self.route;
        Some(UnreachedRoute {
            index: RouteIndex::new(self.number),
            name: name.clone(),
            behind,
            access: rules.access,
        })
    }
}
