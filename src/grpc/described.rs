//! The client's request as Envoy describes it: `attributes.request.http` of a `CheckRequest`.

use envoy_types::ext_authz::v3::pb::{CheckRequest, HeaderValue};
use envoy_types::pb::envoy::config::core::v3::address::Address;
use envoy_types::pb::envoy::service::auth::v3::attribute_context::{HttpRequest, Peer};

use crate::domain::{ClientSource, Field, HeaderFields, OriginalRequest};

/// The key of `context_extensions` under which a route of Envoy names a route of doorward.
const POLICY: &str = "policy";

/// The client's request as Envoy describes it. Everything is absent if Envoy describes none.
pub(super) struct Described<'a> {
    http: Option<&'a HttpRequest>,
    route_name: Option<&'a str>,
    client: Option<&'a str>,
}

impl<'a> Described<'a> {
    pub(super) fn of(request: &'a CheckRequest) -> Self {
        let attributes = request.attributes.as_ref();
        let http = attributes.and_then(|attributes| attributes.request.as_ref()?.http.as_ref());
        let route_name =
            attributes.and_then(|attributes| attributes.context_extensions.get(POLICY));
        Self {
            http,
            route_name: route_name.map(String::as_str),
            client: attributes.and_then(|attributes| address(attributes.source.as_ref()?)),
        }
    }

    /// Returns the name of the route that Envoy's configuration asks for.
    pub(super) const fn route_name(&self) -> Option<&'a str> {
        self.route_name
    }

    /// Returns where the address of the client is: Envoy's own peer, and the list to which Envoy
    /// has appended it.
    pub(super) const fn client(&self) -> ClientSource<'a> {
        ClientSource::Attribute {
            address: self.client,
            list: "x-forwarded-for",
        }
    }

    /// Returns method, host, and path with query, exactly as Envoy states them.
    pub(super) fn original(&self) -> OriginalRequest<'a> {
        let Some(http) = self.http else {
            return OriginalRequest::UNKNOWN;
        };
        // Envoy leaves both empty and has the query in the path. If one is not empty, the path is
        // incomplete.
        let is_whole = http.query.is_empty() && http.fragment.is_empty();
        OriginalRequest {
            method: attribute_or(&http.method, values(http, ":method")),
            host: attribute_or(&http.host, values(http, ":authority")),
            uri: if is_whole {
                attribute_or(&http.path, values(http, ":path"))
            } else {
                Field::Repeated
            },
        }
    }
}

impl HeaderFields for Described<'_> {
    fn field(&self, name: &str) -> Field<'_> {
        // A pseudo-header field is not a header field (RFC 9113 section 8.3).
        let http = self.http.filter(|_| !name.starts_with(':'));
        http.map_or(Field::Absent, |http| values(http, name))
    }

    fn lines(&self, name: &str) -> Option<Vec<&[u8]>> {
        let Some(map) = self.http.and_then(|http| http.header_map.as_ref()) else {
            // Envoy has joined the lines. If the name comes in two spellings, their order is not
            // known.
            return match self.field(name) {
                Field::Absent => Some(Vec::new()),
                Field::Once(list) => Some(vec![list]),
                Field::Repeated => None,
            };
        };
        let lines = map
            .headers
            .iter()
            .filter(|line| line.key.eq_ignore_ascii_case(name));
        lines
            .map(|own| {
                if let Field::Once(value) = Field::of(line(own)) {
                    Some(value)
                } else {
                    None
                }
            })
            .collect()
    }
}

/// Returns the address of a peer as text; nothing for a unix socket.
fn address(peer: &Peer) -> Option<&str> {
    match peer.address.as_ref()?.address.as_ref()? {
        Address::SocketAddress(socket) => Some(&socket.address),
        Address::Pipe(_) | Address::EnvoyInternalAddress(_) => None,
    }
}

/// Returns the value of an attribute.
///
/// Envoy also sends it as a pseudo-header field. That field has every byte, while in the attribute
/// the bytes that are not UTF-8 are replaced. If the two differ, the request that would be decided
/// is not the one that will be served, so the value is [`Field::Repeated`].
fn attribute_or<'a>(attribute: &'a str, pseudo: Field<'a>) -> Field<'a> {
    match pseudo {
        Field::Once(same) if same != attribute.as_bytes() => Field::Repeated,
        Field::Repeated => Field::Repeated,
        Field::Once(_) | Field::Absent if attribute.is_empty() => Field::Absent,
        Field::Once(_) | Field::Absent => Field::Once(attribute.as_bytes()),
    }
}

/// Returns the field of this name. In `header_map` each line of the request is an entry of its own.
/// In `headers` Envoy has joined the lines of one name with a comma, and a text with a comma in it
/// is not a token.
fn values<'a>(http: &'a HttpRequest, name: &str) -> Field<'a> {
    match &http.header_map {
        Some(map) => Field::of(
            map.headers
                .iter()
                .filter(|line| line.key.eq_ignore_ascii_case(name))
                .flat_map(line),
        ),
        None => Field::of(
            http.headers
                .iter()
                .filter(|(own, _)| own.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.as_bytes()),
        ),
    }
}

/// Returns the value of a line, or both values if it has two that differ.
fn line(line: &HeaderValue) -> impl Iterator<Item = &[u8]> {
    let (text, raw) = (line.value.as_bytes(), line.raw_value.as_slice());
    let (value, other) = if raw.is_empty() {
        (text, raw)
    } else {
        (raw, text)
    };
    std::iter::once(value).chain(Some(other).filter(|other| !other.is_empty() && *other != value))
}
