//! Gates and simulators without a running service, for the command line.

use std::io;
use std::sync::Arc;

use prometheus::IntCounter;

use super::credential_lists::hash_pool;
use super::prepared_configuration::{accepted_schemes, policy};
use super::start_error::StartError;
use crate::authenticators::opaque::{AskedIssuers, Introspector};
use crate::authenticators::{Authenticators, Listed, TokenCache};
use crate::config::{Configuration, KeySource};
use crate::directory::Directory;
use crate::domain::{Clock, IssuerIndex};
use crate::gate::Gate;
use crate::http::{Responder, Simulator};
use crate::issuers::{Issuer, IssuerDescription, Issuers, KeyStore};
use crate::jose::KeySet;
use crate::outbound::Egress;
use crate::policy::IssuerProfile;
use crate::response::DenialResponses;

/// Creates the gate of a configuration, without sockets, logs and metrics. It decides as the
/// service does. Returns `None` if keys would have to be fetched, or if a key file cannot be read.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use doorward::app::offline_gate;
/// use doorward::config::Configuration;
/// use doorward::domain::DescribedRequest;
/// use doorward::platform::SystemClock;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let configuration = Configuration::from_environment(
///     [
///         ("DOORWARD_ISSUER", "https://issuer.example"),
///         ("DOORWARD_AUDIENCE", "api"),
///         ("DOORWARD_HMAC_SECRET", "a secret of at least 32 bytes, for HS256"),
///     ]
///     .map(|(name, value)| (name.into(), value.into())),
/// )?;
/// let gate = offline_gate(configuration, Arc::new(SystemClock)).ok_or("keys have to be fetched")?;
/// let transcript = gate.explain_described(&DescribedRequest::default()).await;
/// assert_eq!((transcript.verdict, transcript.reason), ("deny", "token_missing"));
/// # Ok(())
/// # }
/// ```
pub fn offline_gate(configuration: Configuration, clock: Arc<dyn Clock>) -> Option<Gate> {
    let at_hand = |source: &KeySource| match source {
        KeySource::Fixed { keys, .. } => Some(keys.clone()),
        KeySource::File(file) => file.read().ok(),
        KeySource::Unneeded(_) => Some(KeySet::default()),
        KeySource::Remote(_) => None,
    };
    let keys = configuration
        .issuers
        .iter()
        .map(|issuer| at_hand(&issuer.keys))
        .collect::<Option<_>>()?;
    gate_of_keys(configuration, keys, clock).ok()
}

/// Creates the gate of a configuration with these keys: one set for each issuer, in their order.
pub fn gate_of_keys(
    configuration: Configuration,
    keys: Vec<KeySet>,
    clock: Arc<dyn Clock>,
) -> Result<Gate, prometheus::Error> {
    let issuer_count = configuration.issuers.len();
    let listed = Listed::new(
        configuration.listed,
        issuer_count,
        &hash_pool(),
        clock.now(),
    );
    let asked = AskedIssuers::new(configuration.issuers.iter().map(|issuer| {
        let settings = issuer.introspection.clone()?;
        Some(Arc::new(Introspector::offline(settings)))
    }));
    let issuers = configuration.issuers.into_iter().zip(keys).enumerate().map(
        |(position, (settings, keys))| {
            let description = IssuerDescription::new(&settings, &Egress::default());
            let profile = IssuerProfile::new(
                IssuerIndex::new(position),
                settings.name.into(),
                settings.expectations,
                settings.required_scopes,
            );
            let issuer = Issuer {
                profile: profile.into(),
                description,
                algorithms: settings.keys.algorithms().clone(),
                needs_keys: settings.keys.are_needed(),
                keys: Arc::new(KeyStore::fixed(keys, clock.clone())),
            };
            (settings.accepted, issuer)
        },
    );
    let issuers = Issuers::new(issuers);
    let policy = policy(
        &configuration.proxy,
        &configuration.tokens,
        configuration.routes.map(|routes| routes.table),
    );
    let evictions = IntCounter::new("evictions", "Counted and never shown.")?;
    let cache = TokenCache::new(
        &configuration.tokens.cache,
        policy.has_conditions(),
        evictions,
    );
    Ok(Gate {
        clock,
        policy,
        authenticators: Authenticators {
            issuers,
            asked,
            listed,
            claim_headers: configuration.claim_headers,
            cache,
        },
        directory: if configuration.directory.is_some() {
            Directory::NotAsked
        } else {
            Directory::Off
        },
        limiter: None,
    })
}

/// Creates a simulator of the service with these keys: one set for each issuer, in their order. It
/// opens no sockets.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use doorward::app::simulator;
/// use doorward::config::Configuration;
/// use doorward::domain::DescribedRequest;
/// use doorward::jose::KeySet;
/// use doorward::platform::SystemClock;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let configuration = Configuration::from_environment(
///     [
///         ("DOORWARD_ISSUER", "https://issuer.example"),
///         ("DOORWARD_AUDIENCE", "api"),
///     ]
///     .map(|(name, value)| (name.into(), value.into())),
/// )?;
/// let simulator = simulator(configuration, vec![KeySet::default()], Arc::new(SystemClock))?;
/// let answer = simulator.answer(&DescribedRequest::default()).await;
/// assert_eq!(answer.status, 401);
/// # Ok(())
/// # }
/// ```
pub fn simulator(
    mut configuration: Configuration,
    keys: Vec<KeySet>,
    clock: Arc<dyn Clock>,
) -> Result<Simulator, StartError> {
    let answers = configuration
        .routes
        .as_mut()
        .map(|routes| std::mem::take(&mut routes.answers))
        .unwrap_or_default();
    let settings = configuration.answers.clone();
    let claim_headers = configuration.claim_headers.clone();
    let dialect = configuration.proxy.dialect.into();
    let issuers = configuration.issuers.len();
    let indices = configuration.listed.indices(issuers);
    let gate = gate_of_keys(configuration, keys, clock)?;
    let schemes = accepted_schemes(issuers, indices, &gate.policy);
    let denials = Arc::new(DenialResponses::new(settings, answers, schemes));
    let responder = Responder::new(&claim_headers, denials, Arc::default());
    Ok(Simulator {
        gate,
        responder: responder.map_err(io::Error::other)?,
        dialect,
    })
}
