//! Requests of proxies that are configured in the wrong way.

use actix_web::HttpRequest;

use super::dialect::{Dialect, ProxyRequest};
use crate::domain::{Field, HeaderFields, Reason};
use crate::gate::DecisionService;
use crate::http::header_fields::Fields;
use crate::telemetry::{UnusableKind, UnusableRequest};

/// The paths that proxies may ask for, as far as they are fixed.
const PATHS: [&str; 6] = [
    "/verify",
    "/verify/nginx",
    "/verify/traefik",
    "/verify/caddy",
    "/verify/haproxy",
    "/verify/envoy",
];

/// The body of a 404, for people who try a path by hand.
pub(super) const NOT_FOUND: &str = concat!(
    r#"{"error":"there is nothing at this path","paths":["/verify","/verify/nginx","/verify/traefik","#,
    r#""/verify/caddy","/verify/haproxy","/verify/envoy","/policy/NAME/verify","/denial/CODE"]}"#
);

/// Counts a request for a path that does not exist, and warns of it.
pub(super) fn report_unknown_path(decisions: &DecisionService, request: &HttpRequest) {
    let path = request.uri().path();
    let hint = || {
        let fields = Fields(request.headers());
        likely_path(path, &fields).map_or_else(
            || {
                format!(
                    "there are {}, and /policy/NAME in front of these",
                    PATHS.join(", ")
                )
            },
            |likely| format!("there is {likely}"),
        )
    };
    report(decisions, UnusableKind::UnknownPath, request, hint);
}

/// Counts a request that was refused because of how it describes the original request, and warns
/// of it.
pub(super) fn report_refusal(
    decisions: &DecisionService,
    request: &HttpRequest,
    dialect: Dialect,
    asked: &ProxyRequest<'_>,
    reason: Reason,
) {
    match reason {
        Reason::ForwardedHeadersUntrusted => {
            let hint = || {
                "add the network of this peer to `trusted_proxies`, if it is your proxy".to_owned()
            };
            report(decisions, UnusableKind::UntrustedPeer, request, hint);
        }
        Reason::ForwardedHeadersMissing => {
            let kind = match other_dialect(dialect, asked) {
                Some(_) => UnusableKind::WrongDialect,
                None => UnusableKind::NotDescribed,
            };
            report(decisions, kind, request, || missing(dialect, asked));
        }
        _ => {}
    }
}

fn report(
    decisions: &DecisionService,
    kind: UnusableKind,
    request: &HttpRequest,
    hint: impl FnOnce() -> String,
) {
    let unusable = UnusableRequest {
        kind,
        peer: request.peer_addr().map(|peer| peer.ip()),
        path: Some(request.uri().path()),
    };
    let now = decisions.gate.clock.uptime();
    decisions.metrics.unusable.report(unusable, now, hint);
}

/// Returns the path that was probably meant: one that differs only in case or in slashes at its
/// end, or the one for the header fields that the proxy sends.
fn likely_path(path: &str, fields: &dyn HeaderFields) -> Option<&'static str> {
    let plain = path.trim_end_matches('/');
    let meant = PATHS
        .into_iter()
        .find(|known| plain.eq_ignore_ascii_case(known));
    let spoken = [
        (NGINX[1], "/verify/nginx"),
        (FORWARDED[2], "/verify/traefik"),
    ];
    let spoken = spoken.into_iter().find(|(name, _)| is_there(fields, name));
    meant.or(spoken.map(|(_, path)| path))
}

/// The fields that describe the client's request, in each dialect that has such fields.
const NGINX: [&str; 2] = ["X-Original-Method", "X-Original-URL"];
const FORWARDED: [&str; 3] = ["X-Forwarded-Method", "X-Forwarded-Host", "X-Forwarded-Uri"];

/// The headers of a dialect: all of them, the one that only this dialect has, and those that only
/// others have, each with the proxies that send it.
type Headers = (
    &'static [&'static str],
    &'static str,
    &'static [(&'static str, &'static str)],
);

fn headers(dialect: Dialect) -> Headers {
    const FORWARDED_PROXIES: &str = "Traefik, Caddy or HAProxy";
    match dialect {
        Dialect::Nginx => (&NGINX, NGINX[1], &[(FORWARDED[2], FORWARDED_PROXIES)]),
        Dialect::Forwarded | Dialect::Haproxy => (&FORWARDED, FORWARDED[2], &[(NGINX[1], "nginx")]),
        Dialect::Envoy => (
            &[],
            "a path behind /verify/envoy",
            &[(NGINX[1], "nginx"), (FORWARDED[2], FORWARDED_PROXIES)],
        ),
        Dialect::Auto => (&[], "a named dialect", &[]),
    }
}

/// Returns a header of another dialect that is there while the one of this dialect is missing, and
/// the proxies that send it.
fn other_dialect(
    dialect: Dialect,
    asked: &ProxyRequest<'_>,
) -> Option<(&'static str, &'static str)> {
    let (_, key, others) = headers(dialect);
    let other = others.iter().find(|(name, _)| is_there(asked.fields, name));
    other.filter(|_| !is_there(asked.fields, key)).copied()
}

/// Returns a hint at what is missing in a request.
fn missing(dialect: Dialect, asked: &ProxyRequest<'_>) -> String {
    let (own, key, _) = headers(dialect);
    if let Some((name, proxy)) = other_dialect(dialect, asked) {
        return format!(
            "asked in the dialect of {} without {key}, but with {name}: is this {proxy}?",
            dialect.proxies()
        );
    }
    let lacking: Vec<_> = own
        .iter()
        .filter(|name| !is_there(asked.fields, name))
        .copied()
        .collect();
    if lacking.is_empty() {
        format!("have the proxy send {key} in full; `doorward config proxy` prints its lines")
    } else {
        let lacking = lacking.join(" and ");
        format!("have the proxy send {lacking}; `doorward config proxy` prints its lines")
    }
}

fn is_there(fields: &dyn HeaderFields, name: &str) -> bool {
    fields.field(name) != Field::Absent
}
