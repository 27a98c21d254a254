//! A request in words, for whoever wants to know what would become of it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Gate, Transcript};
use crate::domain::{Field, ForwardedRequest, HeaderFields, Original};
use crate::extract::TokenPlace;

/// A request in words: what a trusted proxy would say about it, and the token.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "an object")]
pub struct DescribedRequest {
    /// The token; it is put where the first of the token sources looks, which for a `query:` source takes a URI.
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
        let mut uri = described.uri.clone();
        if let Some(token) = &described.token {
            let without_token = described.forwarded(&fields, uri.as_ref());
            // Where no way is found nobody looks for a token.
            match self.policy.way(&without_token).ok().and_then(|way| way.rules.sources.place(token)) {
                Some(TokenPlace::Field(name, value)) => drop(fields.0.insert(name, value)),
                Some(TokenPlace::Parameter(parameter)) => uri = uri.map(|uri| with_parameter(&uri, &parameter)),
                None => {}
            }
        }
        self.explain(&described.forwarded(&fields, uri.as_ref())).await
    }
}

impl DescribedRequest {
    /// The request with these fields and this URI.
    fn forwarded<'a>(&'a self, fields: &'a Fields, uri: Option<&'a String>) -> ForwardedRequest<'a> {
        let field = |text: Option<&'a String>| text.map_or(Field::Absent, |text| Field::Once(text.as_bytes()));
        let (method, host) = (field(self.method.as_ref()), field(self.host.as_ref()));
        let original = Original { method, host, uri: field(uri) };
        ForwardedRequest { fields, original, peer_trusted: true, route_name: self.policy.as_deref() }
    }
}

fn with_parameter(uri: &str, parameter: &str) -> String {
    let separator = if uri.contains('?') { '&' } else { '?' };
    format!("{uri}{separator}{parameter}")
}
