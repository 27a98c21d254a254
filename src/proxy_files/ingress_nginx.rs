//! The lines for ingress-nginx: an annotation, and a table of the controller.

use super::removed::all_by_name;
use super::yaml::scalar;
use super::{Block, HeaderNames, Proxy};

/// Returns the lines for ingress-nginx, which asks with all headers that the client sent.
pub(super) fn blocks(names: &HeaderNames) -> Vec<Block> {
    let block = |name, place, lines| Block::new(Proxy::IngressNginx, name, place, lines);
    let removed = all_by_name(names)
        .into_iter()
        .map(|name| format!("{}: \"\"", scalar(&name)));
    vec![
        block("copy", "ingress.yaml, annotations", copy(names)),
        block(
            "remove",
            "controller.yaml, data of blank-headers",
            removed.collect(),
        ),
    ]
}

fn copy(names: &HeaderNames) -> Vec<String> {
    let mapped: Vec<_> = names.claim_headers().collect();
    let mut lines = Vec::new();
    if !mapped.is_empty() {
        let list = mapped.join(",");
        let is_plain = mapped.iter().all(|name| scalar(name) == *name);
        let list = if is_plain {
            list
        } else {
            format!("\"{list}\"")
        };
        lines.push(format!(
            "nginx.ingress.kubernetes.io/auth-response-headers: {list}"
        ));
    }
    if names.websocket() {
        lines.push("# X-Auth-WebSocket-Protocol cannot be put in place of Sec-WebSocket-Protocol: the application sees the token.".to_owned());
    }
    lines
}
