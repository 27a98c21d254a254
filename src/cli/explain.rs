//! `doorward explain`.

use std::ffi::OsString;
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::egress_checks::refuse_broken_proxies;
use super::exit::{Failure, print};
use super::keys;
use super::serve::runtime;
use super::token::read;
use crate::app::simulator;
use crate::config::{Configuration, IssuerSettings, KeySource, Source};
use crate::domain::{BearerToken, Clock, DescribedRequest, StepOutcome, Timestamp};
use crate::gate::Transcript;
use crate::jose::{CompactJws, IssuerClaim, KeySet};
use crate::outbound::Egress;
use crate::platform::{StoppedClock, SystemClock};

#[derive(Args)]
pub(super) struct Explain {
    /// Read the token from stdin; on a command line every user of the machine could see it
    // A wrong value is reported by this command and not by clap, which would repeat the token.
    #[arg(long, value_name = "-", conflicts_with = "token_file")]
    token: Option<String>,
    /// File with the token; `-` for stdin
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Method of the request
    #[arg(long)]
    method: Option<String>,
    /// Host of the request
    #[arg(long)]
    host: Option<String>,
    /// Path and query of the request
    #[arg(long)]
    uri: Option<String>,
    /// Name of the route, as in `/policy/NAME/verify`
    #[arg(long, value_name = "NAME")]
    policy: Option<String>,
    /// Judge at this time instead of now, such as 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// Take the keys from this JWKS instead of fetching them
    #[arg(long, value_name = "FILE")]
    jwks_file: Option<PathBuf>,
    /// How to tell it
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
}

#[derive(Clone, Copy, ValueEnum)]
enum Output {
    /// For people
    Text,
    /// For programs
    Json,
}

impl Explain {
    pub(super) fn run(
        self,
        source: &Source,
        environment: &[(OsString, OsString)],
    ) -> Result<(), Failure> {
        if self.token.as_deref().is_some_and(|token| token != "-") {
            let usage = "--token takes nothing but `-`, for stdin: every user of the machine can see a command line";
            return Err(Failure::Usage(usage));
        }
        let configuration = source.read()?;
        if self.jwks_file.is_none() {
            refuse_broken_proxies(&configuration, environment)?;
        }
        let token = self.token()?;
        let keys = self.keys(
            &configuration,
            token.as_deref(),
            &Egress::of_environment(environment),
        )?;
        let clock: Arc<dyn Clock> = match self.at {
            Some(at) => Arc::new(StoppedClock(at)),
            None => Arc::new(SystemClock),
        };
        let simulator = simulator(configuration, keys, clock).map_err(Failure::failed)?;
        let Self {
            method,
            host,
            uri,
            policy,
            ..
        } = self;
        let described = DescribedRequest {
            token,
            method,
            host,
            uri,
            policy,
            ..DescribedRequest::default()
        };
        let transcript = runtime()?.block_on(simulator.explain(&described));
        print(&match self.output {
            Output::Text => as_text(&transcript),
            Output::Json => format!("{:#}\n", serde_json::json!(transcript)),
        })?;
        if transcript.lets_pass() {
            Ok(())
        } else {
            Err(Failure::Denied)
        }
    }

    fn token(&self) -> Result<Option<String>, Failure> {
        let stdin = self.token.as_ref().map(PathBuf::from);
        let Some(path) = self.token_file.as_ref().or(stdin.as_ref()) else {
            return Ok(None);
        };
        let text = read(path)?;
        let token = text.trim();
        Ok(Some(
            token.strip_prefix("Bearer ").unwrap_or(token).to_owned(),
        ))
    }

    /// Returns the keys of each issuer, in their order. An issuer that the token does not name gets
    /// an empty set if its keys would have to be fetched.
    fn keys(
        &self,
        configuration: &Configuration,
        token: Option<&str>,
        egress: &Egress,
    ) -> Result<Vec<KeySet>, Failure> {
        let document = self.jwks_file.as_ref().map(|path| read(path)).transpose()?;
        let claimed = token.and_then(issuer_claim);
        configuration
            .issuers
            .iter()
            .map(|issuer| keys_of(issuer, document.as_deref(), claimed.as_deref(), egress))
            .collect()
    }
}

fn keys_of(
    issuer: &IssuerSettings,
    document: Option<&str>,
    claimed: Option<&str>,
    egress: &Egress,
) -> Result<KeySet, Failure> {
    let is_remote = matches!(issuer.keys, KeySource::Remote(_));
    match document {
        Some(document) if is_remote => {
            KeySet::from_jwks(document.as_bytes(), issuer.keys.algorithms())
                .map_err(Failure::failed)
        }
        None if is_remote && !claimed.is_some_and(|claimed| issuer.accepted.takes(claimed)) => {
            Ok(KeySet::default())
        }
        _ => {
            // An issuer whose keys cannot be fetched has no keys, as in the service.
            let fetched = runtime()?.block_on(keys::fetch(issuer.keys.clone(), egress.clone()));
            Ok(fetched.unwrap_or_else(|error| {
                eprintln!("issuer {}: no keys: {error}", issuer.name);
                KeySet::default()
            }))
        }
    }
}

fn issuer_claim(token: &str) -> Option<String> {
    let jws = CompactJws::parse(BearerToken::parse(token.as_bytes(), usize::MAX).ok()?).ok()?;
    match jws.unverified_claims().issuer() {
        IssuerClaim::Named(issuer) => Some(issuer.into_owned()),
        IssuerClaim::Absent | IssuerClaim::Malformed => None,
    }
}

/// Returns the stages as text, line by line.
pub(super) fn as_text(transcript: &Transcript) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    for stage in &transcript.stages {
        let mark = match stage.outcome {
            StepOutcome::Passed => "ok",
            StepOutcome::Skipped => "--",
            StepOutcome::Failed => "NO",
        };
        let _ = writeln!(text, "{mark}  {}", stage.stage);
        let _ = writeln!(text, "      expected  {}", stage.expected);
        let _ = writeln!(text, "      found     {}", stage.found);
    }
    let _ = writeln!(
        text,
        "{} {}: {}",
        transcript.verdict, transcript.reason, transcript.meaning
    );
    if let Some(hint) = &transcript.hint {
        let _ = writeln!(text, "hint: {hint}");
    }
    if let Some(challenge) = &transcript.challenge {
        let _ = writeln!(text, "challenge: {challenge}");
    }
    text
}
