//! The lines for Envoy: `ext_authz` over HTTP and over gRPC.

use super::early_removal::EarlyRemoval;
use super::yaml::scalar;
use super::{Block, HeaderNames, Proxy};

const MUTATIONS: &str = "the mutations of early_header_mutation";
const ASKED: &str = "allowed_headers of ext_authz, patterns";
const ANSWERED: &str = "authorization_response of ext_authz, allowed_upstream_headers, patterns";

/// The headers that the fixed lines remove.
pub(super) const REMOVED: EarlyRemoval = EarlyRemoval {
    prefixes: &["x-auth-", "x-forwarded-", "x-original-", "x-http-method"],
    names: &[
        "remote-user",
        "forwarded",
        "x-real-ip",
        "x-method-override",
        "x-rewrite-url",
        "x-envoy-original-path",
        "x-envoy-external-address",
    ],
};

/// Headers in which Envoy itself writes the address of the client, after the fixed lines have
/// removed the client's own.
const CLIENT: [&str; 2] = ["x-envoy-external-address", "x-forwarded-for"];

/// A regular expression for names with anything but letters, digits and hyphens. Envoy has
/// converted names to lower case, and a colon in front marks its own (`:path`).
pub(super) const ODD: &str = "[^:].*[^a-z0-9-].*|[^a-z0-9:].*";

/// Returns the lines for Envoy with the HTTP service.
pub(super) fn blocks(names: &HeaderNames) -> Vec<Block> {
    let block = |name, place, lines| Block::new(Proxy::Envoy, name, place, lines);
    // Over HTTP, Envoy always sends `Authorization`.
    let asked = names
        .request_headers()
        .filter(|name| !name.eq_ignore_ascii_case("authorization"));
    let asked = asked.chain(CLIENT).map(|name| exact(name, "")).collect();
    vec![
        block("remove", MUTATIONS, remove(names)),
        block("ask", ASKED, asked),
        block("copy", ANSWERED, copy(names)),
    ]
}

/// Returns the lines for Envoy with the gRPC service. Every header that the response sets reaches
/// the application.
pub(super) fn blocks_by_grpc(names: &HeaderNames) -> Vec<Block> {
    let block = |name, place, lines| Block::new(Proxy::EnvoyGrpc, name, place, lines);
    let mut asked: Vec<_> = names
        .request_headers()
        .map(|name| exact(name, ""))
        .collect();
    asked.extend([":method", ":authority", ":path"].map(|name| exact(name, "")));
    let mut removed = remove(names);
    removed.extend(websocket(names));
    vec![
        block("remove", MUTATIONS, removed),
        block("ask", ASKED, asked),
    ]
}

fn remove(names: &HeaderNames) -> Vec<String> {
    let prefix = |prefix: &&str| {
        format!("- remove_on_match: {{key_matcher: {{prefix: {prefix}, ignore_case: true}}}}")
    };
    let name = |name: &str| format!("- remove: {}", scalar(name));
    let mut lines = vec![
        "# A name with anything but letters, digits and hyphens: X.Auth.Subject, X~HTTP~Method~Override. Envoy has made it".to_owned(),
        "# lower-case, and a colon in front is its own (:path).".to_owned(),
        format!("- remove_on_match: {{key_matcher: {{safe_regex: {{regex: \"{ODD}\"}}}}}}"),
    ];
    lines.extend(REMOVED.prefixes.iter().map(prefix));
    lines.extend(names.removed_besides(&REMOVED).map(|own| name(&own)));
    lines.extend(REMOVED.names.iter().copied().map(name));
    lines
}

fn copy(names: &HeaderNames) -> Vec<String> {
    let mut lines = vec!["- {prefix: x-auth-, ignore_case: true}".to_owned()];
    let elsewhere = names
        .claim_headers()
        .map(str::to_ascii_lowercase)
        .filter(|name| !name.starts_with("x-auth-"));
    lines.extend(elsewhere.map(|name| exact(&name, ", ignore_case: true")));
    lines.extend(websocket(names));
    lines
}

/// Returns a comment on what Envoy cannot do, if tokens may be in `Sec-WebSocket-Protocol`.
fn websocket(names: &HeaderNames) -> Option<String> {
    let text = "# Envoy does not put x-auth-websocket-protocol in place of sec-websocket-protocol: the application sees the token.";
    names.websocket().then(|| text.to_owned())
}

fn exact(name: &str, options: &str) -> String {
    format!(
        "- {{exact: {}{options}}}",
        scalar(&name.to_ascii_lowercase())
    )
}
