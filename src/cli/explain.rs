//! `doorward explain`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::egress_checks::refuse_broken_proxies;
use super::exit::{Failure, TOKEN_IS_VISIBLE, print};
use super::keys::{self, FoundKeys};
use super::output::{OutputFormat, print_styled, transcript_text};
use super::request_url::RequestUrl;
use super::runtime::block_on;
use super::token::read;
use crate::app::simulator;
use crate::authenticators::opaque::{AskedIssuers, IntrospectionClient, Introspector};
use crate::config::{Configuration, IntrospectionSettings, IssuerSettings, KeySource, Source};
use crate::directory::{Directory, SqlDirectory};
use crate::domain::{BearerToken, Clock, DescribedRequest, StepOutcome, Timestamp};
use crate::jose::{CompactJws, IssuerClaim, KeySet};
use crate::outbound::Egress;
use crate::platform::{StoppedClock, SystemClock};

#[derive(Args)]
pub(super) struct Explain {
    /// Read the token from stdin. On a command line, every user of the machine could see it
    // A wrong value is reported by this command and not by clap, which would repeat the token.
    #[arg(long, value_name = "-", conflicts_with = "token_file")]
    token: Option<String>,
    /// File with the token; `-` for stdin
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Method of the request
    #[arg(long)]
    method: Option<String>,
    /// URL of the request, such as `https://app.example/path`. The method is then GET, unless
    /// `--method` is given
    #[arg(long, value_name = "URL", conflicts_with_all = ["host", "uri"])]
    url: Option<String>,
    /// Host of the request
    #[arg(long)]
    host: Option<String>,
    /// Path and query of the request
    #[arg(long)]
    uri: Option<String>,
    /// Name of the route, as in `/policy/NAME/verify`
    #[arg(long, value_name = "NAME")]
    policy: Option<String>,
    /// Time of the decision, such as 2026-01-31T12:00:00Z; the default is now
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// Ask introspection endpoints and the user directory where a decision needs it; without this
    /// the verdict is then `unknown`
    #[arg(long)]
    online: bool,
    /// Use the keys in this file (JWKS) and fetch none
    #[arg(long, value_name = "FILE")]
    jwks_file: Option<PathBuf>,
    /// Show only the stage that failed
    #[arg(long)]
    failed: bool,
    /// Output format; `text` has times in UTC and their distance from now
    #[arg(long, value_enum, default_value = "text")]
    output: OutputFormat,
}

impl Explain {
    pub(super) fn run(
        self,
        source: &Source,
        environment: &[(OsString, OsString)],
    ) -> Result<(), Failure> {
        if self.token.as_deref().is_some_and(|token| token != "-") {
            return Err(Failure::Usage(TOKEN_IS_VISIBLE));
        }
        let url = self.url.as_deref().map(RequestUrl::parse).transpose();
        let url = url.map_err(Failure::Usage)?;
        let configuration = source.read()?;
        if self.jwks_file.is_none() {
            refuse_broken_proxies(&configuration, environment)?;
        }
        let token = self.token()?;
        let egress = Egress::of_environment(environment);
        let keys = self.keys(&configuration, token.as_deref(), &egress)?;
        let asked = self.online.then(|| asked_issuers(&configuration, &egress));
        let asked = asked.transpose()?;
        let directory = configuration.directory.clone().filter(|_| self.online);
        let clock: Arc<dyn Clock> = match self.at {
            Some(at) => Arc::new(StoppedClock(at)),
            None => Arc::new(SystemClock),
        };
        let directory = directory.map(|own| Arc::new(SqlDirectory::direct(own, clock.clone())));
        let mut simulator = simulator(configuration, keys, clock).map_err(Failure::failed)?;
        if let Some(directory) = directory {
            simulator.gate.directory = Directory::Sql(directory);
        }
        if let Some(asked) = asked {
            simulator.gate.authenticators.asked = asked;
        }
        let (failed, output) = (self.failed, self.output);
        let described = self.described(token, url);
        let mut transcript = block_on(simulator.explain(&described))?;
        if failed {
            transcript.stages.retain(|stage| {
                matches!(stage.outcome, StepOutcome::Failed | StepOutcome::Unknown)
            });
        }
        match output {
            OutputFormat::Text => print_styled(&transcript_text(&transcript))?,
            OutputFormat::Json => print(&format!("{:#}\n", serde_json::json!(transcript)))?,
        }
        if transcript.lets_pass() {
            Ok(())
        } else {
            Err(Failure::Denied)
        }
    }

    /// Describes the request. A URL gives the host and the path, and the method that browsers use.
    fn described(self, token: Option<String>, url: Option<RequestUrl>) -> DescribedRequest {
        let (host, uri, method) = match url {
            Some(url) => (
                Some(url.host),
                Some(url.uri),
                self.method.or_else(|| Some("GET".to_owned())),
            ),
            None => (self.host, self.uri, self.method),
        };
        DescribedRequest {
            token,
            method,
            host,
            uri,
            policy: self.policy,
            online: self.online,
            ..DescribedRequest::default()
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
        let issuers = &configuration.issuers;
        let is_fetched = |issuer: &IssuerSettings| {
            if !matches!(issuer.keys, KeySource::Remote(_)) {
                return true;
            }
            // Signed answers about opaque tokens need the keys of the issuer too.
            let signs = |own: &IntrospectionSettings| self.online && own.is_signed();
            let claims = |claimed: &str| issuer.accepted.takes(claimed);
            document.is_none()
                && (issuer.introspection.as_ref().is_some_and(signs)
                    || claimed.as_deref().is_some_and(claims))
        };
        let mut keys = issuers
            .iter()
            .map(|issuer| match &document {
                Some(document) if !is_fetched(issuer) => {
                    KeySet::from_jwks(document.as_bytes(), issuer.keys.algorithms())
                        .map_err(Failure::failed)
                }
                _ => Ok(KeySet::default()),
            })
            .collect::<Result<Vec<_>, _>>()?;
        let sources = issuers
            .iter()
            .enumerate()
            .filter(|(_, issuer)| is_fetched(issuer))
            .map(|(position, issuer)| (position, issuer.keys.clone()));
        let mut found = block_on(async { keys::fetch_each(sources, egress).join_all().await })?;
        found.sort_by_key(|(position, _)| *position);
        for (position, found) in found {
            if let (Some(place), Some(issuer)) = (keys.get_mut(position), issuers.get(position)) {
                *place = keys_or_none(issuer, found);
            }
        }
        Ok(keys)
    }
}

/// Creates the clients that ask the issuers about tokens.
fn asked_issuers(configuration: &Configuration, egress: &Egress) -> Result<AskedIssuers, Failure> {
    let asked = configuration.issuers.iter().map(|issuer| {
        let Some(settings) = &issuer.introspection else {
            return Ok(None);
        };
        let client = IntrospectionClient::new(&issuer.name, settings.clone(), egress.clone());
        let client = client.map_err(Failure::failed)?;
        Ok(Some(Arc::new(Introspector::direct(client))))
    });
    Ok(AskedIssuers::new(
        asked.collect::<Result<Vec<_>, Failure>>()?,
    ))
}

/// An issuer whose keys cannot be fetched has no keys, as in the service.
fn keys_or_none(issuer: &IssuerSettings, found: FoundKeys) -> KeySet {
    found.unwrap_or_else(|error| {
        eprintln!("issuer {}: no keys: {error}", issuer.name);
        KeySet::default()
    })
}

fn issuer_claim(token: &str) -> Option<String> {
    let jws = CompactJws::parse(BearerToken::parse(token.as_bytes(), usize::MAX).ok()?).ok()?;
    match jws.unverified_claims().issuer() {
        IssuerClaim::Named(issuer) => Some(issuer.into_owned()),
        IssuerClaim::Absent | IssuerClaim::Malformed => None,
    }
}
