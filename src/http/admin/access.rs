//! Access control of the admin listener. It refuses requests from pages of other sites, and
//! requests without the token where one is configured.

use actix_web::dev::RequestHead;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{Digest, SHA256, digest};
use secrecy::ExposeSecret;

use crate::config::AdminSettings;
use crate::domain::{Authority, Field, HeaderFields};
use crate::http::header_fields::Fields;

/// The access rules of the admin listener.
pub struct AdminAccess {
    /// The SHA-256 digest of the token. All digests have the same length, and the position where
    /// two of them differ says nothing about the token.
    token: Option<Digest>,
    token_metrics: bool,
    hosts: Vec<Authority>,
}

/// The reason why a request is admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    /// The request has the token.
    Token,
    /// The request needs no token.
    Open,
}

/// The reason why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// The request is for a host that is not this service.
    Host,
    /// The request comes from a page of another site.
    Origin,
    /// The request lacks the token, and is answered with this challenge.
    Token(&'static str),
}

/// The content of a request's `Authorization`.
enum Presented {
    RightToken,
    WrongToken,
    NoToken,
    /// There are several fields. A proxy in between may have read another one.
    Repeated,
}

impl AdminAccess {
    /// Creates the rules from their settings.
    pub fn new(settings: AdminSettings) -> Self {
        let AdminSettings {
            token,
            token_metrics,
            hosts,
        } = settings;
        let token = token.map(|token| digest(&SHA256, token.expose_secret().as_bytes()));
        Self {
            token,
            token_metrics,
            hosts,
        }
    }

    /// Admits or refuses a request by everything but its body.
    ///
    /// Paths are compared byte by byte: another spelling of an open path, which the router may
    /// still accept, is not open.
    pub(super) fn admit(&self, head: &RequestHead) -> Result<Admission, Refused> {
        let path = head.uri.path();
        if matches!(path, "/healthz" | "/readyz") {
            return Ok(Admission::Open);
        }
        let (fields, is_metrics) = (Fields(head.headers()), path == "/metrics");
        let presented = self.presented(&fields);
        if matches!(presented, Presented::RightToken) {
            return Ok(Admission::Token);
        }
        // Scrapers use the host names of their service discovery.
        if !is_metrics {
            let host = self.check_host(head, &fields)?;
            self.check_origin(&host, &fields)?;
        }
        match presented {
            _ if self.token.is_none() || is_metrics && !self.token_metrics => Ok(Admission::Open),
            Presented::WrongToken => Err(Refused::Token(WRONG_TOKEN)),
            Presented::Repeated => Err(Refused::Token(REPEATED)),
            Presented::NoToken | Presented::RightToken => Err(Refused::Token(NO_TOKEN)),
        }
    }

    fn presented(&self, fields: &Fields<'_>) -> Presented {
        let value = match fields.field("authorization") {
            Field::Absent => return Presented::NoToken,
            Field::Repeated => return Presented::Repeated,
            Field::Once(value) => value,
        };
        let bearer = value
            .split_at_checked(7)
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"bearer "));
        let Some((_, token)) = bearer else {
            return Presented::NoToken;
        };
        let presented = digest(&SHA256, token.trim_ascii_start());
        let is_right =
            |own: &Digest| verify_slices_are_equal(own.as_ref(), presented.as_ref()).is_ok();
        if self.token.as_ref().is_some_and(is_right) {
            Presented::RightToken
        } else {
            Presented::WrongToken
        }
    }

    /// Returns the host that the request is for, or refuses a host that is not this service. This
    /// stops DNS rebinding, where another site's name resolves to our address.
    ///
    /// A host in the request target replaces the field `Host` (RFC 9112 section 3.2.2), and a proxy
    /// in between may have read the other one. So both must be the same.
    fn check_host(&self, head: &RequestHead, fields: &Fields<'_>) -> Result<Authority, Refused> {
        let Field::Once(host) = fields.field("host") else {
            return Err(Refused::Host);
        };
        let host = authority(host).ok_or(Refused::Host)?;
        let target = head
            .uri
            .authority()
            .map(|target| Authority::parse(target.as_str()));
        let is_same = target.is_none_or(|target| target.as_ref() == Some(&host));
        let is_ours =
            host.is_local_name_or_address() || self.is_named(&host.clone().or_port(HTTP_PORT));
        if is_same && is_ours {
            Ok(host)
        } else {
            Err(Refused::Host)
        }
    }

    /// Checks the headers in which a browser says which page sent the request. This stops pages of
    /// other sites from sending requests through the user's browser (CSRF).
    ///
    /// The origin is `null` for a page that hides where it comes from, and such a page is refused.
    fn check_origin(&self, host: &Authority, fields: &Fields<'_>) -> Result<(), Refused> {
        let site = fields.field("sec-fetch-site");
        if !matches!(
            site,
            Field::Absent | Field::Once(b"none" | b"same-origin" | b"same-site")
        ) {
            return Err(Refused::Origin);
        }
        let origin = match fields.field("origin") {
            Field::Absent => return Ok(()),
            Field::Repeated => return Err(Refused::Origin),
            Field::Once(origin) => origin,
        };
        let (origin, port) = split_origin(origin).ok_or(Refused::Origin)?;
        let origin = origin.or_port(port);
        if origin == host.clone().or_port(port) || self.is_named(&origin) {
            Ok(())
        } else {
            Err(Refused::Origin)
        }
    }

    fn is_named(&self, host: &Authority) -> bool {
        self.hosts.iter().any(|own| own.covers(host))
    }
}

/// Challenges (RFC 6750 section 3), with an error code for a request that has tried to
/// authenticate.
const NO_TOKEN: &str = r#"Bearer realm="doorward admin""#;
const WRONG_TOKEN: &str = r#"Bearer realm="doorward admin", error="invalid_token""#;
const REPEATED: &str = r#"Bearer realm="doorward admin", error="invalid_request""#;

const HTTP_PORT: u16 = 80;
const HTTPS_PORT: u16 = 443;

/// Returns the host of an origin, and the default port of its scheme (RFC 6454 section 7.1).
fn split_origin(origin: &[u8]) -> Option<(Authority, u16)> {
    let (host, port) = match origin.strip_prefix(b"http://") {
        Some(host) => (host, HTTP_PORT),
        None => (origin.strip_prefix(b"https://")?, HTTPS_PORT),
    };
    Some((authority(host)?, port))
}

fn authority(text: &[u8]) -> Option<Authority> {
    Authority::parse(std::str::from_utf8(text).ok()?)
}
