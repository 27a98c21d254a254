//! Issuer metadata (`OpenID` Connect Discovery section 3, RFC 8414 section 2).

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::document_kind::DocumentKind;
use crate::config::is_trustworthy;

/// The part of an issuer's metadata that is needed: one of its endpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Metadata {
    pub(super) endpoint: Url,
}

/// An endpoint that metadata names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// `jwks_uri`.
    Keys,
    /// `introspection_endpoint` (RFC 8414 section 2).
    Introspection,
}

impl Endpoint {
    /// Returns the name of the member.
    const fn member(self) -> &'static str {
        match self {
            Self::Keys => "jwks_uri",
            Self::Introspection => "introspection_endpoint",
        }
    }
}

/// The error for a document that is not the issuer's metadata.
#[derive(Debug, thiserror::Error)]
pub(super) enum InvalidMetadata {
    /// Not JSON, or without `issuer` and `jwks_uri`.
    #[error("not issuer metadata: found {0}")]
    Malformed(DocumentKind),
    /// It is of another issuer.
    #[error(
        "the metadata is of another issuer: expected {expected:?}, found {:?}",
        shown(found)
    )]
    OtherIssuer {
        /// The configured name.
        expected: String,
        /// The name in the document.
        found: String,
    },
    /// The endpoint is no URL, or its URL is not trustworthy. Has the name of the member.
    #[error("{0} is not an https URL")]
    Location(&'static str),
    /// The metadata is the issuer's, but does not name the endpoint.
    #[error("the metadata has no introspection_endpoint")]
    NoIntrospection,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    // Of any type: a wrong value of one must not prevent that the other is found.
    jwks_uri: Option<Value>,
    introspection_endpoint: Option<Value>,
}

impl Metadata {
    /// Reads a document that must name this issuer to the letter (`OpenID` Connect Discovery
    /// section 4.3): otherwise one issuer could pass another one's keys off as its own.
    pub(super) fn parse(
        document: &[u8],
        issuer: &str,
        endpoint: Endpoint,
        allow_http: bool,
    ) -> Result<Self, InvalidMetadata> {
        // A derived reader takes an array for an object as well.
        let malformed = || InvalidMetadata::Malformed(DocumentKind::of(document));
        if document.trim_ascii_start().first() != Some(&b'{') {
            return Err(malformed());
        }
        let metadata: Document = serde_json::from_slice(document).map_err(|_| malformed())?;
        let url = match endpoint {
            Endpoint::Keys => Some(text(metadata.jwks_uri).ok_or_else(malformed)?),
            Endpoint::Introspection => text(metadata.introspection_endpoint),
        };
        if metadata.issuer != issuer {
            return Err(InvalidMetadata::OtherIssuer {
                expected: issuer.to_owned(),
                found: metadata.issuer,
            });
        }
        let url = url.ok_or(InvalidMetadata::NoIntrospection)?;
        let location = || InvalidMetadata::Location(endpoint.member());
        let url = Url::parse(&url).map_err(|_| location())?;
        if is_trustworthy(&url, allow_http) {
            Ok(Self { endpoint: url })
        } else {
            Err(location())
        }
    }
}

fn text(value: Option<Value>) -> Option<String> {
    value.and_then(|value| value.as_str().map(str::to_owned))
}

/// Returns the start of a name, which is the document's text and may be of any length.
fn shown(name: &str) -> String {
    name.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(issuer: &str, jwks_uri: &str) -> Result<Metadata, InvalidMetadata> {
        let document =
            serde_json::json!({"issuer": issuer, "jwks_uri": jwks_uri, "other": []}).to_string();
        Metadata::parse(
            document.as_bytes(),
            "https://idp.example",
            Endpoint::Keys,
            false,
        )
    }

    #[test]
    fn an_endpoint_may_be_missing() {
        let parse = |document: &str| {
            let document = document.as_bytes();
            Metadata::parse(
                document,
                "https://idp.example",
                Endpoint::Introspection,
                false,
            )
        };
        let found = parse(
            r#"{"issuer":"https://idp.example","introspection_endpoint":"https://idp.example/i"}"#,
        );
        assert_eq!(found.unwrap().endpoint.as_str(), "https://idp.example/i");
        for (document, text) in [
            (
                r#"{"issuer":"https://idp.example","jwks_uri":"https://idp.example/j"}"#,
                "the metadata has no introspection_endpoint",
            ),
            (
                r#"{"issuer":"https://idp.example","introspection_endpoint":"http://idp.example/i"}"#,
                "introspection_endpoint is not an https URL",
            ),
        ] {
            assert_eq!(parse(document).unwrap_err().to_string(), text);
        }
    }

    #[test]
    fn the_issuer_must_match_to_the_letter() {
        assert!(parse("https://idp.example", "https://idp.example/jwks").is_ok());
        for issuer in [
            "https://idp.example/",
            "https://IDP.example",
            "https://evil.example",
        ] {
            assert!(
                matches!(
                    parse(issuer, "https://idp.example/jwks"),
                    Err(InvalidMetadata::OtherIssuer { .. })
                ),
                "{issuer}"
            );
        }
    }

    #[test]
    fn keys_come_over_https() {
        for url in [
            "http://idp.example/jwks",
            "file:///etc/passwd",
            "data:,{}",
            "gopher://x/",
            "unix:/x",
            "jwks",
        ] {
            assert!(
                matches!(
                    parse("https://idp.example", url),
                    Err(InvalidMetadata::Location(_))
                ),
                "{url}"
            );
        }
        assert!(parse("https://idp.example", "http://127.0.0.1:1/jwks").is_ok());
        assert!(matches!(
            Metadata::parse(b"<html>", "x", Endpoint::Keys, false),
            Err(InvalidMetadata::Malformed(DocumentKind::WebPage))
        ));
    }
}
