//! One place where a request may carry its token.

use std::fmt;
use std::str::FromStr;

use super::found::{Found, is_token};
use super::{basic, bearer, cookie, header, query, websocket};
use crate::domain::{Denial, ForwardedRequest};

/// A place where a request may carry its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenSource {
    /// `Authorization: Bearer TOKEN`.
    Bearer,
    /// `Authorization: Basic` with user and password.
    Basic,
    /// `NAME: TOKEN`, or `NAME: SCHEME TOKEN`.
    Header {
        /// The field's name.
        name: String,
        /// The scheme in front of the token, if one is expected.
        scheme: Option<String>,
    },
    /// `Cookie: NAME=TOKEN`.
    Cookie {
        /// The cookie's name.
        name: String,
    },
    /// `?NAME=TOKEN` in the original URI.
    Query {
        /// The parameter's name.
        name: String,
    },
    /// `Sec-WebSocket-Protocol: bearer, TOKEN`, or the form of Kubernetes.
    WebSocket,
}

/// The place where a token must be put so that a source finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenPlace {
    /// A header field of this name, with this value.
    Field(String, String),
    /// A parameter of the query of the original URI, as `NAME=VALUE`.
    Parameter(String),
}

impl TokenSource {
    pub(super) fn find<'a>(&self, request: &ForwardedRequest<'a>) -> Result<Found<'a>, Denial> {
        match self {
            Self::Bearer => bearer::find_in_authorization(request.fields),
            Self::Basic => basic::find(request.fields),
            Self::Header {
                name,
                scheme: Some(scheme),
            } => bearer::find(request.fields, name, scheme),
            Self::Header { name, scheme: None } => header::find(request.fields, name),
            Self::Cookie { name } => cookie::find(request.fields, name),
            Self::Query { name } => query::find(request.original.uri, name),
            Self::WebSocket => websocket::find(request.fields),
        }
    }

    pub(super) fn place(&self, token: &str) -> TokenPlace {
        let field = |name: &str, value: String| TokenPlace::Field(name.to_owned(), value);
        match self {
            Self::Bearer => field("authorization", format!("Bearer {token}")),
            Self::Basic => field("authorization", basic::field_value(token)),
            Self::Header {
                name,
                scheme: Some(scheme),
            } => field(name, format!("{scheme} {token}")),
            Self::Header { name, scheme: None } => field(name, token.to_owned()),
            Self::Cookie { name } => field("cookie", format!("{name}={token}")),
            Self::Query { name } => TokenPlace::Parameter(query::parameter(name, token)),
            Self::WebSocket => field(websocket::FIELD, format!("bearer, {token}")),
        }
    }
}

impl FromStr for TokenSource {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(3, ':');
        match (parts.next(), parts.next(), parts.next()) {
            (Some("bearer"), None, None) => Ok(Self::Bearer),
            (Some("basic"), None, None) => Ok(Self::Basic),
            (Some("cookie"), Some(name), None) if is_token(name) => Ok(Self::Cookie {
                name: name.to_owned(),
            }),
            (Some("header"), Some(name), None) if is_token(name) => Ok(Self::Header {
                name: name.to_ascii_lowercase(),
                scheme: None,
            }),
            // A password must never pass for a token, which may be sent to its issuer.
            (Some("header"), Some(_), Some(scheme)) if scheme.eq_ignore_ascii_case("basic") => {
                Err("write basic for passwords, and a scheme of tokens here")
            }
            (Some("header"), Some(name), Some(scheme)) if is_token(name) && is_token(scheme) => {
                Ok(Self::Header {
                    name: name.to_ascii_lowercase(),
                    scheme: Some(scheme.to_owned()),
                })
            }
            (Some("query"), Some(name), None)
                if !name.is_empty() && name.bytes().all(query::is_unreserved) =>
            {
                Ok(Self::Query {
                    name: name.to_owned(),
                })
            }
            (Some("websocket"), None, None) => Ok(Self::WebSocket),
            _ => Err(
                "write bearer, basic, header:NAME, header:NAME:SCHEME, cookie:NAME, query:NAME or websocket",
            ),
        }
    }
}

impl fmt::Display for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bearer => f.write_str("bearer"),
            Self::Basic => f.write_str("basic"),
            Self::Header { name, scheme: None } => write!(f, "header:{name}"),
            Self::Header {
                name,
                scheme: Some(scheme),
            } => write!(f, "header:{name}:{scheme}"),
            Self::Cookie { name } => write!(f, "cookie:{name}"),
            Self::Query { name } => write!(f, "query:{name}"),
            Self::WebSocket => f.write_str("websocket"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_formatted_as_they_are_parsed() {
        for text in [
            "bearer",
            "basic",
            "header:x-token",
            "header:x-token:JWT",
            "cookie:access_token",
            "query:access_token",
            "websocket",
        ] {
            assert_eq!(text.parse::<TokenSource>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "Bearer",
            "header",
            "header:",
            "header:a b",
            "header:x-token:Basic",
            "cookie:",
            "cookie:a:b",
            "query",
            "query:",
            "query:a%5f",
            "query:a:b",
            "query:a&b",
            "websocket:x",
        ] {
            assert!(text.parse::<TokenSource>().is_err(), "{text}");
        }
    }
}
