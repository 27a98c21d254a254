//! What a server answered, as far as it is read.

use std::io;
use std::time::Duration;

use reqwest::Response;
use reqwest::header::{DATE, ETAG, HeaderMap, HeaderValue, RETRY_AFTER};

use super::address::{AddressRule, NoPermittedAddress};
use super::error_chain::error_chain;

/// A good answer, and how long it may be kept, as it says itself (`Cache-Control: max-age`, RFC
/// 9111 section 5.2.2.1).
#[derive(Debug)]
pub struct FetchResponse {
    /// What was answered.
    pub answer: FetchBody,
    /// How long it may be kept.
    pub max_age: Option<Duration>,
    /// Which addresses a link in it may lead to.
    pub links: AddressRule,
}

/// What was answered.
#[derive(Debug)]
pub enum FetchBody {
    /// Status 200: the body, complete, and its version.
    Document(Vec<u8>, Option<EntityTag>),
    /// Status 304: the version that was asked about is still the one (RFC 9110 section 15.4.5).
    NotModified,
}

/// The version of a document, as its server calls it (`ETag`, RFC 9110 section 8.8.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityTag(pub(super) HeaderValue);

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

pub(super) async fn body(mut response: Response) -> Result<Vec<u8>, FetchError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(transport)? {
        if body.len() + chunk.len() > MAX_BODY_BYTES {
            return Err(FetchError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

pub(super) fn entity_tag(headers: &HeaderMap) -> Option<EntityTag> {
    headers
        .get(ETAG)
        .filter(|tag| tag.len() <= MAX_ENTITY_TAG_BYTES)
        .cloned()
        .map(EntityTag)
}

/// A number of seconds, or a date, which is taken by the server's own clock.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok();
    let date = |text| httpdate::parse_http_date(text).ok();
    let asked = text(RETRY_AFTER)?.trim();
    match asked.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => date(asked)?.duration_since(date(text(DATE)?)?).ok(),
    }
}

pub(super) fn max_age(headers: &HeaderMap) -> Option<Duration> {
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

pub(super) fn transport(error: reqwest::Error) -> FetchError {
    let causes = std::iter::successors(std::error::Error::source(&error), |cause| cause.source());
    if causes
        .into_iter()
        .any(<dyn std::error::Error>::is::<NoPermittedAddress>)
    {
        return FetchError::Address;
    }
    FetchError::Transport(error_chain(error))
}

/// A longer body is refused, counted after decompression.
pub(super) const MAX_BODY_BYTES: usize = 512 * 1024;

/// A longer version is not sent back.
pub(super) const MAX_ENTITY_TAG_BYTES: usize = 1024;

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderName;

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
