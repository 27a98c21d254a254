//! The results of a check for people.

use std::fmt::Write;

use super::report::{CredentialListReport, IssuerReport};
use crate::app::MAX_UNREACHED;
use crate::cli::fixtures::{CaseReport, FixtureReport};
use crate::domain::Timestamp;
use crate::jose::KeySet;
use crate::policy::UnreachedRoute;

/// Returns a number and the word for so many.
pub(super) fn counted(number: usize, one: &str, several: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}

pub(super) fn warnings(warnings: &[String]) -> String {
    let lines = warnings.iter().map(|text| format!("warning: {text}\n"));
    lines.collect()
}

/// Returns the warnings of routes that no request comes to.
pub(super) fn unreached(routes: &[UnreachedRoute]) -> Vec<String> {
    let shown = routes.iter().take(MAX_UNREACHED).map(|route| {
        format!(
            "routes[{}] {route}; /policy/{}/verify still leads to it",
            route.index, route.name
        )
    });
    let more = routes.len().saturating_sub(MAX_UNREACHED);
    let rest = (more > 0).then(|| {
        let routes = counted(more, "more route is", "more routes are");
        format!("{routes} never reached by matching")
    });
    shown.chain(rest).collect()
}

/// Returns the number of credentials in each list.
pub(super) fn credential_lists(lists: &[CredentialListReport]) -> String {
    let lines = lists.iter().map(|list| {
        let entries = counted(list.entries, "entry", "entries");
        format!("{}: {entries}\n", list.name)
    });
    lines.collect()
}

pub(super) fn certificate(not_after: Timestamp, now: Timestamp) -> String {
    let ends = if not_after <= now {
        "has expired: it ended"
    } else {
        "ends"
    };
    format!(
        "verify listener: its certificate {ends} at {}\n",
        not_after.to_rfc3339()
    )
}

pub(super) fn proxies(issuers: &[IssuerReport]) -> String {
    let lines = issuers.iter().filter_map(|issuer| {
        let (name, proxy) = (&issuer.name, issuer.fetched_through.as_ref()?);
        Some(format!(
            "issuer {name}: keys are fetched through {proxy}; the check for private addresses is then the proxy's\n"
        ))
    });
    lines.collect()
}

/// Returns the keys of an issuer, one a line.
pub(super) fn keys(name: &str, keys: &KeySet) -> String {
    let count = counted(keys.len(), "usable key", "usable keys");
    let mut text = format!("issuer {name}: {count}\n");
    for key in keys.published() {
        // Writing to a String cannot fail. An id is text from the issuer. It is quoted, so that it
        // cannot control the terminal.
        let warning = if key.is_private_part_published() {
            ", published with its private part"
        } else {
            ""
        };
        let _ = writeln!(
            text,
            "  {:?} {}{warning}",
            key.first().id().unwrap_or("(any id)"),
            key.algorithm_names()
        );
    }
    for id in keys.for_encryption() {
        let _ = writeln!(
            text,
            "  {:?} for encryption, not needed",
            id.unwrap_or("(no id)")
        );
    }
    for refused in keys.refused() {
        let _ = writeln!(
            text,
            "  {:?} refused: {}",
            refused.id.as_deref().unwrap_or("(no id)"),
            refused.refusal
        );
    }
    text
}

/// Returns the result of a case; of one that failed with its place and the decision.
pub(super) fn case(case: &CaseReport) -> String {
    let Some(transcript) = &case.transcript else {
        return format!("ok {}\n", case.name);
    };
    let indented: String = transcript
        .lines()
        .flat_map(|line| [if line.is_empty() { "" } else { "    " }, line, "\n"])
        .collect();
    format!(
        "FAILED {}: {}\n    {}\n{indented}",
        case.name,
        case.differences.join("; "),
        case.place
    )
}

pub(super) fn fixtures(tried: &FixtureReport) -> String {
    let mut text = format!("cases: {}, failed: {}\n", tried.cases.len(), tried.failed());
    if !tried.routes_not_reached.is_empty() {
        let missed = tried.routes_not_reached.join(", ");
        let _ = writeln!(text, "routes that no case reached: {missed}");
    }
    text
}
