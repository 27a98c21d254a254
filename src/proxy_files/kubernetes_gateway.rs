//! The lines for Envoy Gateway: its policies of the Kubernetes Gateway API.

use super::early_removal::EarlyRemoval;
use super::envoy::ODD;
use super::yaml::list;
use super::{Block, HeaderNames, Proxy};

const ASKED: &str = "securitypolicy.yaml, extAuth";
const ANSWERED: &str = "securitypolicy.yaml, extAuth, http; not with proxies/envoy-gateway-grpc";

/// The headers that the fixed lines remove. The gateway writes `X-Forwarded-For` and
/// `X-Forwarded-Proto` before these lines apply, so they are not among them.
pub(super) const REMOVED: EarlyRemoval = EarlyRemoval {
    prefixes: &["x-auth-", "x-original-", "x-http-method"],
    names: &[
        "remote-user",
        "x-forwarded-user",
        "x-method-override",
        "x-rewrite-url",
        "x-envoy-original-path",
    ],
};

/// Returns the lines for Envoy Gateway.
pub(super) fn blocks(names: &HeaderNames) -> Vec<Block> {
    let block = |name, place, lines| Block::new(Proxy::KubernetesGateway, name, place, lines);
    // `Authorization` is always sent over HTTP, and the kustomization adds it for gRPC.
    let asked = names
        .request_headers()
        .filter(|name| !name.eq_ignore_ascii_case("authorization"))
        .map(str::to_ascii_lowercase)
        // The gateway has appended the client's address.
        .chain(["x-forwarded-for".to_owned()]);
    vec![
        block(
            "remove",
            "clienttrafficpolicy.yaml, headers.earlyRequestHeaders",
            remove(names),
        ),
        block("ask", ASKED, list("headersToExtAuth", asked)),
        block("copy", ANSWERED, copy(names)),
    ]
}

fn remove(names: &HeaderNames) -> Vec<String> {
    let mut lines = vec![
        "removeOnMatch:".to_owned(),
        "  # A name with anything but letters, digits and hyphens: X.Auth.Subject, X~HTTP~Method~Override.".to_owned(),
        format!("  - {{type: RegularExpression, value: '{ODD}'}}"),
    ];
    lines.extend(
        REMOVED
            .prefixes
            .iter()
            .map(|prefix| format!("  - {{type: Prefix, value: {prefix}}}")),
    );
    let fixed = REMOVED.names.iter().map(|name| (*name).to_owned());
    lines.extend(list("remove", names.removed_besides(&REMOVED).chain(fixed)));
    lines
}

fn copy(names: &HeaderNames) -> Vec<String> {
    let mut lines = list("headersToBackend", names.claim_headers());
    if names.websocket() {
        lines.push("# X-Auth-WebSocket-Protocol cannot be put in place of Sec-WebSocket-Protocol: the application sees the token.".to_owned());
    }
    lines
}
