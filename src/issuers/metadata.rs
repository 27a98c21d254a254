//! Fetching an issuer's metadata.

use std::time::Duration;

use tokio::time::Instant;
use url::Url;

use super::discovery::{Endpoint, InvalidMetadata, Metadata};
use super::document_kind::DocumentKind;
use super::fetch_failure::{Asked, FetchFailure, FetchProblem};
use crate::config::FetchSettings;
use crate::outbound::{AddressRule, FetchBody, FetchRequest, FetchResponse, HttpClient};

/// Finds an endpoint by the metadata of an issuer.
pub(super) struct Discovery<'a> {
    /// The client for the metadata.
    pub(super) client: &'a HttpClient,
    /// The rules of fetching.
    pub(super) settings: &'a FetchSettings,
    /// The endpoint.
    pub(super) endpoint: Endpoint,
}

impl Discovery<'_> {
    /// Returns the endpoint by the first document that is the issuer's, and the addresses that it
    /// may be at. If there is none, fails with the first failure: it is of the place where nearly
    /// every issuer has its metadata.
    pub(super) async fn first_of(
        &self,
        issuer: &str,
        documents: &[Url],
        started: Instant,
    ) -> Result<(Url, AddressRule), FetchFailure> {
        let mut first_failure = None;
        for (position, document) in documents.iter().enumerate() {
            let until = started + patience(self.settings.timeout, documents.len() - position - 1);
            match self.metadata(issuer, document, until, started).await {
                Ok(found) => return Ok(found),
                Err(problem) => {
                    let proxy = self.client.proxy_for(document).map(ToString::to_string);
                    let asked = Asked::Metadata(issuer);
                    let failure = || FetchFailure::of_request(asked, document, proxy, problem);
                    first_failure = first_failure.or_else(|| Some(failure()));
                }
            }
        }
        Err(first_failure.unwrap_or_else(|| FetchFailure::without_url()))
    }

    async fn metadata(
        &self,
        issuer: &str,
        document: &Url,
        until: Instant,
        started: Instant,
    ) -> Result<(Url, AddressRule), FetchProblem> {
        let ask = FetchRequest {
            url: document,
            rule: AddressRule::Any,
            with_credentials: true,
            known: None,
        };
        let fetched = get(self.client, ask, until, started).await?;
        let FetchBody::Document(body, _) = fetched.answer else {
            return Err(InvalidMetadata::Malformed(DocumentKind::Empty).into());
        };
        let allow_http = self.settings.allow_insecure_http;
        let metadata = Metadata::parse(&body, issuer, self.endpoint, allow_http)?;
        let rule = if self.settings.allow_private {
            AddressRule::Any
        } else {
            fetched.links
        };
        Ok((metadata.endpoint, rule))
    }
}

/// Makes one request, which has to end in time.
pub(super) async fn get(
    client: &HttpClient,
    ask: FetchRequest<'_>,
    until: Instant,
    started: Instant,
) -> Result<FetchResponse, FetchProblem> {
    match tokio::time::timeout_at(until, client.get(ask)).await {
        Ok(fetched) => Ok(fetched?),
        Err(_) => Err(FetchProblem::TimedOut(until - started)),
    }
}

/// Returns the longest time, from the start of a fetch, for one document if this many others may have
/// to follow. A tenth of the timeout is kept for each of the others, and a fifth for the keys, whose
/// URL may be known from before.
fn patience(timeout: Duration, others: usize) -> Duration {
    let tenths = 8_u32.saturating_sub(others.try_into().unwrap_or(u32::MAX));
    timeout / 10 * tenths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_may_take_what_is_left() {
        let timeout = Duration::from_secs(5);
        let tried = [1, 0].map(|others| patience(timeout, others).as_millis());
        assert_eq!(tried, [3500, 4000]);
        assert_eq!(patience(timeout, 100), Duration::ZERO);
    }
}
