//! Issuer metadata (`OpenID` Connect Discovery section 3, RFC 8414 section 2).

use serde::Deserialize;
use url::Url;

use super::document_kind::DocumentKind;
use crate::config::is_trustworthy;

/// The part of an issuer's metadata that is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Metadata {
    pub(super) jwks_uri: Url,
}

/// Why a document is not the issuer's metadata.
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
    /// Keys from a place that we do not fetch from.
    #[error("jwks_uri is not an https URL")]
    Location,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    jwks_uri: String,
}

impl Metadata {
    /// Reads a document that must name this issuer to the letter (`OpenID` Connect Discovery
    /// section 4.3): otherwise one issuer could pass another one's keys off as its own.
    pub(super) fn parse(
        document: &[u8],
        issuer: &str,
        allow_http: bool,
    ) -> Result<Self, InvalidMetadata> {
        // A derived reader takes an array for an object as well.
        let malformed = || InvalidMetadata::Malformed(DocumentKind::of(document));
        if document.trim_ascii_start().first() != Some(&b'{') {
            return Err(malformed());
        }
        let metadata: Document = serde_json::from_slice(document).map_err(|_| malformed())?;
        if metadata.issuer != issuer {
            return Err(InvalidMetadata::OtherIssuer {
                expected: issuer.to_owned(),
                found: metadata.issuer,
            });
        }
        let jwks_uri = Url::parse(&metadata.jwks_uri).map_err(|_| InvalidMetadata::Location)?;
        if is_trustworthy(&jwks_uri, allow_http) {
            Ok(Self { jwks_uri })
        } else {
            Err(InvalidMetadata::Location)
        }
    }
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
        Metadata::parse(document.as_bytes(), "https://idp.example", false)
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
                    Err(InvalidMetadata::Location)
                ),
                "{url}"
            );
        }
        assert!(parse("https://idp.example", "http://127.0.0.1:1/jwks").is_ok());
        assert!(matches!(
            Metadata::parse(b"<html>", "x", false),
            Err(InvalidMetadata::Malformed(DocumentKind::WebPage))
        ));
    }
}
