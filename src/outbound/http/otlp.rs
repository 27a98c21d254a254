//! Delivers what is of use to others.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use reqwest::Client;
use tokio::runtime::Handle;
use url::Url;

use super::client::{build, builder};
use super::egress::Egress;
use super::error_chain::error_chain;
use super::invalid_client::InvalidClient;

const TIMEOUT: Duration = Duration::from_secs(5);

/// Delivers what is of use to others, within the bounds of everything that leaves the service. Of
/// the answer it takes the status.
pub struct OtlpTransport {
    client: Client,
    /// Where requests run: whoever hands them over does so from a thread of its own.
    runtime: Handle,
}

impl OtlpTransport {
    /// One that delivers to this address, by way of a proxy if there is one for it.
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
        let answer = self
            .runtime
            .spawn(async move { client.execute(request).await })
            .await?
            .map_err(error_chain)?;
        Ok(Response::builder()
            .status(answer.status())
            .body(Bytes::new())?)
    }
}

impl fmt::Debug for OtlpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OtlpTransport")
    }
}
