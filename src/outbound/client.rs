//! The HTTP client.

use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, DATE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH, RETRY_AFTER};
use reqwest::{Certificate, Client, Response, StatusCode, redirect};
use secrecy::ExposeSecret;
use url::Url;

use super::AddressRule;
use super::address::{Resolver, addresses_of, is_public};
use crate::config::FetchSettings;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// A longer body is refused, counted after decompression.
const MAX_BODY_BYTES: usize = 512 * 1024;

/// A longer version is not sent back.
const MAX_ENTITY_TAG_BYTES: usize = 1024;

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

/// A good answer, and how long it may be kept, as it says itself (`Cache-Control: max-age`, RFC 9111 section 5.2.2.1).
#[derive(Debug)]
pub struct Fetched {
    /// What was answered.
    pub answer: Answer,
    /// How long it may be kept.
    pub max_age: Option<Duration>,
}

/// What was answered.
#[derive(Debug)]
pub enum Answer {
    /// Status 200: the body, complete, and its version.
    Document(Vec<u8>, Option<EntityTag>),
    /// Status 304: the version that was asked about is still the one (RFC 9110 section 15.4.5).
    NotModified,
}

/// The version of a document, as its server calls it (`ETag`, RFC 9110 section 8.8.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityTag(HeaderValue);

/// Why nothing was fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No connection, a broken one, a bad certificate, or too slow.
    #[error("{0}")]
    Transport(String),
    /// Any other status; redirects too.
    #[error("status {status}")]
    Status {
        /// The status.
        status: u16,
        /// When to come back, as the server asks (RFC 9110 section 10.2.3).
        retry_after: Option<Duration>,
    },
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

    /// Fetches a document, unless it is still of the version that is `known`; only a complete answer counts.
    pub async fn get(&self, url: &Url, rule: AddressRule, known: Option<&EntityTag>) -> Result<Fetched, FetchError> {
        if !rule.permits_literal(url) {
            return Err(FetchError::Address);
        }
        // Names are resolved by the proxy, and so are judged there.
        let rule = if self.egress == Egress::Proxied { AddressRule::Any } else { rule };
        let client = if rule == AddressRule::Public { &self.public_only } else { &self.anywhere };
        let mut headers = self.request_headers()?;
        headers.extend(known.map(|known| (IF_NONE_MATCH, known.0.clone())));
        let response = client.get(url.clone()).headers(headers).send().await.map_err(transport)?;
        let max_age = max_age(response.headers());
        match response.status() {
            StatusCode::OK => {
                let version = entity_tag(response.headers());
                Ok(Fetched { answer: Answer::Document(body(response).await?, version), max_age })
            }
            // Nobody may call a document unchanged that was not asked about.
            StatusCode::NOT_MODIFIED if known.is_some() => Ok(Fetched { answer: Answer::NotModified, max_age }),
            status => Err(FetchError::Status { status: status.as_u16(), retry_after: retry_after(response.headers()) }),
        }
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

async fn body(mut response: Response) -> Result<Vec<u8>, FetchError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(transport)? {
        if body.len() + chunk.len() > MAX_BODY_BYTES {
            return Err(FetchError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn entity_tag(headers: &HeaderMap) -> Option<EntityTag> {
    headers.get(ETAG).filter(|tag| tag.len() <= MAX_ENTITY_TAG_BYTES).cloned().map(EntityTag)
}

/// A number of seconds, or a date, which is taken by the server's own clock.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok();
    let date = |text| httpdate::parse_http_date(text).ok();
    let asked = text(RETRY_AFTER)?.trim();
    match asked.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => date(asked)?.duration_since(date(text(DATE)?)?).ok(),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn when_to_come_back() {
        let date = ("date", "Sun, 22 Nov 2026 20:00:00 GMT");
        for (asked, seconds) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("Sun, 22 Nov 2026 20:01:30 GMT", Some(90)),
            ("Sun, 22 Nov 2026 19:00:00 GMT", None),
            ("-1", None),
            ("soon", None),
            ("99999999999999999999", None),
        ] {
            let found = retry_after(&headers(&[date, ("retry-after", asked)]));
            assert_eq!(found, seconds.map(Duration::from_secs), "{asked}");
        }
        assert_eq!(retry_after(&headers(&[("retry-after", "Sun, 22 Nov 2026 20:01:30 GMT")])), None, "by whose clock?");
        assert_eq!(retry_after(&headers(&[])), None);
    }

    #[test]
    fn how_long_to_keep() {
        for (control, seconds) in [
            ("max-age=60", Some(60)),
            ("public, Max-Age=60", Some(60)),
            ("max-age=60, max-age=30", Some(30)),
            ("s-maxage=60", None),
            ("max-age=-1", None),
            ("max-age=x", None),
        ] {
            assert_eq!(max_age(&headers(&[("cache-control", control)])), seconds.map(Duration::from_secs), "{control}");
        }
    }
}
