//! The HTTP client that posts forms to one party.

use std::fmt;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Identity, Response};
use url::Url;

use super::address::AddressRule;
use super::client::builder;
use super::clients::{BodyError, Clients, ForbiddenAddress, is_forbidden_address, read_body};
use super::egress::Egress;
use super::error_chain::{error_chain, transport_hint};
use super::invalid_client::{InvalidClient, invalid};
use super::response::location;
use crate::config::FetchSettings;
use crate::hints::Hint;

/// An HTTP client that posts forms to one party, and follows no redirects: they would carry what is
/// in the form to another one.
pub struct FormClient {
    clients: Clients,
}

/// The certificate of a client and its private key, both in PEM.
pub struct ClientIdentity<'a> {
    /// The certificate, and those between it and the authority.
    pub certificate: &'a [u8],
    /// The private key of the first certificate.
    pub key: &'a [u8],
}

/// A form for one party.
pub struct FormRequest<'a> {
    /// The URL to which the form is posted.
    pub url: &'a Url,
    /// The addresses that the request may go to.
    pub rule: AddressRule,
    /// The media type of the answer.
    pub accept: &'static str,
    /// The value of the `Authorization` field, which is a secret.
    pub authorization: Option<String>,
    /// The form, encoded (`application/x-www-form-urlencoded`).
    pub form: String,
}

/// The answer to a form.
#[derive(Debug)]
pub struct FormResponse {
    /// The status.
    pub status: u16,
    /// The body of an answer with status 200, within its limit; of any other answer it is not read.
    pub body: Vec<u8>,
    /// The target of a redirect, as it may be shown.
    pub location: Option<String>,
}

/// The reason why there is no answer. Its text has neither the form nor a secret.
#[derive(Debug)]
pub struct FormError {
    /// The kind of the failure.
    pub kind: FormErrorKind,
    text: String,
}

/// The kind of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormErrorKind {
    /// No connection.
    Connect,
    /// No secure connection.
    Tls,
    /// No answer in time.
    Timeout,
    /// An answer that cannot be read, or is too large.
    Unreadable,
}

impl FormClient {
    /// Creates a client that shows this certificate, if there is one. Reads the system's
    /// certificates from the disk, so it must not be called on a runtime's thread.
    ///
    /// Fails with [`InvalidClient`] if the certificates or the proxies are not usable.
    pub fn new(
        settings: &FetchSettings,
        timeout: Duration,
        identity: Option<&ClientIdentity<'_>>,
        egress: Egress,
    ) -> Result<Self, InvalidClient> {
        let pem = identity.map(|identity| [identity.certificate, b"\n", identity.key].concat());
        let builder = || {
            let builder = builder(timeout, settings.extra_roots.as_deref())?;
            Ok(match &pem {
                Some(pem) => builder.identity(Identity::from_pem(pem).map_err(invalid)?),
                None => builder,
            })
        };
        Ok(Self {
            clients: Clients::new(egress, builder)?,
        })
    }

    /// Posts a form. Reads at most `max_bytes` of the body.
    pub async fn post(
        &self,
        request: FormRequest<'_>,
        max_bytes: usize,
    ) -> Result<FormResponse, FormError> {
        let client = self.clients.for_request(request.url, request.rule);
        let client = client.map_err(|ForbiddenAddress| FormError::address())?;
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(request.accept));
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(CONTENT_TYPE, form);
        if let Some(authorization) = &request.authorization {
            let mut secret = HeaderValue::from_str(authorization).map_err(|_| FormError {
                kind: FormErrorKind::Unreadable,
                text: "the credentials do not fit into a header field".to_owned(),
            })?;
            secret.set_sensitive(true);
            headers.insert(AUTHORIZATION, secret);
        }
        let posted = client.post(request.url.clone()).headers(headers);
        let response = posted.body(request.form).send().await.map_err(transport)?;
        let status = response.status().as_u16();
        let location = location(request.url, response.headers());
        let body = match status {
            200 => body(response, max_bytes).await?,
            _ => Vec::new(),
        };
        Ok(FormResponse {
            status,
            body,
            location,
        })
    }

    /// Returns the proxy that a request to this URL goes through, if there is one for it.
    pub fn proxy_for(&self, url: &Url) -> Option<String> {
        self.clients.egress.proxy_for(url).map(ToString::to_string)
    }
}

impl FormError {
    /// Returns what may help.
    pub fn hint(&self) -> Option<Hint> {
        transport_hint(&self.text)
    }

    fn address() -> Self {
        Self {
            kind: FormErrorKind::Connect,
            text: "the address is not a public one".to_owned(),
        }
    }
}

impl fmt::Display for FormError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for FormError {}

async fn body(response: Response, max_bytes: usize) -> Result<Vec<u8>, FormError> {
    let body = read_body(response, max_bytes).await;
    body.map_err(|error| match error {
        BodyError::TooLarge => FormError {
            kind: FormErrorKind::Unreadable,
            text: format!("the body is larger than {} KiB", max_bytes >> 10),
        },
        BodyError::Transport(error) => transport(error),
    })
}

fn transport(error: reqwest::Error) -> FormError {
    if is_forbidden_address(&error) {
        return FormError::address();
    }
    let (is_timeout, is_connect) = (error.is_timeout(), error.is_connect());
    let text = error_chain(error);
    let kind = match () {
        () if is_timeout => FormErrorKind::Timeout,
        () if is_connect && is_about_tls(&text) => FormErrorKind::Tls,
        () if is_connect => FormErrorKind::Connect,
        () => FormErrorKind::Unreadable,
    };
    FormError { kind, text }
}

/// Returns `true` if the text of an error is one of the TLS library.
fn is_about_tls(text: &str) -> bool {
    [
        "certificate",
        "InvalidContentType",
        "Handshake",
        "alert",
        "tls",
    ]
    .iter()
    .any(|word| text.contains(word))
}
