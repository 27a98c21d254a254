//! Checks that keys can be fetched and spans can be sent. Settings that only the HTTP client
//! refuses are errors of the configuration as well.

use std::ffi::OsString;

use super::exit::Failure;
use crate::app::StartError;
use crate::config::{Configuration, KeySource, RemoteKeys};
use crate::config_reader::{Problem, Problems};
use crate::issuers::KeyFetcher;
use crate::outbound::Egress;

/// Refuses invalid proxies in the environment, if keys are fetched or spans are sent.
pub(super) fn refuse_broken_proxies(
    configuration: &Configuration,
    environment: &[(OsString, OsString)],
) -> Result<(), Failure> {
    if remote(configuration).next().is_none() && configuration.traces.is_none() {
        return Ok(());
    }
    refuse(Egress::problems(environment))
}

/// Refuses settings with which keys cannot be fetched from any server.
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

/// Turns an error at the start into a failure. Settings with which keys cannot be fetched are a
/// failure of the configuration, because another start would not help.
pub(super) fn start_failure(error: StartError) -> Failure {
    match error {
        StartError::Client { issuer, error } => {
            Problems::from(client_problem(&issuer, &error.to_string())).into()
        }
        StartError::Directory { message, hint } => {
            Problems::from(directory_problem(message, hint)).into()
        }
        other => Failure::failed(other),
    }
}

/// Returns the problem of a query for users that can never run.
pub(super) fn directory_problem(message: String, hint: Option<String>) -> Problem {
    let hint = hint.unwrap_or_else(|| "run the query by hand, as the user of the URL".to_owned());
    Problem::new("directory_query", message, hint)
}

fn client_problem(issuer: &str, error: &str) -> Problem {
    Problem::new(
        format!("issuer {issuer}"),
        format!("keys cannot be fetched with these settings: {error}"),
        "compare `jwks_ca_file`, `jwks_headers_file` and the proxies in the environment",
    )
}

fn remote(configuration: &Configuration) -> impl Iterator<Item = (&str, &RemoteKeys)> {
    configuration
        .issuers
        .iter()
        .filter_map(|issuer| match &issuer.keys {
            KeySource::Remote(remote) => Some((issuer.name.as_str(), remote)),
            KeySource::Fixed { .. } | KeySource::File(_) | KeySource::Unneeded(_) => None,
        })
}

fn refuse(problems: Vec<Problem>) -> Result<(), Failure> {
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Problems::from(problems).into())
    }
}
