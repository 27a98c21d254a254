//! A request that is described by its values.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{ClientSource, Field, ForwardedRequest, HeaderFields, OriginalRequest};

/// A request as an operator describes it: what a trusted proxy would report about it, and the
/// token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "an object")]
pub struct DescribedRequest {
    /// The token. It is put where the first token source looks; for a `query:` source this requires
    /// a URI.
    pub token: Option<String>,
    /// The method.
    pub method: Option<String>,
    /// The host.
    pub host: Option<String>,
    /// The path and the query.
    pub uri: Option<String>,
    /// The name of the route, as in `/policy/NAME/verify`.
    pub policy: Option<String>,
    /// The other header fields.
    pub headers: BTreeMap<String, String>,
    /// `true` if other services may be asked for an explanation.
    pub online: bool,
}

/// The parts of a described request that may carry a token: its header fields and its URI.
pub struct DescribedParts {
    /// The values by field name in lower case.
    fields: BTreeMap<String, String>,
    uri: Option<String>,
}

impl DescribedRequest {
    /// Returns the parts, without the token.
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

    /// Returns the request as a trusted proxy would forward it with these parts.
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
            client: ClientSource::Unknown,
        }
    }
}

impl DescribedParts {
    /// Sets a header field, replacing one of the same name. `name` must be in lower case.
    pub fn set_field(&mut self, name: String, value: String) {
        self.fields.insert(name, value);
    }

    /// Appends a parameter, `NAME=VALUE`, to the query of the URI; does nothing without a URI.
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
