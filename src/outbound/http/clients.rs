//! The clients of one party, and which of them a request takes.

use reqwest::{Client, ClientBuilder, Response};
use url::Url;

use super::address::{AddressRule, NoPermittedAddress, Resolver};
use super::egress::Egress;
use super::invalid_client::{InvalidClient, invalid};

/// The clients of one party: one for each way that a request may take.
///
/// Public addresses have a client of their own because connections are reused: a connection of
/// another client may lead to any address.
pub(super) struct Clients {
    /// The client for direct requests to any address.
    anywhere: Client,
    /// The client for direct requests to public addresses.
    public_only: Client,
    /// The client for requests through a proxy.
    proxied: Client,
    pub(super) egress: Egress,
}

/// The error for an address that a request must not go to.
pub(super) struct ForbiddenAddress;

/// The reasons why a body could not be read.
pub(super) enum BodyError {
    /// The body has more bytes than may be read.
    TooLarge,
    /// The connection failed.
    Transport(reqwest::Error),
}

impl Clients {
    /// Creates the clients, each with a builder of its own. Fails with [`InvalidClient`] if the
    /// certificates or the proxies are not usable.
    pub(super) fn new(
        egress: Egress,
        builder: impl Fn() -> Result<ClientBuilder, InvalidClient>,
    ) -> Result<Self, InvalidClient> {
        Ok(Self {
            anywhere: build(builder()?)?,
            public_only: build(builder()?.dns_resolver(Resolver::new(AddressRule::Public)))?,
            proxied: build(egress.through_proxies(builder()?)?)?,
            egress,
        })
    }

    /// Returns the client for a request to this URL. Fails with [`ForbiddenAddress`] if the URL
    /// itself has an address that the rule forbids. A name is checked when it is resolved, and
    /// behind a proxy by nobody: the proxy resolves it.
    pub(super) fn for_request(
        &self,
        url: &Url,
        rule: AddressRule,
    ) -> Result<&Client, ForbiddenAddress> {
        if !rule.permits_literal(url) {
            return Err(ForbiddenAddress);
        }
        Ok(match rule {
            _ if self.egress.is_proxied(url) => &self.proxied,
            AddressRule::Any => &self.anywhere,
            AddressRule::Public => &self.public_only,
        })
    }
}

/// Builds a client.
pub(super) fn build(builder: ClientBuilder) -> Result<Client, InvalidClient> {
    builder.build().map_err(invalid)
}

/// Returns whether a request failed because a name led to forbidden addresses only.
pub(super) fn is_forbidden_address(error: &reqwest::Error) -> bool {
    let first: &dyn std::error::Error = error;
    std::iter::successors(Some(first), |cause| cause.source())
        .any(<dyn std::error::Error>::is::<NoPermittedAddress>)
}

/// Reads a body of at most `max_bytes`, counted after decompression.
pub(super) async fn read_body(
    mut response: Response,
    max_bytes: usize,
) -> Result<Vec<u8>, BodyError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(BodyError::Transport)? {
        if body.len() + chunk.len() > max_bytes {
            return Err(BodyError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
