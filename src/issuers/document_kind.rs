//! The kind of a document that is not the expected one.

use std::fmt;

use serde_json::Value;

/// The kind of a document, as far as it shows that an address is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DocumentKind {
    /// No bytes, or only white space.
    Empty,
    /// HTML.
    WebPage,
    /// An object with `keys`.
    KeySet,
    /// An object with `jwks_uri`.
    Metadata,
    /// Any other JSON object.
    OtherObject,
    /// Anything else.
    NoObject,
}

impl DocumentKind {
    /// Returns what this document seems to be.
    pub(super) fn of(document: &[u8]) -> Self {
        let text = document.trim_ascii();
        if text.is_empty() {
            return Self::Empty;
        }
        if text.starts_with(b"<") {
            return Self::WebPage;
        }
        match serde_json::from_slice(text) {
            Ok(Value::Object(object)) if object.get("keys").is_some_and(Value::is_array) => {
                Self::KeySet
            }
            Ok(Value::Object(object)) if object.contains_key("jwks_uri") => Self::Metadata,
            Ok(Value::Object(_)) => Self::OtherObject,
            _ => Self::NoObject,
        }
    }
}

impl fmt::Display for DocumentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "an empty body",
            Self::WebPage => "a web page",
            Self::KeySet => "a key set",
            Self::Metadata => "issuer metadata",
            Self::OtherObject => "another JSON object",
            Self::NoObject => "no JSON object",
        })
    }
}
