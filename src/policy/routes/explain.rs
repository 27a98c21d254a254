//! Explanations of how a route was selected.

use std::fmt;

use super::route::{Route, RoutePart, RouteVerdict};
use super::table::RouteTable;
use crate::domain::{ExplainStep, Reason, RequestHost, RequestParts, RequestPath};

/// The maximum number of skipped routes that are listed.
const MAX_TOLD: usize = 20;

impl RouteTable {
    /// Returns a step for each route up to the one that decides: the part of the request that it
    /// looked at, and what it found there.
    pub(in crate::policy) fn explain_steps(&self, request: &RequestParts<'_>) -> Vec<ExplainStep> {
        let mut steps = Vec::new();
        let mut skipped = 0_usize;
        let mut decision = None;
        for (route, verdict) in self.explain(request) {
            match verdict {
                RouteVerdict::Differs(part) => {
                    skipped += 1;
                    if skipped <= MAX_TOLD {
                        steps.push(ExplainStep::skipped(
                            "route",
                            route.expected(&[part]),
                            found(request, &[part]),
                        ));
                    }
                }
                RouteVerdict::Matches => {
                    decision = Some(ExplainStep::passed(
                        "route",
                        route.expected(ALL),
                        found(request, ALL),
                    ));
                    break;
                }
                RouteVerdict::Refuses(part, _) => {
                    decision = Some(ExplainStep::failed(
                        "route",
                        route.expected(&[part]),
                        found(request, &[part]),
                    ));
                    break;
                }
            }
        }
        if skipped > MAX_TOLD {
            let more = format!("and {} more", skipped - MAX_TOLD);
            steps.push(ExplainStep::skipped(
                "route",
                more,
                "for other requests as well",
            ));
        }
        steps.push(
            decision
                .unwrap_or_else(|| ExplainStep::failed("route", "one for this request", "none")),
        );
        steps
    }
}

const ALL: &[RoutePart] = &[RoutePart::Host, RoutePart::Path, RoutePart::Method];

impl Route {
    /// Describes the patterns for these parts of a request.
    fn expected(&self, parts: &[RoutePart]) -> String {
        let patterns = parts
            .iter()
            .filter_map(|part| Some(format!("{part} {}", self.pattern(*part)?)));
        let patterns: Vec<_> = patterns.collect();
        let told = if patterns.is_empty() {
            "everything".to_owned()
        } else {
            patterns.join(", ")
        };
        format!("{}: {told}", self.name)
    }

    fn pattern(&self, part: RoutePart) -> Option<String> {
        match part {
            RoutePart::Host => self.host.as_ref().map(ToString::to_string),
            RoutePart::Path => self.path.as_ref().map(ToString::to_string),
            RoutePart::Method => self.methods.as_ref().map(ToString::to_string),
        }
    }
}

fn found(request: &RequestParts<'_>, parts: &[RoutePart]) -> String {
    let told = parts.iter().map(|part| match part {
        RoutePart::Host => part.describe(request.host.as_ref().map(RequestHost::as_str)),
        // A path with parameters is refused where they are not allowed.
        RoutePart::Path if request.path.as_ref().is_ok_and(RequestPath::has_parameters) => {
            part.describe(request.path.as_ref().map(RequestPath::as_str)) + " and parameters (;)"
        }
        RoutePart::Path => part.describe(request.path.as_ref().map(RequestPath::as_str)),
        RoutePart::Method => part.describe(request.method.as_ref().map(|method| method.as_str())),
    });
    told.collect::<Vec<_>>().join(", ")
}

impl RoutePart {
    fn describe(self, text: Result<&str, &Reason>) -> String {
        match text {
            Ok(text) => format!("{self} {text}"),
            Err(reason) => format!("{self} unknown: {}", reason.meaning()),
        }
    }
}

impl fmt::Display for RoutePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Host => "host",
            Self::Path => "path",
            Self::Method => "method",
        })
    }
}
