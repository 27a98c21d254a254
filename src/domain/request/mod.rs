//! The request that a proxy asks about.

mod authority;
mod client_address;
mod client_source;
mod described;
mod host;
mod method;
mod parts;
mod path;
mod query;

pub use authority::Authority;
pub use client_address::parse_address;
pub use client_source::ClientSource;
pub use described::{DescribedParts, DescribedRequest};
pub use host::RequestHost;
pub use method::RequestMethod;
pub use parts::RequestParts;
pub use path::RequestPath;
pub use query::RequestQuery;

use std::fmt;

use super::Reason;
use crate::domain::printable::{JWT_START, before_encoded_query};

/// A header field, as far as a decision may rely on it.
///
/// There is no "first of several": an attacker who sends a field twice hopes that two readers
/// choose differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field<'a> {
    /// The field is absent.
    Absent,
    /// The field is present once, with this value.
    Once(&'a [u8]),
    /// The field is present more than once, with equal values or not.
    Repeated,
}

impl<'a> Field<'a> {
    /// Creates the field that has these values.
    pub fn of(values: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut values = values.into_iter();
        match (values.next(), values.next()) {
            (None, _) => Self::Absent,
            (Some(value), None) => Self::Once(value),
            (Some(_), Some(_)) => Self::Repeated,
        }
    }

    /// Returns what the proxy reports here, for a rule that needs it. There is no default.
    ///
    /// Fails with [`Reason::ForwardedHeadersMissing`] if the field is absent, and with
    /// [`Reason::ForwardedHeadersAmbiguous`] if it is repeated.
    pub fn described(self) -> Result<&'a [u8], Reason> {
        match self {
            Self::Once(value) => Ok(value),
            Self::Absent => Err(Reason::ForwardedHeadersMissing),
            Self::Repeated => Err(Reason::ForwardedHeadersAmbiguous),
        }
    }
}

/// Formats the value for people, even if it is not UTF-8.
impl fmt::Display for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("absent"),
            Self::Once(value) => f.write_str(&String::from_utf8_lossy(value)),
            Self::Repeated => f.write_str("repeated"),
        }
    }
}

/// Read access to the header fields of a request, independent of the server that received it.
pub trait HeaderFields: Sync {
    /// Returns the field of this name; names are compared case-insensitively (RFC 9110 section
    /// 5.1).
    fn field(&self, name: &str) -> Field<'_>;

    /// Returns the lines of a list-based field, in order. Several lines are one list (RFC 9110
    /// section 5.3).
    ///
    /// Returns `None` if there are several lines and their values are not known.
    fn lines(&self, name: &str) -> Option<Vec<&[u8]>> {
        match self.field(name) {
            Field::Absent => Some(Vec::new()),
            Field::Once(only) => Some(vec![only]),
            Field::Repeated => None,
        }
    }
}

/// The client's request as the proxy describes it.
///
/// Each part is what the proxy's dialect says and nothing else: there is no fallback from one
/// header to another.
#[derive(Debug, Clone, Copy)]
pub struct OriginalRequest<'a> {
    /// The method.
    pub method: Field<'a>,
    /// The host, possibly with a port.
    pub host: Field<'a>,
    /// The path and the query.
    pub uri: Field<'a>,
}

impl<'a> OriginalRequest<'a> {
    /// The request of a proxy whose dialect describes nothing.
    pub const UNKNOWN: Self = Self {
        method: Field::Absent,
        host: Field::Absent,
        uri: Field::Absent,
    };

    /// Creates a description whose host and URI come in one URL, `scheme://host/path?query`.
    ///
    /// Both are absent if the URL has another form, or if two readers may see two hosts in it.
    pub fn from_url(method: Field<'a>, url: Field<'a>) -> Self {
        let (host, uri) = match url {
            Field::Once(url) => split_url(url)
                .map_or((Field::Absent, Field::Absent), |(host, uri)| {
                    (Field::Once(host), Field::Once(uri))
                }),
            absent_or_repeated => (absent_or_repeated, absent_or_repeated),
        };
        Self { method, host, uri }
    }
}

impl OriginalRequest<'_> {
    /// Returns the request without the parts that may be secret: the query, also behind an encoded
    /// `?`, a JWT in the path and what follows it, and in a malformed host what does not belong
    /// there, such as a query. A host with a password in it is absent.
    #[must_use]
    pub fn without_secrets(self) -> Self {
        let host = match before(self.host, ends_host) {
            Field::Once(host) if host.contains(&b'@') => Field::Absent,
            host => host,
        };
        Self {
            method: self.method,
            host,
            uri: match before(self.uri, |byte| matches!(byte, b'?' | b'#')) {
                Field::Once(path) => Field::Once(before_token(before_encoded_query(path))),
                absent_or_repeated => absent_or_repeated,
            },
        }
    }
}

/// Formats the request without the parts that may be secret, because the text is logged.
impl fmt::Display for OriginalRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, host, uri } = self.without_secrets();
        if host == Field::Absent && self.host != Field::Absent {
            return write!(
                f,
                "method {method}, host not shown (it has an @), path {uri}"
            );
        }
        write!(f, "method {method}, host {host}, path {uri}")
    }
}

/// Returns `true` for a byte with which a client can append parameters to its `Host` field.
const fn ends_host(byte: u8) -> bool {
    matches!(byte, b'?' | b'#' | b'/' | b'\\' | b';' | b'&' | b'=')
}

/// Cuts off what begins like a JWT, and all after it.
fn before_token(path: &[u8]) -> &[u8] {
    let start = path
        .windows(JWT_START.len())
        .position(|window| window == JWT_START.as_bytes());
    start.and_then(|start| path.get(..start)).unwrap_or(path)
}

/// Cuts off the first byte for which `is_end` returns `true`, and all after it.
fn before(field: Field<'_>, is_end: impl Fn(u8) -> bool) -> Field<'_> {
    match field {
        Field::Once(bytes) => {
            Field::Once(bytes.split(|byte| is_end(*byte)).next().unwrap_or_default())
        }
        absent_or_repeated => absent_or_repeated,
    }
}

fn split_url(url: &[u8]) -> Option<(&[u8], &[u8])> {
    // Only at the beginning: a client can write `://` further behind, which would let it choose the
    // path that is checked.
    let schemes: [&[u8]; 2] = [b"http://", b"https://"];
    let rest = schemes
        .iter()
        .find_map(|scheme| url.strip_prefix(*scheme))?;
    let (authority, path) = rest.split_at(rest.iter().position(|byte| *byte == b'/')?);
    // The proxy puts the client's Host field in front of the path. A `?` or `#` in it would end the
    // host for us but not for the proxy, which has selected a server by the whole field. User
    // information is another way to show two hosts to two readers, and browsers read `\` as `/`.
    let is_doubtful = |byte: &u8| matches!(byte, b'?' | b'#' | b'@' | b'\\');
    (!authority.iter().any(is_doubtful)).then_some((authority, path))
}

/// A request that a proxy forwards for a decision.
#[derive(Clone, Copy)]
pub struct ForwardedRequest<'a> {
    /// The header fields as they arrived here, including the client's own.
    pub fields: &'a dyn HeaderFields,
    /// The client's request as the proxy describes it.
    pub original: OriginalRequest<'a>,
    /// `true` if the peer is a trusted proxy, so that its description may be believed.
    pub peer_trusted: bool,
    /// The name of the route that the proxy's configuration asks for, instead of one that matches.
    pub route_name: Option<&'a str>,
    /// The place where the proxy writes the address of its client.
    pub client: ClientSource<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_gives_host_and_uri() {
        let original = OriginalRequest::from_url(
            Field::Absent,
            Field::Once(b"https://a.example:8443/x?y=://z"),
        );
        assert_eq!(original.host, Field::Once(b"a.example:8443"));
        assert_eq!(original.uri, Field::Once(b"/x?y=://z"));
    }

    #[test]
    fn the_text_for_people_has_no_query_and_no_password() {
        for (host, shown) in [
            ("a.example:8443", "host a.example:8443,"),
            ("a.example?access_token=s3cret", "host a.example,"),
            ("a.example/x?y=s3cret", "host a.example,"),
            ("a.example;token=s3cret", "host a.example,"),
            ("a.example&token=s3cret", "host a.example,"),
            ("a.example\\s3cret", "host a.example,"),
            ("u:s3cret@a.example", "host not shown (it has an @),"),
        ] {
            let original = OriginalRequest {
                method: Field::Once(b"GET"),
                host: Field::Once(host.as_bytes()),
                uri: Field::Once(b"/x/eyJhbGciOi.s3cret?token=s3cret#s3cret"),
            };
            let text = original.to_string();
            assert!(text.contains(shown) && text.ends_with("path /x/"), "{text}");
            assert!(!text.contains("s3cret"), "{text}");
        }
    }

    #[test]
    fn an_encoded_query_is_a_query() {
        for uri in [
            "/x/%3Ftoken=s3cret",
            "/x/%3ftoken=s3cret",
            "/x/%253Ftoken=s3cret",
            "/x/%25253ftoken=s3cret",
        ] {
            let original = OriginalRequest {
                uri: Field::Once(uri.as_bytes()),
                ..OriginalRequest::UNKNOWN
            };
            assert_eq!(original.without_secrets().uri, Field::Once(b"/x/"), "{uri}");
        }
        let plain = Field::Once(b"/%61%25/%23/%2/%".as_slice());
        let original = OriginalRequest {
            uri: plain,
            ..OriginalRequest::UNKNOWN
        };
        assert_eq!(original.without_secrets().uri, plain);
    }

    #[test]
    fn a_doubtful_host_is_absent() {
        for url in [
            "https://a.example?x/y",
            "https://a.example#/y",
            "https://u:p@a.example/",
            "https://a.example?x",
            "https://a.example",
            "https://a.example\\b/y",
        ] {
            let original = OriginalRequest::from_url(Field::Absent, Field::Once(url.as_bytes()));
            assert_eq!(
                (original.host, original.uri),
                (Field::Absent, Field::Absent),
                "{url}"
            );
        }
    }

    #[test]
    fn a_url_without_scheme_gives_nothing() {
        for url in [
            "/x",
            "/admin?x=://rest.example/healthz",
            "://a.example/x",
            "a.example/?x=https://a.example/x",
            " https://a.example/x",
            "HTTPS://a.example/x",
            "ftp://a.example/x",
        ] {
            let original = OriginalRequest::from_url(Field::Absent, Field::Once(url.as_bytes()));
            assert_eq!(
                (original.host, original.uri),
                (Field::Absent, Field::Absent),
                "{url}"
            );
        }
        assert_eq!(
            OriginalRequest::from_url(Field::Absent, Field::Repeated).host,
            Field::Repeated
        );
    }
}
