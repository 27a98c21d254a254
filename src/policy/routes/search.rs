//! The search for the first route of a request.

use super::Route;
use crate::domain::{Reason, RequestParts};

/// The number of no route. It is greater than those of all routes.
pub(super) const NO_ROUTE: usize = usize::MAX;

/// A search for a route: the request, and the first route so far that matches it or refuses it.
pub(super) struct Search<'t, 'r> {
    routes: &'t [Route],
    pub(super) request: &'r RequestParts<'r>,
    number: usize,
    verdict: Result<&'t Route, Reason>,
}

impl<'t, 'r> Search<'t, 'r> {
    pub(super) const fn new(routes: &'t [Route], request: &'r RequestParts<'r>) -> Self {
        Self {
            routes,
            request,
            number: NO_ROUTE,
            verdict: Err(Reason::RouteDenied),
        }
    }

    /// Returns the route that was found, or the reason to refuse the request.
    pub(super) const fn verdict(&self) -> Result<&'t Route, Reason> {
        self.verdict
    }

    /// Returns `true` if a route of this number could still change the outcome.
    pub(super) const fn is_open_for(&self, number: usize) -> bool {
        number < self.number
    }

    /// Takes note that the route of this number looks at a part of the request which cannot be
    /// relied on, for this reason.
    pub(super) fn refuse(&mut self, number: usize, reason: Reason) {
        self.record(number, Err(reason));
    }

    /// Takes note of routes, in ascending order, that are for the host and the path of the request.
    pub(super) fn offer(&mut self, numbers: &[usize]) {
        for &number in numbers.iter().take_while(|number| **number < self.number) {
            let Some(route) = self.routes.get(number) else {
                return;
            };
            match route.is_for_method(self.request) {
                Ok(false) => {}
                Ok(true) => return self.record(number, Ok(route)),
                Err(reason) => return self.record(number, Err(reason)),
            }
        }
    }

    fn record(&mut self, number: usize, verdict: Result<&'t Route, Reason>) {
        if self.is_open_for(number) {
            (self.number, self.verdict) = (number, verdict);
        }
    }
}
