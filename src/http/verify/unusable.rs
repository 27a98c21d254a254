//! Requests of proxies that are configured in the wrong way.

use std::net::IpAddr;

use actix_web::HttpRequest;

use super::dialect::{Dialect, ProxyRequest};
use crate::domain::{Field, HeaderFields, Reason};
use crate::gate::DecisionService;
use crate::http::header_fields::Fields;
use crate::telemetry::UnusableKind;

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
    report(
        decisions,
        UnusableKind::UnknownPath,
        peer_of(request),
        path,
        hint,
    );
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
    let (peer, path) = (peer_of(request), request.uri().path());
    match reason {
        Reason::ForwardedHeadersUntrusted => {
            let hint = || {
                "add the network of this peer to `trusted_proxies`, if it is your proxy".to_owned()
            };
            report(decisions, UnusableKind::UntrustedPeer, peer, path, hint);
        }
        Reason::ForwardedHeadersMissing => {
            let (kind, hint) = missing(dialect, asked);
            report(decisions, kind, peer, path, || hint);
        }
        _ => {}
    }
}

fn report(
    decisions: &DecisionService,
    kind: UnusableKind,
    peer: Option<IpAddr>,
    path: &str,
    hint: impl FnOnce() -> String,
) {
    let now = decisions.gate.clock.uptime();
    let unusable = &decisions.metrics.unusable;
    unusable.report(kind, now, peer, Some(path), hint);
}

fn peer_of(request: &HttpRequest) -> Option<IpAddr> {
    request.peer_addr().map(|peer| peer.ip())
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

/// Returns what is missing in a request, and a hint at the proxy that seems to have sent it.
fn missing(dialect: Dialect, asked: &ProxyRequest<'_>) -> (UnusableKind, String) {
    let (own, key, others): (&[&str], _, &[_]) = match dialect {
        Dialect::Nginx => (
            &NGINX,
            NGINX[1],
            &[(FORWARDED[2], "Traefik, Caddy or HAProxy")],
        ),
        Dialect::Forwarded => (&FORWARDED, FORWARDED[2], &[(NGINX[1], "nginx")]),
        Dialect::Envoy => (
            &[],
            "a path behind /verify/envoy",
            &[
                (NGINX[1], "nginx"),
                (FORWARDED[2], "Traefik, Caddy or HAProxy"),
            ],
        ),
        Dialect::Auto => (&[], "a named dialect", &[]),
    };
    let lacks_key = !is_there(asked.fields, key);
    let other = others.iter().find(|(name, _)| is_there(asked.fields, name));
    if let Some((name, proxy)) = other.filter(|_| lacks_key) {
        let hint = format!(
            "asked in the dialect of {} without {key}, but with {name}: is this {proxy}?",
            dialect.proxies()
        );
        return (UnusableKind::WrongDialect, hint);
    }
    let lacking: Vec<_> = own
        .iter()
        .filter(|name| !is_there(asked.fields, name))
        .copied()
        .collect();
    let hint = if lacking.is_empty() {
        format!("have the proxy send {key} in full; `doorward config proxy` prints its lines")
    } else {
        let lacking = lacking.join(" and ");
        format!("have the proxy send {lacking}; `doorward config proxy` prints its lines")
    };
    (UnusableKind::NotDescribed, hint)
}

fn is_there(fields: &dyn HeaderFields, name: &str) -> bool {
    fields.field(name) != Field::Absent
}
