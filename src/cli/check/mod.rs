//! `doorward check`.

mod directory;
mod introspection;
mod junit;
mod online;
mod output;
mod progress;
mod report;
mod text;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::egress_checks::{refuse_broken_proxies, refuse_without_client};
use super::exit::{Failure, print};
use super::fixtures;
use crate::config::{
    Configuration, CredentialList, IssuerSettings, KeySource, ListedSettings, Source,
};
use crate::domain::{Clock, visible_json};
use crate::outbound::{Egress, ProxyName};
use crate::platform::SystemClock;
use crate::proxy_files::warnings;
use directory::DirectoryReport;
use output::Output;
use report::{CredentialListReport, IssuerReport, Outcome, Report};

#[derive(Args)]
pub(super) struct Check {
    /// Also fetch the keys of each issuer, ask those that introspect tokens about one that was
    /// never issued, and have the query of the user directory prepared
    #[arg(long)]
    online: bool,
    /// Also test the configuration with the fixtures (YAML files) in this folder. Keys are made for
    /// the run, and none are fetched
    #[arg(long, value_name = "DIR")]
    fixtures: Option<PathBuf>,
    /// Output format; docs/check.md describes the members of `json`
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
}

impl Check {
    pub(super) fn run(
        self,
        source: &Source,
        environment: &[(OsString, OsString)],
    ) -> Result<(), Failure> {
        let mut report = Report::default();
        let done = self.check(source, environment, &mut report);
        report.outcome = match &done {
            Ok(()) => Outcome::Ok,
            Err(Failure::Configuration(problems)) => {
                report.problems = problems.iter().map(Into::into).collect();
                Outcome::Refused
            }
            Err(_) => Outcome::Failed,
        };
        match self.output {
            Output::Text => {}
            Output::Json => print(&json(&report)?)?,
            Output::Junit => print(&junit::document(&report))?,
        }
        done
    }

    fn check(
        &self,
        source: &Source,
        environment: &[(OsString, OsString)],
        report: &mut Report,
    ) -> Result<(), Failure> {
        let output = self.output;
        let egress = Egress::of_environment(environment);
        let configuration = source.read()?;
        refuse_broken_proxies(&configuration, environment)?;
        refuse_without_client(&configuration, &egress)?;
        output.say("configuration: ok\n")?;
        report.warnings = all_warnings(&configuration);
        output.say(&text::warnings(&report.warnings))?;
        if let Some(tls) = &configuration.tls {
            let not_after = tls.identity.not_after;
            report.certificate_not_after = Some(not_after.to_rfc3339().to_string());
            output.say(&text::certificate(not_after, SystemClock.now()))?;
        }
        report.credential_lists = credential_lists(&configuration.listed);
        output.say(&text::credential_lists(&report.credential_lists))?;
        report.issuers = described(&configuration.issuers, &egress);
        output.say(&text::proxies(&report.issuers))?;
        let mut without_keys = 0;
        if self.online {
            without_keys =
                online::fetch_keys(&configuration.issuers, &egress, output, &mut report.issuers)?;
            report.introspection = introspection::try_all(&configuration.issuers, &egress, output)?;
        } else if report.issuers.iter().any(|issuer| !issuer.keys_tried) {
            output.say("keys: not tried; --online does\n")?;
        }
        let directory = self.directory(&configuration, report)?;
        let mut failed_cases = 0;
        if let Some(folder) = &self.fixtures {
            let tried = fixtures::run(folder, configuration, &mut |case| {
                output.say(&text::case(case))
            })?;
            output.say(&text::fixtures(&tried))?;
            failed_cases = tried.failed();
            report.fixtures = Some(tried);
        }
        let unasked = report
            .introspection
            .iter()
            .filter(|own| own.error.is_some())
            .count();
        if without_keys > 0 {
            let issuers = text::counted(without_keys, "issuer", "issuers");
            Err(Failure::failed(format!("{issuers} without keys")))
        } else if let Some(error) = directory {
            Err(Failure::failed(format!(
                "the directory cannot be asked: {error}"
            )))
        } else if unasked > 0 {
            let issuers = text::counted(unasked, "issuer", "issuers");
            Err(Failure::failed(format!(
                "{issuers} that cannot be asked about tokens"
            )))
        } else if failed_cases > 0 {
            Err(Failure::Denied)
        } else {
            Ok(())
        }
    }
}

impl Check {
    /// Tries the query of the user directory. Returns the error if the database cannot be asked.
    fn directory(
        &self,
        configuration: &Configuration,
        report: &mut Report,
    ) -> Result<Option<String>, Failure> {
        let Some(settings) = &configuration.directory else {
            return Ok(None);
        };
        let directory = report.directory.insert(DirectoryReport::untried(settings));
        if self.online {
            directory.try_query(settings, self.output)?;
        } else {
            self.output.say("directory: not tried; --online does\n")?;
        }
        Ok(directory.error.clone())
    }
}

fn json(report: &Report) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(report).map_err(Failure::failed)?;
    // Names and identifiers of others must not play with a terminal.
    Ok(visible_json(&text) + "\n")
}

fn all_warnings(configuration: &Configuration) -> Vec<String> {
    let routes = configuration.routes.as_ref();
    let unreached = routes.map(|routes| text::unreached(&routes.unreached));
    let mut all = warnings(configuration);
    all.extend(unreached.into_iter().flatten());
    all
}

fn credential_lists(listed: &ListedSettings) -> Vec<CredentialListReport> {
    let keys = listed.api_keys.as_ref().map(|keys| keys.read.list.len());
    let users = listed.passwords.as_ref().map(|users| users.read.list.len());
    let entries = [keys, users].into_iter().flatten();
    listed
        .names()
        .zip(entries)
        .map(|(name, entries)| CredentialListReport { name, entries })
        .collect()
}

/// Describes the issuers before any keys are fetched.
fn described(issuers: &[IssuerSettings], egress: &Egress) -> Vec<IssuerReport> {
    let described = issuers.iter().map(|issuer| {
        let mut report = IssuerReport {
            name: issuer.name.clone(),
            fetched_through: proxy_of(issuer, egress).map(ToString::to_string),
            ..IssuerReport::default()
        };
        // Those in files and settings were read with the configuration.
        match &issuer.keys {
            KeySource::Fixed { keys, .. } => report.found(keys),
            KeySource::File(_) | KeySource::Unneeded(_) => report.keys_tried = true,
            KeySource::Remote(_) => {}
        }
        report
    });
    described.collect()
}

fn proxy_of<'a>(issuer: &IssuerSettings, egress: &'a Egress) -> Option<&'a ProxyName> {
    match &issuer.keys {
        KeySource::Fixed { .. } | KeySource::File(_) | KeySource::Unneeded(_) => None,
        KeySource::Remote(remote) => remote
            .location
            .urls()
            .iter()
            .find_map(|url| egress.proxy_for(url)),
    }
}
