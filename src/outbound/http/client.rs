//! The HTTP client.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH};
use reqwest::{Certificate, Client, ClientBuilder, StatusCode, redirect};
use secrecy::ExposeSecret;
use tokio::task::spawn_blocking;
use url::Url;

use super::address::{AddressRule, Resolver, is_public, literal};
use super::egress::Egress;
use super::invalid_client::{InvalidClient, invalid};
use super::response::{
    EntityTag, FetchBody, FetchError, FetchResponse, body, entity_tag, max_age, retry_after,
    transport,
};
use crate::config::FetchSettings;
use crate::config_reader::read_regular_file;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

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
pub struct FetchRequest<'a> {
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
    pub async fn get(&self, ask: FetchRequest<'_>) -> Result<FetchResponse, FetchError> {
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
                Ok(FetchResponse {
                    answer: FetchBody::Document(body(response).await?, version),
                    max_age,
                    links,
                })
            }
            // Nobody may call a document unchanged that was not asked about.
            StatusCode::NOT_MODIFIED if ask.known.is_some() => Ok(FetchResponse {
                answer: FetchBody::NotModified,
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
    fn client(&self, ask: &FetchRequest<'_>) -> &Client {
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

pub(super) fn bearer(token: Vec<u8>) -> io::Result<HeaderValue> {
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

pub(super) fn headers(settings: &FetchSettings) -> Result<HeaderMap, InvalidClient> {
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
