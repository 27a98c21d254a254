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
    /// The one for clients with a certificate, if it is another (RFC 8705 section 5).
    IntrospectionByCertificate,
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
    mtls_endpoint_aliases: Option<Value>,
}

impl Document {
    /// Returns the name of the member that has the endpoint, and its value.
    fn locate(self, endpoint: Endpoint) -> (&'static str, Option<Value>) {
        let usual = ("introspection_endpoint", self.introspection_endpoint);
        match endpoint {
            Endpoint::Keys => ("jwks_uri", self.jwks_uri),
            Endpoint::Introspection => usual,
            // An alias that cannot be used is an error: the usual endpoint asks for no certificate.
            Endpoint::IntrospectionByCertificate => match alias(self.mtls_endpoint_aliases) {
                None => usual,
                alias => ("introspection_endpoint of mtls_endpoint_aliases", alias),
            },
        }
    }
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
        if endpoint == Endpoint::Keys && !metadata.jwks_uri.as_ref().is_some_and(Value::is_string) {
            return Err(malformed());
        }
        if metadata.issuer != issuer {
            return Err(InvalidMetadata::OtherIssuer {
                expected: issuer.to_owned(),
                found: metadata.issuer,
            });
        }
        let (member, value) = metadata.locate(endpoint);
        let value = value.ok_or(InvalidMetadata::NoIntrospection)?;
        let url = value.as_str().and_then(|text| Url::parse(text).ok());
        let url = url.filter(|url| is_trustworthy(url, allow_http));
        url.map(|endpoint| Self { endpoint })
            .ok_or(InvalidMetadata::Location(member))
    }
}

/// Returns the introspection endpoint among these aliases. If they are no object, it is no text.
fn alias(aliases: Option<Value>) -> Option<Value> {
    match aliases? {
        Value::Object(mut aliases) => aliases
            .remove("introspection_endpoint")
            .filter(|alias| !alias.is_null()),
        _ => Some(Value::Null),
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
    fn a_client_with_a_certificate_has_an_endpoint_of_its_own() {
        let parse = |aliases: Value, endpoint: Endpoint| {
            let document = serde_json::json!({
                "issuer": "https://idp.example",
                "introspection_endpoint": "https://idp.example/i",
                "mtls_endpoint_aliases": aliases,
            });
            let document = document.to_string();
            Metadata::parse(document.as_bytes(), "https://idp.example", endpoint, false)
                .map(|metadata| metadata.endpoint.to_string())
                .map_err(|error| error.to_string())
        };
        let of = |alias: Value| serde_json::json!({"introspection_endpoint": alias});
        let alias = of("https://mtls.idp.example/i".into());
        for (aliases, expected) in [
            (alias.clone(), "https://mtls.idp.example/i"),
            (of(Value::Null), "https://idp.example/i"),
            (Value::Null, "https://idp.example/i"),
            (
                serde_json::json!({"token_endpoint": "https://mtls.idp.example/t"}),
                "https://idp.example/i",
            ),
        ] {
            let found = parse(aliases.clone(), Endpoint::IntrospectionByCertificate);
            assert_eq!(found.as_deref(), Ok(expected), "{aliases}");
        }
        for aliases in [
            of(1.into()),
            of("http://mtls.idp.example/i".into()),
            "https://mtls.idp.example/i".into(),
            1.into(),
        ] {
            let found = parse(aliases.clone(), Endpoint::IntrospectionByCertificate);
            let expected = "introspection_endpoint of mtls_endpoint_aliases is not an https URL";
            assert_eq!(found, Err(expected.to_owned()), "{aliases}");
        }
        let usual = parse(alias, Endpoint::Introspection);
        assert_eq!(usual.as_deref(), Ok("https://idp.example/i"));
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
