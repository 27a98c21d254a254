//! Sends telemetry over HTTP (OTLP).

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use reqwest::Client;
use tokio::runtime::Handle;
use url::Url;

use super::client::builder;
use super::clients::build;
use super::egress::Egress;
use super::error_chain::{error_chain, transport_hint};
use super::invalid_client::InvalidClient;

const TIMEOUT: Duration = Duration::from_secs(5);

/// The HTTP transport of the OpenTelemetry exporter, with the bounds of all outgoing requests. It
/// passes on the status of a response and drops the body.
pub struct OtlpTransport {
    client: Client,
    /// The runtime for the requests: the exporter sends from a thread of its own, outside of any
    /// runtime.
    runtime: Handle,
}

impl OtlpTransport {
    /// Creates a transport to this address, through a proxy if there is one for it. Fails with
    /// [`InvalidClient`] if the proxy is not usable.
    pub fn new(to: &Url, egress: &Egress, runtime: Handle) -> Result<Self, InvalidClient> {
        let direct = builder(TIMEOUT, None)?;
        let builder = if egress.is_proxied(to) {
            egress.through_proxies(direct)?
        } else {
            direct
        };
        Ok(Self {
            client: build(builder)?,
            runtime,
        })
    }
}

#[async_trait::async_trait]
impl HttpClient for OtlpTransport {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (client, request) = (self.client.clone(), request.try_into()?);
        let response = self
            .runtime
            .spawn(async move { client.execute(request).await })
            .await?
            .map_err(with_hint)?;
        Ok(Response::builder()
            .status(response.status())
            .body(Bytes::new())?)
    }
}

fn with_hint(error: reqwest::Error) -> String {
    let text = error_chain(error);
    match transport_hint(&text) {
        Some(hint) => format!("{text} ({})", hint.text()),
        None => text,
    }
}

impl fmt::Debug for OtlpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OtlpTransport")
    }
}
