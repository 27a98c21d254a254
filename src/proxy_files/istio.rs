//! The lines for Istio's ingress gateway: the provider in the mesh, and the route of the
//! application.

use super::removed::all_by_name;
use super::yaml::list;
use super::{Block, HeaderNames, Proxy};

const PROVIDER: &str = "mesh.yaml, envoyExtAuthzHttp";

/// Returns the lines for Istio. It removes headers only after the decision, and only by name. A
/// spelling with other characters than hyphens and underscores needs the mutations of Envoy.
pub(super) fn blocks(names: &HeaderNames) -> Vec<Block> {
    let block = |name, place, lines| Block::new(Proxy::Istio, name, place, lines);
    let asked = names
        .request_headers()
        .map(str::to_ascii_lowercase)
        // The gateway has appended the client's address.
        .chain(["x-forwarded-for".to_owned()]);
    let mut copied = list(
        "headersToUpstreamOnAllow",
        names.claim_headers().map(str::to_ascii_lowercase),
    );
    if names.websocket() {
        copied.push("# x-auth-websocket-protocol cannot be put in place of sec-websocket-protocol: the application sees the token.".to_owned());
    }
    vec![
        block("ask", PROVIDER, list("includeRequestHeadersInCheck", asked)),
        block("copy", PROVIDER, copied),
        block(
            "remove",
            "virtualservice.yaml, headers.request",
            list("remove", all_by_name(names)),
        ),
    ]
}
