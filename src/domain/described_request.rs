//! A request in words.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Field, ForwardedRequest, HeaderFields, Original};

/// A request in words: what a trusted proxy would say about it, and the token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "an object")]
pub struct DescribedRequest {
    /// The token; it is put where the first of the token sources looks.
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

/// Header fields of a described request, with names in lower case.
pub struct DescribedFields(BTreeMap<String, String>);

impl DescribedRequest {
    /// Its header fields without the token.
    pub fn fields(&self) -> DescribedFields {
        DescribedFields(self.headers.iter().map(|(name, value)| (name.to_lowercase(), value.clone())).collect())
    }

    /// The question of a trusted proxy that sends these fields.
    pub fn forwarded<'a>(&'a self, fields: &'a DescribedFields) -> ForwardedRequest<'a> {
        let field = |text: &'a Option<String>| text.as_ref().map_or(Field::Absent, |text| Field::Once(text.as_bytes()));
        let original = Original { method: field(&self.method), host: field(&self.host), uri: field(&self.uri) };
        ForwardedRequest { fields, original, peer_trusted: true, route_name: self.policy.as_deref() }
    }
}

impl DescribedFields {
    /// Adds a field, in place of one of the same name.
    pub fn set(&mut self, name: String, value: String) {
        self.0.insert(name, value);
    }
}

impl HeaderFields for DescribedFields {
    fn field(&self, name: &str) -> Field<'_> {
        self.0.get(name).map_or(Field::Absent, |value| Field::Once(value.as_bytes()))
    }
}
