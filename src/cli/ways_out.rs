//! Whether keys and spans can leave at all: what only the HTTP client refuses is a mistake in the
//! settings as well.

use std::ffi::OsString;

use super::exit::Failure;
use crate::app::StartError;
use crate::config::{Configuration, KeySource, RemoteKeys};
use crate::config_reader::{Problem, Problems};
use crate::issuers::KeyFetcher;
use crate::outbound::Egress;

/// Refuses proxies of the environment that are none, if anything is to go through them.
pub(super) fn refuse_broken_proxies(
    configuration: &Configuration,
    environment: &[(OsString, OsString)],
) -> Result<(), Failure> {
    if remote(configuration).next().is_none() && configuration.traces.is_none() {
        return Ok(());
    }
    refuse(Egress::problems(environment))
}

/// Refuses settings with which keys cannot be fetched, whoever they are asked of.
pub(super) fn refuse_without_client(
    configuration: &Configuration,
    egress: &Egress,
) -> Result<(), Failure> {
    let problem = |(name, remote): (&str, &RemoteKeys)| {
        let error = KeyFetcher::new(remote.clone(), egress.clone()).err()?;
        Some(client_problem(name, &error.to_string()))
    };
    refuse(remote(configuration).filter_map(problem).collect())
}

/// Why the service does not start. Settings with which no key can be fetched stay wrong, however
/// often it is started.
pub(super) fn not_started(error: StartError) -> Failure {
    match error {
        StartError::Client { issuer, error } => {
            Problems::from(client_problem(&issuer, &error.to_string())).into()
        }
        other => Failure::failed(other),
    }
}

fn client_problem(issuer: &str, error: &str) -> Problem {
    Problem::new(
        format!("issuer {issuer}"),
        format!("keys cannot be fetched with these settings: {error}"),
    )
}

fn remote(configuration: &Configuration) -> impl Iterator<Item = (&str, &RemoteKeys)> {
    configuration
        .issuers
        .iter()
        .filter_map(|issuer| match &issuer.keys {
            KeySource::Remote(remote) => Some((issuer.name.as_str(), remote)),
            KeySource::Fixed { .. } | KeySource::File(_) => None,
        })
}

fn refuse(problems: Vec<Problem>) -> Result<(), Failure> {
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Problems::from(problems).into())
    }
}
