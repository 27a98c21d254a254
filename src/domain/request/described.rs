//! A request in words.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Field, ForwardedRequest, HeaderFields, OriginalRequest};

/// A request in words: what a trusted proxy would say about it, and the token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "an object")]
pub struct DescribedRequest {
    /// The token; it is put where the first of the token sources looks, which for a `query:` source
    /// takes a URI.
    pub token: Option<String>,
    /// The method.
    pub method: Option<String>,
    /// The host.
    pub host: Option<String>,
    /// Path and query.
    pub uri: Option<String>,
    /// The name of the route, as in `/policy/NAME/verify`.
    pub policy: Option<String>,
    /// Other header fields.
    pub headers: BTreeMap<String, String>,
}

/// The parts of a described request in which a token can stand.
pub struct DescribedParts {
    /// By names in lower case.
    fields: BTreeMap<String, String>,
    uri: Option<String>,
}

impl DescribedRequest {
    /// The parts, still without the token.
    pub fn parts(&self) -> DescribedParts {
        let fields = self
            .headers
            .iter()
            .map(|(name, value)| (name.to_lowercase(), value.clone()))
            .collect();
        DescribedParts {
            fields,
            uri: self.uri.clone(),
        }
    }

    /// The question of a trusted proxy that sends these parts.
    pub fn forwarded<'a>(&'a self, parts: &'a DescribedParts) -> ForwardedRequest<'a> {
        let field = |text: &'a Option<String>| {
            text.as_ref()
                .map_or(Field::Absent, |text| Field::Once(text.as_bytes()))
        };
        let original = OriginalRequest {
            method: field(&self.method),
            host: field(&self.host),
            uri: field(&parts.uri),
        };
        ForwardedRequest {
            fields: parts,
            original,
            peer_trusted: true,
            route_name: self.policy.as_deref(),
        }
    }
}

impl DescribedParts {
    /// Adds a field, in place of one of the same name.
    pub fn set_field(&mut self, name: String, value: String) {
        self.fields.insert(name, value);
    }

    /// Adds a parameter, `NAME=VALUE`, to the query of the URI if there is one.
    pub fn add_parameter(&mut self, parameter: &str) {
        if let Some(uri) = &mut self.uri {
            uri.push(if uri.contains('?') { '&' } else { '?' });
            uri.push_str(parameter);
        }
    }
}

impl HeaderFields for DescribedParts {
    fn field(&self, name: &str) -> Field<'_> {
        self.fields
            .get(name)
            .map_or(Field::Absent, |value| Field::Once(value.as_bytes()))
    }
}
