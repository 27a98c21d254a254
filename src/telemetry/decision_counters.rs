//! The counters of decisions, found without a label being compared.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use prometheus::core::Collector;
use prometheus::proto::MetricFamily;
use prometheus::{IntCounter, IntCounterVec};

use super::Outcome;
use super::metrics_reference::NONE;
use crate::domain::Reason;

/// Counts decisions by route, issuer and outcome.
///
/// A series exists once it has happened, and so does the room for it: most routes never see most
/// issuers.
pub struct DecisionCounters {
    family: IntCounterVec,
    clock_skew_suspected: IntCounterVec,
    with_route: bool,
    issuers: Vec<String>,
    routes: Vec<Arc<str>>,
    /// For no route, and for each one.
    by_route: Box<[OnceLock<RouteCounters>]>,
}

/// For no issuer, and for each one.
type RouteCounters = Box<[OnceLock<OutcomeCounters>]>;

/// For each outcome.
type OutcomeCounters = Box<[OnceLock<IntCounter>]>;

impl DecisionCounters {
    pub(super) fn new(
        family: IntCounterVec,
        clock_skew_suspected: IntCounterVec,
        with_route: bool,
        issuers: Vec<String>,
        routes: Vec<Arc<str>>,
    ) -> Self {
        // Without the label all routes are one.
        let routes = if with_route { routes } else { Vec::new() };
        let by_route = room(1 + routes.len());
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

    /// Counts a decision; route and issuer are told by their positions, if there are any.
    pub fn count(&self, outcome: Outcome, route: Option<usize>, issuer: Option<usize>) {
        self.add(1, outcome, route.filter(|_| self.with_route), issuer);
    }

    /// Counts a decision that clocks which differ would explain; too rare to be worth the room.
    pub fn count_suspected_clock_skew(&self, outcome: Outcome, issuer: Option<usize>) {
        self.clock_skew_suspected
            .with_label_values(&[outcome.reason(), self.issuer(issuer)])
            .inc();
    }

    /// Ends the series of issuers that are none of these, and of routes that there are not. It asks
    /// for each series and not for each route: there are ever so many routes.
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
                let is_issuer_ours = labels
                    .get("issuer")
                    .is_none_or(|name| issuers.contains(name));
                let is_route_ours = labels
                    .get("route")
                    .is_none_or(|name| *name == NONE || is_route(name));
                if !is_issuer_ours || !is_route_ours {
                    // What is not there any more need not be removed.
                    let _ = family.remove(&labels);
                }
            }
        }
    }

    fn add(&self, times: u64, outcome: Outcome, route: Option<usize>, issuer: Option<usize>) {
        let by_route = self.by_route.get(number(route));
        let by_issuer = by_route.and_then(|cell| {
            cell.get_or_init(|| room(1 + self.issuers.len()))
                .get(number(issuer))
        });
        let cell = by_issuer.and_then(|cell| {
            cell.get_or_init(|| room(Outcome::COUNT))
                .get(outcome.position())
        });
        if let Some(cell) = cell {
            cell.get_or_init(|| self.series(outcome, route, issuer))
                .inc_by(times);
        }
    }

    fn series(&self, outcome: Outcome, route: Option<usize>, issuer: Option<usize>) -> IntCounter {
        let route = route
            .and_then(|position| self.routes.get(position))
            .map_or(NONE, |name| name);
        let labels = [
            outcome.verdict(),
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

    fn issuer(&self, position: Option<usize>) -> &str {
        position
            .and_then(|position| self.issuers.get(position))
            .map_or(NONE, String::as_str)
    }

    /// An alert on a rate cannot see a counter that is born with its first event, so these start at
    /// zero.
    fn announce_alerted_series(&self) {
        let alerted = [
            Outcome::Allowed,
            Outcome::Denied(Reason::KeyUnknown),
            Outcome::Denied(Reason::KeysUnavailable),
        ];
        for issuer in std::iter::once(None).chain((0..self.issuers.len()).map(Some)) {
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

/// The reasons that clocks which differ may explain.
const OUTSIDE_ITS_TIME: [Reason; 4] = [
    Reason::TokenExpired,
    Reason::TokenNotYetValid,
    Reason::TokenIssuedInFuture,
    Reason::TokenTooOld,
];

/// Where something stands behind the place for none of it.
fn number(position: Option<usize>) -> usize {
    position.map_or(0, |position| position + 1)
}

fn room<T>(size: usize) -> Box<[OnceLock<T>]> {
    (0..size).map(|_| OnceLock::new()).collect()
}
