//! The HTTP client.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::header::{
    AUTHORIZATION, DATE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH, RETRY_AFTER,
};
use reqwest::{Certificate, Client, ClientBuilder, Response, StatusCode, redirect};
use secrecy::ExposeSecret;
use tokio::task::spawn_blocking;
use url::Url;

use super::address::{AddressRule, NoPermittedAddress, Resolver, is_public, literal};
use super::egress::Egress;
use crate::config::FetchSettings;
use crate::config_reader::read_regular_file;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// A longer body is refused, counted after decompression.
const MAX_BODY_BYTES: usize = 512 * 1024;

/// A longer version is not sent back.
const MAX_ENTITY_TAG_BYTES: usize = 1024;

/// A longer token file is refused.
const MAX_BEARER_TOKEN_BYTES: usize = 64 * 1024;

/// A client that asks one party.
pub struct HttpClient {
    anywhere: Client,
    public_only: Client,
    proxied: Client,
    egress: Egress,
    headers: HeaderMap,
    bearer_token_file: Option<PathBuf>,
}

/// One request for a document.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// Where it is.
    pub url: &'a Url,
    /// Which addresses that may be.
    pub rule: AddressRule,
    /// Whether the headers and the bearer token of the settings go along; they are for the party
    /// that was configured.
    pub with_credentials: bool,
    /// The version that is known already.
    pub known: Option<&'a EntityTag>,
}

/// A good answer, and how long it may be kept, as it says itself (`Cache-Control: max-age`, RFC
/// 9111 section 5.2.2.1).
#[derive(Debug)]
pub struct Fetched {
    /// What was answered.
    pub answer: Answer,
    /// How long it may be kept.
    pub max_age: Option<Duration>,
    /// Which addresses a link in it may lead to.
    pub links: AddressRule,
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
    BearerToken(io::Error),
}

/// A client that cannot be built: bad certificates or headers.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InvalidClient(pub(super) String);

impl HttpClient {
    /// A client with these settings.
    pub fn new(settings: &FetchSettings, egress: Egress) -> Result<Self, InvalidClient> {
        Ok(Self {
            anywhere: direct(settings, AddressRule::Any)?,
            public_only: direct(settings, AddressRule::Public)?,
            proxied: build(
                egress
                    .through_proxies(builder(settings.timeout, settings.extra_roots.as_deref())?)?,
            )?,
            egress,
            headers: headers(settings)?,
            bearer_token_file: settings.bearer_token_file.clone(),
        })
    }

    /// Fetches a document, unless it is still of the version that is known; only a complete answer
    /// counts.
    pub async fn get(&self, ask: Ask<'_>) -> Result<Fetched, FetchError> {
        if !ask.rule.permits_literal(ask.url) {
            return Err(FetchError::Address);
        }
        let mut headers = if ask.with_credentials {
            self.credentials().await?
        } else {
            HeaderMap::new()
        };
        headers.extend(ask.known.map(|known| (IF_NONE_MATCH, known.0.clone())));
        let response = self
            .client(&ask)
            .get(ask.url.clone())
            .headers(headers)
            .send()
            .await
            .map_err(transport)?;
        let (max_age, links) = (
            max_age(response.headers()),
            self.rule_for_links(ask.url, response.remote_addr()),
        );
        match response.status() {
            StatusCode::OK => {
                let version = entity_tag(response.headers());
                Ok(Fetched {
                    answer: Answer::Document(body(response).await?, version),
                    max_age,
                    links,
                })
            }
            // Nobody may call a document unchanged that was not asked about.
            StatusCode::NOT_MODIFIED if ask.known.is_some() => Ok(Fetched {
                answer: Answer::NotModified,
                max_age,
                links,
            }),
            status => Err(FetchError::Status {
                status: status.as_u16(),
                retry_after: retry_after(response.headers()),
            }),
        }
    }

    /// A client of its own for public addresses, because connections are reused: those of the
    /// others may lead anywhere.
    fn client(&self, ask: &Ask<'_>) -> &Client {
        match ask.rule {
            _ if self.egress.is_proxied(ask.url) => &self.proxied,
            AddressRule::Any => &self.anywhere,
            AddressRule::Public => &self.public_only,
        }
    }

    /// Whoever is at home in a private network may point into it. Where that is tells the
    /// connection that the answer came over: the name might lead elsewhere the next time. Behind a
    /// proxy nobody knows, unless the URL has the address.
    fn rule_for_links(&self, url: &Url, peer: Option<SocketAddr>) -> AddressRule {
        let home = if self.egress.is_proxied(url) {
            literal(url)
        } else {
            peer.map(|peer| peer.ip())
        };
        match home {
            Some(home) if !is_public(home) => AddressRule::Any,
            _ => AddressRule::Public,
        }
    }

    async fn credentials(&self) -> Result<HeaderMap, FetchError> {
        let mut headers = self.headers.clone();
        if let Some(path) = self.bearer_token_file.clone() {
            // Off the runtime: a disk that hangs must not keep other issuers' keys from being
            // fetched.
            let read =
                spawn_blocking(move || read_regular_file(&path, MAX_BEARER_TOKEN_BYTES)).await;
            let token = read.map_err(io::Error::other).flatten();
            headers.insert(
                AUTHORIZATION,
                token.and_then(bearer).map_err(FetchError::BearerToken)?,
            );
        }
        Ok(headers)
    }
}

fn bearer(token: Vec<u8>) -> io::Result<HeaderValue> {
    let invalid = || io::Error::from(io::ErrorKind::InvalidData);
    let token = String::from_utf8(token).map_err(|_| invalid())?;
    let mut value =
        HeaderValue::from_str(&format!("Bearer {}", token.trim())).map_err(|_| invalid())?;
    value.set_sensitive(true);
    Ok(value)
}

fn direct(settings: &FetchSettings, rule: AddressRule) -> Result<Client, InvalidClient> {
    let builder = builder(settings.timeout, settings.extra_roots.as_deref())?;
    build(if rule == AddressRule::Public {
        builder.dns_resolver(Resolver::new(rule))
    } else {
        builder
    })
}

pub(super) fn builder(
    timeout: Duration,
    extra_roots: Option<&[u8]>,
) -> Result<ClientBuilder, InvalidClient> {
    let builder = Client::builder()
        .user_agent(concat!("doorward/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        // Which requests go through a proxy is decided here, not by what the process finds in its
        // environment.
        .no_proxy()
        .dns_resolver(Resolver::new(AddressRule::Any))
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(timeout)
        // A connection that idled for minutes is more often dead than useful.
        .pool_idle_timeout(Duration::from_secs(20));
    let Some(pem) = extra_roots else {
        return Ok(builder);
    };
    let roots = Certificate::from_pem_bundle(pem).map_err(invalid)?;
    if roots.is_empty() {
        Err(InvalidClient("no certificate in it".into()))
    } else {
        Ok(builder.tls_certs_merge(roots))
    }
}

pub(super) fn build(builder: ClientBuilder) -> Result<Client, InvalidClient> {
    builder.build().map_err(invalid)
}

pub(super) fn invalid(error: reqwest::Error) -> InvalidClient {
    InvalidClient(in_words(error))
}

fn headers(settings: &FetchSettings) -> Result<HeaderMap, InvalidClient> {
    let invalid = |name: &str| InvalidClient(format!("{name} is no header"));
    let mut headers = HeaderMap::new();
    for (name, value) in &settings.headers {
        let mut secret = HeaderValue::from_str(value.expose_secret()).map_err(|_| invalid(name))?;
        secret.set_sensitive(true);
        headers.insert(
            HeaderName::try_from(name.as_str()).map_err(|_| invalid(name))?,
            secret,
        );
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
    headers
        .get(ETAG)
        .filter(|tag| tag.len() <= MAX_ENTITY_TAG_BYTES)
        .cloned()
        .map(EntityTag)
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
    let seconds = directives.filter_map(|directive| {
        directive
            .trim()
            .to_ascii_lowercase()
            .strip_prefix("max-age=")?
            .parse()
            .ok()
    });
    seconds.min().map(Duration::from_secs)
}

fn transport(error: reqwest::Error) -> FetchError {
    let causes = std::iter::successors(std::error::Error::source(&error), |cause| cause.source());
    if causes
        .into_iter()
        .any(<dyn std::error::Error>::is::<NoPermittedAddress>)
    {
        return FetchError::Address;
    }
    FetchError::Transport(in_words(error))
}

/// Why a request failed, without its URL: the whole chain of causes, because the outermost only
/// says that it did.
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
    if text.contains("CaUsedAsEndEntity") {
        text.push_str(CA_AS_SERVER);
    }
    text
}

/// What `openssl req -x509` makes unless it is told otherwise.
const CA_AS_SERVER: &str = " (the server shows the certificate of an authority as its own: make one with \
    `-addext basicConstraints=critical,CA:FALSE`)";

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
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
        assert_eq!(
            retry_after(&headers(&[(
                "retry-after",
                "Sun, 22 Nov 2026 20:01:30 GMT"
            )])),
            None,
            "by whose clock?"
        );
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
            assert_eq!(
                max_age(&headers(&[("cache-control", control)])),
                seconds.map(Duration::from_secs),
                "{control}"
            );
        }
    }
}
