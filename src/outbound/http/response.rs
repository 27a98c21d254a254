//! Reads the response of a server, within limits.

use std::io;
use std::time::Duration;

use reqwest::Response;
use reqwest::header::{DATE, ETAG, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER};
use url::Url;

use super::address::AddressRule;
use super::clients::{BodyError, is_forbidden_address, read_body};
use super::error_chain::{error_chain, transport_hint};
use crate::domain::shown_url;
use crate::hints::Hint;

/// A successful response, with the time that it may be kept (`Cache-Control: max-age`, RFC 9111
/// section 5.2.2.1).
#[derive(Debug)]
pub struct FetchResponse {
    /// The document, or the statement that it has not changed.
    pub answer: FetchBody,
    /// The time that the document may be kept, if the response names one.
    pub max_age: Option<Duration>,
    /// The addresses that links in the document may lead to.
    pub links: AddressRule,
}

/// The document, or the statement that it has not changed.
#[derive(Debug)]
pub enum FetchBody {
    /// Status 200: the complete body, and its version.
    Document(Vec<u8>, Option<EntityTag>),
    /// Status 304: the known version is still current (RFC 9110 section 15.4.5).
    NotModified,
}

/// The version of a document, as its server names it (`ETag`, RFC 9110 section 8.8.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityTag(pub(super) HeaderValue);

/// The reason why a document was not fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The connection failed, was broken or too slow, or the certificate is bad.
    #[error("{0}")]
    Transport(String),
    /// The response has another status. Redirects are not followed, so they belong here.
    #[error("status {status}{}", destination(location.as_deref()))]
    Status {
        /// The status of the response.
        status: u16,
        /// The target of a redirect, as it may be shown.
        location: Option<String>,
        /// The time after which to try again, as the server asks (RFC 9110 section 10.2.3).
        retry_after: Option<Duration>,
    },
    /// The body is larger than what is read.
    #[error("the body is larger than 512 KiB")]
    TooLarge,
    /// The request may not go to this address.
    #[error("the address is not a public one")]
    Address,
    /// The configured bearer token cannot be read.
    #[error("cannot read the bearer token file: {0}")]
    BearerToken(io::Error),
}

impl FetchError {
    /// Returns what may help, whatever document was asked for.
    pub fn hint(&self) -> Option<Hint> {
        match self {
            Self::Transport(text) => transport_hint(text),
            Self::Status { status, .. } => match status {
                300..=399 => Some(Hint::Redirected),
                401 | 403 => Some(Hint::NotAllowed),
                429 | 500.. => Some(Hint::ServerFails),
                _ => None,
            },
            Self::TooLarge => None,
            Self::Address => Some(Hint::PrivateAddress),
            Self::BearerToken(_) => Some(Hint::BearerTokenFile),
        }
    }
}

fn destination(location: Option<&str>) -> String {
    location.map_or_else(String::new, |location| format!(" to {location}"))
}

/// Returns where a redirect leads, without what may be secret in it.
pub(super) fn location(from: &Url, headers: &HeaderMap) -> Option<String> {
    let location = headers.get(LOCATION)?.to_str().ok()?;
    from.join(location).ok().map(|url| shown_url(&url))
}

/// Reads a body. Fails with [`FetchError::TooLarge`] if it has more than [`MAX_BODY_BYTES`].
pub(super) async fn body(response: Response) -> Result<Vec<u8>, FetchError> {
    let body = read_body(response, MAX_BODY_BYTES).await;
    body.map_err(|error| match error {
        BodyError::TooLarge => FetchError::TooLarge,
        BodyError::Transport(error) => transport(error),
    })
}

/// Returns the version of the document, if it is not too long to be sent back.
pub(super) fn entity_tag(headers: &HeaderMap) -> Option<EntityTag> {
    headers
        .get(ETAG)
        .filter(|tag| tag.len() <= MAX_ENTITY_TAG_BYTES)
        .cloned()
        .map(EntityTag)
}

/// Returns the time after which to try again (`Retry-After`, RFC 9110 section 10.2.3): a number of
/// seconds, or a date, which is compared with the server's own `Date`.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok();
    let date = |text| httpdate::parse_http_date(text).ok();
    let value = text(RETRY_AFTER)?.trim();
    match value.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => date(value)?.duration_since(date(text(DATE)?)?).ok(),
    }
}

/// Returns the time that a response may be kept: the smallest `max-age` of `Cache-Control`.
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

/// Converts an error of the library, in which a forbidden address is recognised.
pub(super) fn transport(error: reqwest::Error) -> FetchError {
    if is_forbidden_address(&error) {
        return FetchError::Address;
    }
    FetchError::Transport(error_chain(error))
}

/// The largest size of a body, counted after decompression; a larger one is refused.
pub(super) const MAX_BODY_BYTES: usize = 512 * 1024;

/// The largest length of a version that is sent back.
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
    fn retry_after_is_in_seconds_or_a_date() {
        let date = ("date", "Sun, 22 Nov 2026 20:00:00 GMT");
        for (value, seconds) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("Sun, 22 Nov 2026 20:01:30 GMT", Some(90)),
            ("Sun, 22 Nov 2026 19:00:00 GMT", None),
            ("-1", None),
            ("soon", None),
            ("99999999999999999999", None),
        ] {
            let found = retry_after(&headers(&[date, ("retry-after", value)]));
            assert_eq!(found, seconds.map(Duration::from_secs), "{value}");
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
    fn the_smallest_max_age_counts() {
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
