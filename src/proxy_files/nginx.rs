//! The lines for nginx: `auth_request`, and the headers that the application gets.

use super::removed::{FORWARDED, IDENTITIES, REQUEST_LINES, USERS, is_listed, unmapped};
use super::{Block, HeaderNames, Proxy};

/// The greatest length of the name of a header or a variable. A longer one does not fit into a
/// bucket of nginx's hash tables, which have 64 bytes by default, and nginx would not start.
const LONGEST: usize = 46;

/// Returns the lines for nginx.
pub(super) fn blocks(names: &HeaderNames) -> Vec<Block> {
    let block = |name, place, lines| Block::new(Proxy::Nginx, name, place, lines);
    vec![
        block("ask", "doorward.conf, location /_doorward", ask(names)),
        block("copy", "snippets/doorward-headers.conf", copy(names)),
        block("remove", "snippets/doorward-headers.conf", remove(names)),
        block(
            "websocket",
            "snippets/doorward-headers.conf",
            websocket(names),
        ),
    ]
}

fn ask(names: &HeaderNames) -> Vec<String> {
    let set = names.request_headers().map(|name| {
        (
            "proxy_set_header",
            name.to_owned(),
            format!("$http_{}", folded(name)),
        )
    });
    // The client's own X-Real-IP does not get here: this line is the only one for the name.
    let client = (
        "proxy_set_header",
        "X-Real-IP".to_owned(),
        "$remote_addr".to_owned(),
    );
    aligned(set.chain([client]).collect())
}

fn copy(names: &HeaderNames) -> Vec<String> {
    let mapped = || names.claim_headers().enumerate();
    let read = mapped().map(|(at, name)| {
        (
            "auth_request_set",
            variable(at, name),
            format!("$upstream_http_{}", folded(name)),
        )
    });
    let set = mapped().map(|(at, name)| ("proxy_set_header", name.to_owned(), variable(at, name)));
    let needs_room = names.claim_headers().any(|name| name.len() > LONGEST);
    let room = needs_room.then(|| "proxy_headers_hash_bucket_size 256;".to_owned());
    let lines = room
        .into_iter()
        .chain(aligned(read.collect()))
        .chain(aligned(set.collect()));
    lines.chain(tokens(names)).collect()
}

/// Returns lines that pass token headers on to the application. Before nginx 1.23 a variable has
/// the first of several fields with the same name. doorward sees that one, so the application must
/// not see another.
fn tokens(names: &HeaderNames) -> Vec<String> {
    let passed = names
        .token_headers()
        .filter(|name| !names.is_claim_header(name) && !is_listed(name));
    let set: Vec<_> = passed
        .map(|name| {
            (
                "proxy_set_header",
                name.to_owned(),
                format!("$http_{}", folded(name)),
            )
        })
        .collect();
    if set.is_empty() {
        return Vec::new();
    }
    let comment =
        "# The application gets the very field that doorward was asked with, and no second one.";
    [vec![comment.to_owned()], aligned(set)].concat()
}

fn remove(names: &HeaderNames) -> Vec<String> {
    let blank = |list: &[&str]| {
        let blanks = unmapped(names, list).into_iter();
        aligned(
            blanks
                .map(|name| ("proxy_set_header", name.to_owned(), "\"\"".to_owned()))
                .collect(),
        )
    };
    // nginx itself drops names with underscores.
    let hyphenated: Vec<_> = names.hyphenated().collect();
    let hyphenated: Vec<_> = hyphenated
        .iter()
        .map(String::as_str)
        .filter(|name| !is_listed(name))
        .collect();
    let comment = "# Headers by which some frameworks serve another path or method than the one in the request line, which is \
                   the one that doorward checks.";
    let identities = blank(&[IDENTITIES.as_slice(), &hyphenated, &USERS, &FORWARDED].concat());
    [identities, vec![comment.to_owned()], blank(&REQUEST_LINES)].concat()
}

fn websocket(names: &HeaderNames) -> Vec<String> {
    let sign = if names.websocket() { "" } else { "#" };
    vec![
        format!(
            "{sign}auth_request_set $doorward_protocols $upstream_http_x_auth_websocket_protocol;"
        ),
        format!("{sign}proxy_set_header Sec-WebSocket-Protocol $doorward_protocols;"),
    ]
}

/// Returns the name of a variable for the value of a header. No variable of the shipped files
/// begins like this.
fn variable(at: usize, name: &str) -> String {
    let readable = format!("$doorward_claim_{}", folded(name));
    if readable.len() - 1 <= LONGEST {
        readable
    } else {
        format!("$doorward_long_claim_{at}")
    }
}

/// Returns the form that a header name has in the name of an nginx variable.
fn folded(name: &str) -> String {
    name.to_ascii_lowercase().replace('-', "_")
}

/// Formats directives of two arguments, with the second arguments in one column.
fn aligned(lines: Vec<(&str, String, String)>) -> Vec<String> {
    let width = lines
        .iter()
        .map(|(_, first, _)| first.len())
        .max()
        .unwrap_or_default();
    lines
        .into_iter()
        .map(|(directive, first, second)| format!("{directive} {first:width$} {second};"))
        .collect()
}
