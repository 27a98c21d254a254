//! A request in words, for whoever wants to know what would become of it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Gate, Transcript};
use crate::domain::{Field, ForwardedRequest, HeaderFields, Original};

/// A request in words: what a trusted proxy would say about it, and the token.
#[derive(Default, Deserialize)]
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

/// Fields with names in lower case.
struct Fields(BTreeMap<String, String>);

impl HeaderFields for Fields {
    fn field(&self, name: &str) -> Field<'_> {
        self.0.get(name).map_or(Field::Absent, |value| Field::Once(value.as_bytes()))
    }
}

impl Gate {
    /// Tells how a decision about such a request comes about.
    pub async fn explain_described(&self, described: &DescribedRequest) -> Transcript {
        let mut fields =
            Fields(described.headers.iter().map(|(name, value)| (name.to_lowercase(), value.clone())).collect());
        if let Some(token) = &described.token {
            let without_token = described.forwarded(&fields);
            // Where no way is found nobody looks for a token.
            let place = self.policy.way(&without_token).ok().and_then(|way| way.rules.sources.place(token));
            fields.0.extend(place);
        }
        self.explain(&described.forwarded(&fields)).await
    }
}

impl DescribedRequest {
    fn forwarded<'a>(&'a self, fields: &'a Fields) -> ForwardedRequest<'a> {
        let field = |text: &'a Option<String>| text.as_ref().map_or(Field::Absent, |text| Field::Once(text.as_bytes()));
        let original = Original { method: field(&self.method), host: field(&self.host), uri: field(&self.uri) };
        ForwardedRequest { fields, original, peer_trusted: true, route_name: self.policy.as_deref() }
    }
}
