//! Checks whether a proxy can handle the headers of a configuration as its lines require.

use super::early_removal::EarlyRemoval;
use super::{HeaderNames, Proxy, caddy, envoy, haproxy, kubernetes_gateway};
use crate::config_reader::{Problem, Problems};

/// Headers that a proxy itself writes when it asks doorward: about the message, and about the
/// original request. A client's value must never get there.
const OWN: [&str; 19] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-envoy-external-address",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-method",
    "x-forwarded-proto",
    "x-forwarded-uri",
    "x-original-method",
    "x-original-url",
    "x-real-ip",
];

/// Headers that a proxy itself writes for the application, from what it knows of the connection. A
/// claim in one of them would contradict it.
const WRITTEN: [&str; 7] = [
    "sec-websocket-protocol",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-forwarded-server",
    "x-real-ip",
];

/// Fails with a problem for every header name with which the lines would not work for this proxy.
pub(super) fn refuse_unfit(proxy: Proxy, names: &HeaderNames) -> Result<(), Problems> {
    let asked = names
        .token_headers()
        .filter_map(|name| unfit_to_ask(proxy, name));
    let mapped = names
        .claim_headers()
        .filter_map(|name| unfit_to_map(name).or_else(|| mapped_beside_a_token(name, names)));
    let problems: Problems = asked.chain(mapped).collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems)
    }
}

fn unfit_to_ask(proxy: Proxy, name: &str) -> Option<Problem> {
    let problem = |what: &str| {
        Problem::new(
            "token_sources",
            format!("header:{name}: {what}"),
            "have clients send the token in a header such as X-Token",
        )
    };
    if !name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    {
        let why = "the lines remove every name that has anything but letters, digits and hyphens in it, and nginx has no \
                   variable for most of them";
        return Some(problem(why));
    }
    if OWN.contains(&name) {
        let why = "the proxy writes this header itself when it asks";
        return Some(problem(why));
    }
    removes_before_asking(proxy)
        .is_some_and(|removed| removed.removes(name))
        .then(|| {
            let why = format!(
                "{proxy} removes this header before it asks, since a client might name itself by it"
            );
            problem(&why)
        })
}

fn unfit_to_map(name: &str) -> Option<Problem> {
    let is_written = WRITTEN.contains(&name.to_ascii_lowercase().replace('_', "-").as_str());
    is_written.then(|| {
        let what = format!(
            "{name}: proxies write this header themselves, by what they know of the connection"
        );
        Problem::new("claim_headers", what, "choose a name such as X-Auth-…")
    })
}

/// Reports a claim header that differs from a token header only by `_` for `-`. A server that takes
/// both for one name could read the client's value in place of doorward's.
fn mapped_beside_a_token(name: &str, names: &HeaderNames) -> Option<Problem> {
    let other = name.replace('_', "-");
    (other != name && names.is_sent(&other)).then(|| {
        let what = format!("{name}: {other}, which many servers take for the same name, is asked with and passed on");
        Problem::new("claim_headers", what, "write it with hyphens, or choose another name")
    })
}

/// Returns the headers that the proxy removes before it asks doorward, or `None` if it asks with
/// all headers that the client sent.
const fn removes_before_asking(proxy: Proxy) -> Option<&'static EarlyRemoval> {
    match proxy {
        Proxy::Nginx | Proxy::Traefik | Proxy::IngressNginx | Proxy::Istio => None,
        Proxy::Caddy => Some(&caddy::REMOVED),
        Proxy::Envoy | Proxy::EnvoyGrpc => Some(&envoy::REMOVED),
        Proxy::Haproxy => Some(&haproxy::REMOVED),
        Proxy::KubernetesGateway => Some(&kubernetes_gateway::REMOVED),
    }
}
