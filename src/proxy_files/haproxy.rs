//! The lines for `HAProxy`: `http-request` rules, and the tables of the script.

use super::early_removal::EarlyRemoval;
use super::{Block, HeaderNames, Proxy};

const SCRIPT: &str = "doorward.lua, at its beginning";

/// The headers that the fixed lines remove.
pub(super) const REMOVED: EarlyRemoval = EarlyRemoval {
    prefixes: &["x-auth-", "x-forwarded-", "x-original-", "x-http-method"],
    names: &[
        "remote-user",
        "x-real-ip",
        "forwarded",
        "x-rewrite-url",
        "x-method-override",
    ],
};

/// Returns the lines for `HAProxy`.
pub(super) fn blocks(names: &HeaderNames) -> Vec<Block> {
    let block = |name, place, lines| Block::new(Proxy::Haproxy, name, place, lines);
    let asked = table("asked_with", names.request_headers());
    let copied = table("identity", names.claim_headers());
    vec![
        block("remove", "haproxy.cfg, frontend web", remove(names)),
        block("ask", SCRIPT, vec![asked]).commented_by("--"),
        block("copy", SCRIPT, vec![copied]).commented_by("--"),
    ]
}

fn remove(names: &HeaderNames) -> Vec<String> {
    let line = |name: &str| format!("http-request del-header {name}");
    let mut lines = vec![
        "# X_Auth_Subject is X-Auth-Subject to CGI, WSGI and many frameworks, and HAProxy passes it on: a name with anything but".to_owned(),
        "# letters, digits and hyphens goes. The other lines are for names that are spelled as usual.".to_owned(),
        line("[^a-zA-Z0-9-] -m reg"),
    ];
    lines.extend(
        REMOVED
            .prefixes
            .iter()
            .map(|prefix| line(&format!("{prefix} -m beg"))),
    );
    lines.extend(names.removed_besides(&REMOVED).map(|name| line(&name)));
    lines.extend(REMOVED.names.iter().copied().map(line));
    lines
}

fn table<'a>(variable: &str, names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<_> = names
        .map(|name| format!("\"{}\"", name.to_ascii_lowercase()))
        .collect();
    format!("local {variable} = {{ {} }}", names.join(", "))
}
