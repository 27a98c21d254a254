//! The dialects in which proxies describe the client's request.
//!
//! Each dialect reads its own headers and no others: a header that "also works" is a header that a
//! client can set.

mod envoy;
mod forwarded;
mod haproxy;
mod nginx;
mod proxy_request;

pub use proxy_request::ProxyRequest;

use crate::config::DialectName;
use crate::domain::{ClientSource, OriginalRequest};

/// The dialect in which a proxy describes the client's request. It also decides how much of a
/// denial the proxy can pass on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// The proxy describes nothing, and no description is trusted.
    Auto,
    /// nginx with `auth_request`, and ingress-nginx.
    Nginx,
    /// `X-Forwarded-*` as Traefik and Caddy send them.
    Forwarded,
    /// `X-Forwarded-*` as `HAProxy` sends them with the shipped script.
    Haproxy,
    /// Envoy's HTTP service of `ext_authz`, which sends the client's method, host, path and query
    /// as those of its own request.
    Envoy,
}

impl Dialect {
    /// Returns the client's request as the proxy describes it.
    ///
    /// # Examples
    ///
    /// ```
    /// use doorward::domain::{Field, HeaderFields};
    /// use doorward::http::{Dialect, ProxyRequest};
    ///
    /// struct Host;
    ///
    /// impl HeaderFields for Host {
    ///     fn field(&self, name: &str) -> Field<'_> {
    ///         match name {
    ///             "host" => Field::Once(b"app.example"),
    ///             _ => Field::Absent,
    ///         }
    ///     }
    /// }
    ///
    /// let request = ProxyRequest { fields: &Host, method: "GET", tail: "/orders?page=2" };
    /// let original = Dialect::Envoy.original(&request);
    /// assert_eq!(original.host, Field::Once(b"app.example"));
    /// assert_eq!(original.uri, Field::Once(b"/orders?page=2"));
    /// ```
    pub fn original<'a>(self, request: &ProxyRequest<'a>) -> OriginalRequest<'a> {
        match self {
            Self::Auto => OriginalRequest::UNKNOWN,
            Self::Nginx => nginx::original(request.fields),
            Self::Forwarded | Self::Haproxy => forwarded::original(request.fields),
            Self::Envoy => envoy::original(request),
        }
    }

    /// Returns where the proxy writes the address of its client. Nothing is read here: only a limit
    /// on failures needs the address.
    pub const fn client(self) -> ClientSource<'static> {
        match self {
            Self::Auto => ClientSource::Unknown,
            Self::Nginx => nginx::CLIENT,
            Self::Forwarded => forwarded::CLIENT,
            Self::Haproxy => haproxy::CLIENT,
            Self::Envoy => envoy::CLIENT,
        }
    }

    /// Returns the client's request for the log. The log trusts nothing, so [`Auto`](Self::Auto)
    /// may read the headers of other dialects here.
    pub(super) fn original_for_log<'a>(self, request: &ProxyRequest<'a>) -> OriginalRequest<'a> {
        match self {
            Self::Auto if forwarded::is_present(request.fields) => {
                forwarded::original(request.fields)
            }
            Self::Auto => nginx::original(request.fields),
            named => named.original(request),
        }
    }

    /// Returns the names of the proxies that speak it.
    pub(super) const fn proxies(self) -> &'static str {
        match self {
            Self::Auto => "no proxy",
            Self::Nginx => "nginx",
            Self::Forwarded => "Traefik and Caddy",
            Self::Haproxy => "HAProxy",
            Self::Envoy => "Envoy",
        }
    }

    /// Returns `true` if a denial's body and special status reach the client. nginx turns any
    /// status but 401 and 403 into 500, never passes on the body, and drops the connection because
    /// of it.
    pub(super) const fn carries_denials(self) -> bool {
        !matches!(self, Self::Nginx)
    }
}

impl From<DialectName> for Dialect {
    fn from(name: DialectName) -> Self {
        match name {
            DialectName::Auto => Self::Auto,
            DialectName::Nginx => Self::Nginx,
            DialectName::Traefik | DialectName::Caddy => Self::Forwarded,
            DialectName::Haproxy => Self::Haproxy,
            DialectName::Envoy => Self::Envoy,
        }
    }
}
