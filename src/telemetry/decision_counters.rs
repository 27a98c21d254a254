//! Counters of decisions, which are found by position, without comparing labels.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use prometheus::core::Collector;
use prometheus::proto::MetricFamily;
use prometheus::{IntCounter, IntCounterVec};

use super::Outcome;
use super::metrics_reference::NONE;
use crate::domain::{IssuerIndex, Reason, RouteIndex};

/// Counts decisions by route, issuer and outcome.
///
/// A series and the memory for it exist only once there is something to count: most routes never
/// see most issuers.
pub struct DecisionCounters {
    family: IntCounterVec,
    clock_skew_suspected: IntCounterVec,
    with_route: bool,
    issuers: Vec<String>,
    routes: Vec<Arc<str>>,
    /// The counters without a route, then those of each route.
    by_route: Box<[OnceLock<RouteCounters>]>,
}

/// The counters without an issuer, then those of each issuer.
type RouteCounters = Box<[OnceLock<OutcomeCounters>]>;

/// One counter for each outcome.
type OutcomeCounters = Box<[OnceLock<IntCounter>]>;

impl DecisionCounters {
    pub(super) fn new(
        family: IntCounterVec,
        clock_skew_suspected: IntCounterVec,
        with_route: bool,
        issuers: Vec<String>,
        routes: Vec<Arc<str>>,
    ) -> Self {
        // Without the label all routes share one series.
        let routes = if with_route { routes } else { Vec::new() };
        let by_route = empty_cells(1 + routes.len());
        let counters = Self {
            family,
            clock_skew_suspected,
            with_route,
            issuers,
            routes,
            by_route,
        };
        counters.announce_alerted_series();
        counters
    }

    /// Counts a decision, with its route and its issuer if there are any.
    pub fn count(&self, outcome: Outcome, route: Option<RouteIndex>, issuer: Option<IssuerIndex>) {
        self.add(1, outcome, route.filter(|_| self.with_route), issuer);
    }

    /// Counts a decision that a difference between clocks would explain. Such decisions are too
    /// rare to reserve memory for their counters.
    pub fn count_suspected_clock_skew(&self, outcome: Outcome, issuer: Option<IssuerIndex>) {
        self.clock_skew_suspected
            .with_label_values(&[outcome.reason(), self.issuer(issuer)])
            .inc();
    }

    /// Removes the series of issuers and routes that are no longer configured. It looks at each
    /// series and not at each route, because there may be very many routes.
    pub fn forget_others(&self, is_route: impl Fn(&str) -> bool) {
        let issuers: HashSet<&str> = self
            .issuers
            .iter()
            .map(String::as_str)
            .chain([NONE])
            .collect();
        for family in [&self.family, &self.clock_skew_suspected] {
            for series in family.collect().iter().flat_map(MetricFamily::get_metric) {
                let labels: HashMap<&str, &str> = series
                    .get_label()
                    .iter()
                    .map(|label| (label.name(), label.value()))
                    .collect();
                let is_issuer_known = labels
                    .get("issuer")
                    .is_none_or(|name| issuers.contains(name));
                let is_route_known = labels
                    .get("route")
                    .is_none_or(|name| *name == NONE || is_route(name));
                if !is_issuer_known || !is_route_known {
                    // A series that is already gone need not be removed.
                    let _ = family.remove(&labels);
                }
            }
        }
    }

    fn add(
        &self,
        times: u64,
        outcome: Outcome,
        route: Option<RouteIndex>,
        issuer: Option<IssuerIndex>,
    ) {
        let by_route = self.by_route.get(number(route.map(RouteIndex::get)));
        let by_issuer = by_route.and_then(|cell| {
            cell.get_or_init(|| empty_cells(1 + self.issuers.len()))
                .get(number(issuer.map(IssuerIndex::get)))
        });
        let cell = by_issuer.and_then(|cell| {
            cell.get_or_init(|| empty_cells(Outcome::COUNT))
                .get(outcome.position())
        });
        if let Some(cell) = cell {
            cell.get_or_init(|| self.series(outcome, route, issuer))
                .inc_by(times);
        }
    }

    /// Creates the series with these labels.
    fn series(
        &self,
        outcome: Outcome,
        route: Option<RouteIndex>,
        issuer: Option<IssuerIndex>,
    ) -> IntCounter {
        let route = route
            .and_then(|index| self.routes.get(index.get()))
            .map_or(NONE, |name| name);
        let labels = [
            outcome.verdict().word(),
            outcome.reason(),
            self.issuer(issuer),
            route,
        ];
        let used = if self.with_route {
            &labels[..]
        } else {
            &labels[..3]
        };
        self.family.with_label_values(used)
    }

    /// Returns the name of an issuer for the label.
    fn issuer(&self, index: Option<IssuerIndex>) -> &str {
        index
            .and_then(|index| self.issuers.get(index.get()))
            .map_or(NONE, String::as_str)
    }

    /// Creates the series that alerts need, with the value zero: an alert on a rate cannot see a
    /// counter that appears with its first event.
    fn announce_alerted_series(&self) {
        let alerted = [
            Outcome::Allowed,
            Outcome::Denied(Reason::KeyUnknown),
            Outcome::Denied(Reason::KeysUnavailable),
        ];
        for issuer in std::iter::once(None)
            .chain((0..self.issuers.len()).map(|position| Some(IssuerIndex::new(position))))
        {
            for outcome in alerted {
                self.add(0, outcome, None, issuer);
            }
        }
        for (issuer, reason) in self
            .issuers
            .iter()
            .flat_map(|issuer| OUTSIDE_ITS_TIME.map(|reason| (issuer, reason)))
        {
            self.clock_skew_suspected
                .with_label_values(&[reason.code(), issuer]);
        }
    }
}

/// The reasons that a difference between clocks may explain.
const OUTSIDE_ITS_TIME: [Reason; 4] = [
    Reason::TokenExpired,
    Reason::TokenNotYetValid,
    Reason::TokenIssuedInFuture,
    Reason::TokenTooOld,
];

/// Returns the index in a list whose first entry is for `None`.
fn number(position: Option<usize>) -> usize {
    position.map_or(0, |position| position + 1)
}

/// Returns this many empty cells.
fn empty_cells<T>(size: usize) -> Box<[OnceLock<T>]> {
    (0..size).map(|_| OnceLock::new()).collect()
}
