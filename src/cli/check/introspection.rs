//! `doorward check --online`: a question to each introspection endpoint about a random token.

use std::sync::Arc;

use serde::Serialize;

use super::output::Output;
use crate::authenticators::opaque::{AnswerKeys, IntrospectionClient, Verdict};
use crate::cli::exit::Failure;
use crate::cli::keys;
use crate::cli::runtime::block_on;
use crate::config::{IntrospectionSettings, IssuerSettings};
use crate::domain::Clock;
use crate::issuers::KeyStore;
use crate::jose::encode_base64url;
use crate::outbound::Egress;
use crate::outbound::dependency::CallError;
use crate::platform::SystemClock;

/// The result of asking one issuer.
#[derive(Debug, Serialize)]
pub(super) struct IntrospectionReport {
    pub(super) issuer: String,
    pub(super) endpoint: Option<String>,
    pub(super) error: Option<String>,
}

/// Asks each of these issuers that has introspection about a random token, and returns the results.
pub(super) fn try_all(
    issuers: &[IssuerSettings],
    egress: &Egress,
    output: Output,
) -> Result<Vec<IntrospectionReport>, Failure> {
    let mut reports = Vec::new();
    for issuer in issuers {
        let Some(settings) = &issuer.introspection else {
            continue;
        };
        let report = try_one(issuer, settings, egress)?;
        output.say(&text(&report))?;
        reports.push(report);
    }
    Ok(reports)
}

fn try_one(
    issuer: &IssuerSettings,
    settings: &IntrospectionSettings,
    egress: &Egress,
) -> Result<IntrospectionReport, Failure> {
    let client = IntrospectionClient::new(&issuer.name, settings.clone(), egress.clone());
    let client = client.map_err(Failure::failed)?;
    let asked = block_on(async {
        let keys = if settings.is_signed() {
            keys::fetch(issuer.keys.clone(), egress.clone())
                .await
                .unwrap_or_default()
        } else {
            crate::jose::KeySet::default()
        };
        let keys = AnswerKeys::new(
            Arc::new(KeyStore::fixed(keys, SystemClock.uptime())),
            issuer.keys.algorithms().clone(),
            issuer.expectations.time.leeway,
        );
        let token = unknown_token(settings)?;
        client.ask(&token, &keys, SystemClock.moment()).await
    })?;
    let error = match asked {
        Ok(Verdict::Inactive) => None,
        Ok(Verdict::Active(_)) => {
            Some("says that a random token is active: is it another endpoint?".into())
        }
        // An unknown token is no error (RFC 7662 section 2.2): 4xx is of another endpoint.
        Err(CallError::Rejected(failure) | CallError::Failed(failure)) => Some(failure.text),
    };
    Ok(IntrospectionReport {
        issuer: issuer.name.clone(),
        endpoint: client.known_endpoint(),
        error,
    })
}

/// Makes a random token with the first prefix of the issuer's tokens.
fn unknown_token(settings: &IntrospectionSettings) -> Result<String, CallError> {
    let mut random = [0; 24];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| CallError::failed("random", "no randomness"))?;
    let prefix = settings.token_prefixes.first().map_or("", String::as_str);
    Ok(format!("{prefix}{}", encode_base64url(random)))
}

fn text(report: &IntrospectionReport) -> String {
    let name = &report.issuer;
    match (&report.error, &report.endpoint) {
        (Some(error), _) => format!("issuer {name}: introspection: {error}\n"),
        (None, Some(endpoint)) => format!("issuer {name}: introspection: ok, {endpoint}\n"),
        (None, None) => format!("issuer {name}: introspection: ok\n"),
    }
}
