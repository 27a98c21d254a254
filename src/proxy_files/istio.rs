//! Istio's ingress gateway: whom the mesh asks, and the route of the application.

use super::removed::all_by_name;
use super::yaml::list;
use super::{Block, HeaderNames, Proxy};

const PROVIDER: &str = "mesh.yaml, envoyExtAuthzHttp";

/// The lines for Istio. It removes after the decision, and only what it can name: another spelling
/// than with hyphens or underscores needs the mutations of Envoy.
pub(super) fn blocks(names: &HeaderNames) -> Vec<Block> {
    let block = |name, place, lines| Block::new(Proxy::Istio, name, place, lines);
    let asked = names.asked().map(str::to_ascii_lowercase);
    let mut copied = list(
        "headersToUpstreamOnAllow",
        names.mapped().map(str::to_ascii_lowercase),
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
