//! `doorward check --online`: the keys of all issuers, fetched at the same time.

use super::output::Output;
use super::progress::Progress;
use super::report::IssuerReport;
use super::text;
use crate::cli::exit::Failure;
use crate::cli::keys::{self, FoundKeys};
use crate::cli::runtime::block_on;
use crate::config::IssuerSettings;
use crate::outbound::Egress;

/// Fetches the keys of all issuers, reports them in the order of the issuers, and returns how many
/// issuers have none.
pub(super) fn fetch_keys(
    issuers: &[IssuerSettings],
    egress: &Egress,
    output: Output,
    reports: &mut [IssuerReport],
) -> Result<usize, Failure> {
    block_on(fetch_all(issuers, egress, output, reports))?
}

async fn fetch_all(
    issuers: &[IssuerSettings],
    egress: &Egress,
    output: Output,
    reports: &mut [IssuerReport],
) -> Result<usize, Failure> {
    let sources = issuers.iter().map(|issuer| issuer.keys.clone());
    let mut fetching = keys::fetch_each(sources.enumerate(), egress);
    let mut progress = Progress::new(issuers.iter().map(|issuer| issuer.name.clone()).collect());
    let mut found: Vec<Option<FoundKeys>> = issuers.iter().map(|_| None).collect();
    let (mut next, mut without_keys) = (0, 0);
    while let Some(ended) = fetching.join_next().await {
        let (position, keys) = ended.map_err(Failure::failed)?;
        if let (Some(place), Some(issuer)) = (found.get_mut(position), issuers.get(position)) {
            *place = Some(keys);
            progress.finished(&issuer.name);
        }
        while let Some(keys) = found.get_mut(next).and_then(Option::take) {
            if let Some(report) = reports.get_mut(next) {
                progress.pause();
                without_keys += usize::from(keys.is_err());
                output.say(&note(keys, report))?;
            }
            next += 1;
        }
    }
    Ok(without_keys)
}

/// Notes what was found, and returns it for people.
fn note(found: FoundKeys, report: &mut IssuerReport) -> String {
    let name = report.name.clone();
    match found {
        Ok(keys) => {
            report.found(&keys);
            text::keys(&name, &keys)
        }
        Err(no_keys) => {
            let text = format!("issuer {name}: no keys: {no_keys}\n");
            report.missed(no_keys);
            text
        }
    }
}
