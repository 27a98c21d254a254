//! How a proxy describes the request that it asks about.
//!
//! Each dialect reads its own headers and no others: a header that "also works" is a header that a
//! client can set.

mod envoy;
mod forwarded;
mod nginx;
mod proxy_request;

pub use proxy_request::ProxyRequest;

use crate::config::DialectName;
use crate::domain::OriginalRequest;

/// How a proxy describes the request that it asks about, and what it can make of a denial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Nothing is described, and nothing is believed.
    Auto,
    /// nginx `auth_request`; also ingress-nginx.
    Nginx,
    /// `X-Forwarded-*` as Traefik and Caddy send them, and `HAProxy` can be told to.
    Forwarded,
    /// Envoy's HTTP service of `ext_authz`, which asks with the client's method, host, path and
    /// query.
    Envoy,
}

impl Dialect {
    /// What the proxy says about the client's request.
    pub fn original<'a>(self, asked: &ProxyRequest<'a>) -> OriginalRequest<'a> {
        match self {
            Self::Auto => OriginalRequest::UNKNOWN,
            Self::Nginx => nginx::original(asked.fields),
            Self::Forwarded => forwarded::original(asked.fields),
            Self::Envoy => envoy::original(asked),
        }
    }

    /// The same for the log, which believes nothing and may therefore look at everything.
    pub(super) fn original_for_log<'a>(self, asked: &ProxyRequest<'a>) -> OriginalRequest<'a> {
        match self {
            Self::Auto if forwarded::is_spoken(asked.fields) => forwarded::original(asked.fields),
            Self::Auto => nginx::original(asked.fields),
            named => named.original(asked),
        }
    }

    /// Whether a denial's body and special status get through to the client. nginx turns any status
    /// but 401 and 403 into 500, never shows the body, and gives up the connection over it.
    pub(super) const fn carries_denials(self) -> bool {
        !matches!(self, Self::Nginx)
    }
}

impl From<DialectName> for Dialect {
    fn from(name: DialectName) -> Self {
        match name {
            DialectName::Auto => Self::Auto,
            DialectName::Nginx => Self::Nginx,
            DialectName::Traefik | DialectName::Caddy | DialectName::Haproxy => Self::Forwarded,
            DialectName::Envoy => Self::Envoy,
        }
    }
}
