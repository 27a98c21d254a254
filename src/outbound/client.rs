//! The HTTP client.

use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Certificate, Client, redirect};
use secrecy::ExposeSecret;
use url::Url;

use super::AddressRule;
use super::address::{Resolver, addresses_of, is_public};
use crate::config::FetchSettings;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// A longer body is refused, counted after decompression.
const MAX_BODY_BYTES: usize = 512 * 1024;

/// Of a longer token file the rest is not read.
const MAX_BEARER_TOKEN_BYTES: u64 = 64 * 1024;

/// Whether requests leave this machine through a proxy, which then decides about addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Egress {
    /// They go straight out.
    Direct,
    /// They go through the proxy that the environment names.
    Proxied,
}

/// A client that asks one party.
pub struct HttpClient {
    anywhere: Client,
    public_only: Client,
    egress: Egress,
    headers: HeaderMap,
    bearer_token_file: Option<PathBuf>,
}

/// An answer with status 200.
#[derive(Debug)]
pub struct Fetched {
    /// The body, complete.
    pub body: Vec<u8>,
    /// How long it may be kept, as it says (`Cache-Control: max-age`, RFC 9111 section 5.2.2.1).
    pub max_age: Option<Duration>,
}

/// Why nothing was fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No connection, a broken one, a bad certificate, or too slow.
    #[error("{0}")]
    Transport(String),
    /// Any status but 200; redirects too.
    #[error("status {0}")]
    Status(u16),
    /// More than we read.
    #[error("the body is larger than 512 KiB")]
    TooLarge,
    /// An address that this request may not go to.
    #[error("the address is not a public one (set allow_private_jwks if it is meant)")]
    Address,
    /// The bearer token of our own cannot be read.
    #[error("cannot read the bearer token file: {0}")]
    BearerToken(std::io::Error),
}

/// A client that cannot be built: bad certificates or headers.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InvalidClient(String);

impl HttpClient {
    /// A client with these settings.
    pub fn new(settings: &FetchSettings, egress: Egress) -> Result<Self, InvalidClient> {
        Ok(Self {
            anywhere: client(settings, AddressRule::Any)?,
            public_only: client(settings, AddressRule::Public)?,
            egress,
            headers: headers(settings)?,
            bearer_token_file: settings.bearer_token_file.clone(),
        })
    }

    /// Fetches a document; only a complete answer with status 200 counts.
    pub async fn get(&self, url: &Url, rule: AddressRule) -> Result<Fetched, FetchError> {
        if !rule.permits_literal(url) {
            return Err(FetchError::Address);
        }
        // Names are resolved by the proxy, and so are judged there.
        let rule = if self.egress == Egress::Proxied { AddressRule::Any } else { rule };
        let client = if rule == AddressRule::Public { &self.public_only } else { &self.anywhere };
        let request = client.get(url.clone()).headers(self.request_headers()?);
        let mut response = request.send().await.map_err(transport)?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(FetchError::Status(response.status().as_u16()));
        }
        let max_age = max_age(response.headers());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(transport)? {
            if body.len() + chunk.len() > MAX_BODY_BYTES {
                return Err(FetchError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Fetched { body, max_age })
    }

    /// The rule for what a document at this URL leads to: whoever is at home in a private network may point into it.
    pub async fn rule_for_links_from(&self, document: &Url) -> AddressRule {
        let addresses = addresses_of(document).await;
        // All of them: one private address beside a public one is how a name is steered into the network.
        let private = !addresses.is_empty() && addresses.iter().all(|address| !is_public(*address));
        if private { AddressRule::Any } else { AddressRule::Public }
    }

    fn request_headers(&self) -> Result<HeaderMap, FetchError> {
        let mut headers = self.headers.clone();
        if let Some(path) = &self.bearer_token_file {
            let mut token = String::new();
            let file = std::fs::File::open(path).map_err(FetchError::BearerToken)?;
            file.take(MAX_BEARER_TOKEN_BYTES).read_to_string(&mut token).map_err(FetchError::BearerToken)?;
            let value = HeaderValue::from_str(&format!("Bearer {}", token.trim()));
            let mut value = value.map_err(|_| FetchError::BearerToken(std::io::ErrorKind::InvalidData.into()))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        Ok(headers)
    }
}

fn client(settings: &FetchSettings, rule: AddressRule) -> Result<Client, InvalidClient> {
    let invalid = |error: reqwest::Error| InvalidClient(error.to_string());
    let mut builder = Client::builder()
        .user_agent(concat!("doorward/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(settings.timeout)
        // A connection that idled for minutes is more often dead than useful.
        .pool_idle_timeout(Duration::from_secs(20));
    if rule == AddressRule::Public {
        builder = builder.dns_resolver(Resolver(rule));
    }
    if let Some(pem) = &settings.extra_roots {
        let roots = Certificate::from_pem_bundle(pem).map_err(invalid)?;
        if roots.is_empty() {
            return Err(InvalidClient("no certificate in it".into()));
        }
        builder = builder.tls_certs_merge(roots);
    }
    builder.build().map_err(invalid)
}

fn headers(settings: &FetchSettings) -> Result<HeaderMap, InvalidClient> {
    let invalid = |name: &str| InvalidClient(format!("{name} is no header"));
    let mut headers = HeaderMap::new();
    for (name, value) in &settings.headers {
        let mut secret = HeaderValue::from_str(value.expose_secret()).map_err(|_| invalid(name))?;
        secret.set_sensitive(true);
        headers.insert(HeaderName::try_from(name.as_str()).map_err(|_| invalid(name))?, secret);
    }
    Ok(headers)
}

fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let directives = headers.get("cache-control")?.to_str().ok()?.split(',');
    let seconds =
        directives.filter_map(|directive| directive.trim().to_ascii_lowercase().strip_prefix("max-age=")?.parse().ok());
    seconds.min().map(Duration::from_secs)
}

fn transport(error: reqwest::Error) -> FetchError {
    FetchError::Transport(in_words(error))
}

/// Why a request failed, without its URL: the whole chain of causes, because the outermost only says that it did.
pub fn in_words(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return "timed out".into();
    }
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
