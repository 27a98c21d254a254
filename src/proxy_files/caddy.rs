//! The lines for Caddy: `forward_auth`, and the removal of headers before it.

use super::early_removal::EarlyRemoval;
use super::{Block, HeaderNames, Proxy};

const ROUTE: &str = "the Caddyfile, route of the site";

/// The headers that the fixed lines remove.
pub(super) const REMOVED: EarlyRemoval = EarlyRemoval {
    prefixes: &["x-auth-", "x-original-", "x-rewrite-"],
    names: &[
        "remote-user",
        "x-forwarded-user",
        "x-forwarded-method",
        "x-forwarded-uri",
        "x-forwarded-prefix",
        "x-forwarded-port",
        "x-forwarded-server",
        "x-http-method",
        "x-http-method-override",
        "x-method-override",
        "forwarded",
        "x-real-ip",
    ],
};

const IDENTITIES: [&str; 3] = ["X-Auth-*", "Remote-User", "X-Forwarded-User"];

const REQUEST_LINES: [&str; 12] = [
    "X-Forwarded-Method",
    "X-Forwarded-Uri",
    "X-Forwarded-Prefix",
    "X-Forwarded-Port",
    "X-Forwarded-Server",
    "X-Original-*",
    "X-Rewrite-*",
    "X-HTTP-Method",
    "X-HTTP-Method-Override",
    "X-Method-Override",
    "Forwarded",
    "X-Real-Ip",
];

/// The characters that a header name may contain (RFC 9110 section 5.6.2) besides letters, digits
/// and hyphens.
const ODD: [char; 14] = [
    '_', '.', '~', '!', '#', '$', '%', '&', '\'', '*', '+', '^', '`', '|',
];

/// Returns the lines for Caddy.
pub(super) fn blocks(names: &HeaderNames) -> Vec<Block> {
    let block = |name, place, lines| Block::new(Proxy::Caddy, name, place, lines);
    vec![
        block("remove", ROUTE, remove(names)),
        block(
            "copy",
            "the Caddyfile, forward_auth of the site",
            copy(names),
        ),
    ]
}

fn remove(names: &HeaderNames) -> Vec<String> {
    let line = |name: &str| format!("request_header -{name}");
    let comment = |text: &str| format!("# {text}");
    let mut lines: Vec<_> = IDENTITIES.into_iter().map(line).collect();
    lines.extend(names.removed_besides(&REMOVED).map(|name| line(&name)));
    lines.push(comment(
        "X_Auth_Subject is X-Auth-Subject to CGI, WSGI and many frameworks, and X_HTTP_Method_Override is what it",
    ));
    lines.push(comment(
        "looks like: a name with anything but letters, digits and hyphens goes.",
    ));
    lines.extend(ODD.into_iter().map(|odd| line(&format!("*{odd}*"))));
    lines.push(comment("Some frameworks serve the path or method of these instead of the one in the request line, which is the one that doorward checks."));
    lines.extend(REQUEST_LINES.into_iter().map(line));
    lines
}

fn copy(names: &HeaderNames) -> Vec<String> {
    let protocols = names
        .websocket()
        .then_some("X-Auth-WebSocket-Protocol>Sec-WebSocket-Protocol");
    let copied: Vec<_> = names.claim_headers().chain(protocols).collect();
    if copied.is_empty() {
        Vec::new()
    } else {
        vec![format!("copy_headers {}", copied.join(" "))]
    }
}
