//! The HTTP client that fetches documents.

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
use super::clients::{Clients, ForbiddenAddress};
use super::egress::{Egress, ProxyName};
use super::invalid_client::{InvalidClient, invalid};
use super::response::{
    EntityTag, FetchBody, FetchError, FetchResponse, body, entity_tag, location, max_age,
    retry_after, transport,
};
use crate::config::FetchSettings;
use crate::config_reader::read_regular_file;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// The largest size of a token file; a larger one is refused.
const MAX_BEARER_TOKEN_BYTES: usize = 64 * 1024;

/// An HTTP client for the requests to one party, with its credentials.
pub struct HttpClient {
    clients: Clients,
    /// The configured headers.
    headers: HeaderMap,
    /// The file with the bearer token, which is read for each request.
    bearer_token_file: Option<PathBuf>,
}

/// A request for one document.
#[derive(Debug, Clone, Copy)]
pub struct FetchRequest<'a> {
    /// The URL of the document.
    pub url: &'a Url,
    /// The addresses that the request may go to.
    pub rule: AddressRule,
    /// `true` if the configured headers and bearer token are sent. They are for the configured
    /// party only.
    pub with_credentials: bool,
    /// The version of the document that the caller already has.
    pub known: Option<&'a EntityTag>,
}

impl HttpClient {
    /// Creates a client with these settings. Fails with [`InvalidClient`] if the certificates, the
    /// headers or the proxies are not usable.
    pub fn new(settings: &FetchSettings, egress: Egress) -> Result<Self, InvalidClient> {
        let builder = || builder(settings.timeout, settings.extra_roots.as_deref());
        Ok(Self {
            clients: Clients::new(egress, builder)?,
            headers: headers(settings)?,
            bearer_token_file: settings.bearer_token_file.clone(),
        })
    }

    /// Fetches a document, or finds that the known version is still current. Fails with
    /// [`FetchError`] unless the response is complete.
    pub async fn get(&self, request: FetchRequest<'_>) -> Result<FetchResponse, FetchError> {
        let client = self.clients.for_request(request.url, request.rule);
        let client = client.map_err(|ForbiddenAddress| FetchError::Address)?;
        let mut headers = if request.with_credentials {
            self.credentials().await?
        } else {
            HeaderMap::new()
        };
        headers.extend(request.known.map(|known| (IF_NONE_MATCH, known.0.clone())));
        let response = client
            .get(request.url.clone())
            .headers(headers)
            .send()
            .await
            .map_err(transport)?;
        let (max_age, links) = (
            max_age(response.headers()),
            self.rule_for_links(request.url, response.remote_addr()),
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
            // A server must not answer 304 to a request that named no version.
            StatusCode::NOT_MODIFIED if request.known.is_some() => Ok(FetchResponse {
                answer: FetchBody::NotModified,
                max_age,
                links,
            }),
            status => Err(FetchError::Status {
                status: status.as_u16(),
                location: location(request.url, response.headers()),
                retry_after: retry_after(response.headers()),
            }),
        }
    }

    /// Returns which addresses the links in a response may lead to. Only a server in a private
    /// network may link to private addresses. The address of the connection decides where a server
    /// is, because the name may resolve differently the next time. Behind a proxy this address is
    /// unknown, unless the URL contains it.
    fn rule_for_links(&self, url: &Url, peer: Option<SocketAddr>) -> AddressRule {
        let server = if self.clients.egress.is_proxied(url) {
            literal(url)
        } else {
            peer.map(|peer| peer.ip())
        };
        match server {
            Some(server) if !is_public(server) => AddressRule::Any,
            _ => AddressRule::Public,
        }
    }

    /// Returns the proxy that a request to this URL goes through, if there is one for it.
    pub fn proxy_for(&self, url: &Url) -> Option<&ProxyName> {
        self.clients.egress.proxy_for(url)
    }

    /// Returns the configured headers, with the bearer token as it is in its file now.
    async fn credentials(&self) -> Result<HeaderMap, FetchError> {
        let mut headers = self.headers.clone();
        if let Some(path) = self.bearer_token_file.clone() {
            // The file is read outside of the runtime: a disk that hangs must not keep other
            // issuers' keys from being fetched.
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

/// Returns the value of the `Authorization` header for a bearer token.
pub(super) fn bearer(token: Vec<u8>) -> io::Result<HeaderValue> {
    let invalid = || io::Error::from(io::ErrorKind::InvalidData);
    let token = String::from_utf8(token).map_err(|_| invalid())?;
    let mut value =
        HeaderValue::from_str(&format!("Bearer {}", token.trim())).map_err(|_| invalid())?;
    value.set_sensitive(true);
    Ok(value)
}

/// Returns a builder with the bounds of all outgoing requests, and with extra root certificates in
/// PEM.
pub(super) fn builder(
    timeout: Duration,
    extra_roots: Option<&[u8]>,
) -> Result<ClientBuilder, InvalidClient> {
    let builder = Client::builder()
        .user_agent(concat!("doorward/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        // [`Egress`] decides which requests go through a proxy, and not the environment of the
        // process.
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

/// Returns the configured headers, whose values are secret.
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
