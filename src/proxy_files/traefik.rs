//! The lines for Traefik: `forwardAuth`, and the middleware that runs before it.

use super::removed::{REQUEST_LINES, USERS};
use super::yaml::{list, scalar};
use super::{Block, HeaderNames, Proxy};

/// The places of the middlewares.
const FORWARD_AUTH: &str =
    "dynamic.yml, forwardAuth of the middleware doorward; in Kubernetes in middlewares.yaml";
const REQUEST_LINE: &str =
    "dynamic.yml, headers of the middleware request-line; in Kubernetes in middlewares.yaml";

/// Returns the lines for Traefik.
pub(super) fn blocks(names: &HeaderNames) -> Vec<Block> {
    let block = |name, place, lines| Block::new(Proxy::Traefik, name, place, lines);
    let pattern = response_pattern(names);
    vec![
        block(
            "ask",
            FORWARD_AUTH,
            list("authRequestHeaders", names.request_headers()),
        ),
        block("copy", FORWARD_AUTH, copy(names, &pattern)),
        block("remove", REQUEST_LINE, remove(names)),
        block(
            "labels",
            "the labels of the doorward container, where Docker is the provider",
            labels(names, &pattern),
        ),
    ]
}

fn copy(names: &HeaderNames, pattern: &str) -> Vec<String> {
    let mut lines = vec![format!("authResponseHeadersRegex: {pattern}")];
    if names.websocket() {
        lines.push(
            "# Traefik cannot put X-Auth-WebSocket-Protocol in place of Sec-WebSocket-Protocol:"
                .to_owned(),
        );
        lines.push("# the application sees the token there.".to_owned());
    }
    lines
}

/// Returns the pattern of the response headers that reach the application. Traefik removes request
/// headers that match, and then sets those of doorward's response. It compares names in Go's
/// canonical spelling, so the case that a client wrote does not matter.
fn response_pattern(names: &HeaderNames) -> String {
    let elsewhere = names.claim_headers().chain(removed_by_response(names));
    let spellings =
        elsewhere.flat_map(|name| [canonical(name), canonical(&name.replace('_', "-"))]);
    let mut patterns = vec!["^X-Auth-".to_owned()];
    for name in spellings.filter(|name| !name.starts_with("X-Auth-")) {
        let pattern = format!("^{name}$");
        if !patterns.contains(&pattern) {
            patterns.push(pattern);
        }
    }
    patterns.join("|")
}

/// Returns the headers that the middleware `request-line` removes before doorward is asked. Traefik
/// writes the other forwarded headers itself.
fn removed_first<'a>() -> impl Iterator<Item = &'a str> {
    USERS.into_iter().chain(REQUEST_LINES).chain(["Forwarded"])
}

/// Returns the token headers that `request-line` would remove before doorward could read them. They
/// are removed by the response pattern instead.
fn removed_by_response(names: &HeaderNames) -> impl Iterator<Item = &str> {
    removed_first().filter(move |name| names.is_sent(name))
}

fn remove(names: &HeaderNames) -> Vec<String> {
    let stays = |name: &&str| !names.is_claim_header(name) && !names.is_sent(name);
    let removed = removed_first().filter(stays);
    let lines = removed.map(|name| format!("  {}: \"\"", scalar(name)));
    // An empty value removes the client's header.
    std::iter::once("customRequestHeaders:".to_owned())
        .chain(lines)
        .collect()
}

fn labels(names: &HeaderNames, pattern: &str) -> Vec<String> {
    let asked: Vec<_> = names.request_headers().collect();
    let label = |option: &str, value: &str| {
        format!("traefik.http.middlewares.doorward.forwardauth.{option}: {value}")
    };
    vec![
        label("authrequestheaders", &asked.join(",")),
        // Compose would take a single `$` for a variable.
        label("authresponseheadersregex", &pattern.replace('$', "$$")),
    ]
}

/// Converts a name to Go's canonical spelling (`textproto.CanonicalMIMEHeaderKey`): capitals at the
/// beginning and after hyphens.
fn canonical(name: &str) -> String {
    let mut at_start = true;
    let letters = name.chars().map(|letter| {
        let own = if at_start {
            letter.to_ascii_uppercase()
        } else {
            letter.to_ascii_lowercase()
        };
        at_start = letter == '-';
        own
    });
    letters.collect()
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn names_have_the_canonical_spelling_of_go() {
        for (name, spelled) in [
            ("x-user-id", "X-User-Id"),
            ("X_User_Id", "X_user_id"),
            ("X-USER_id", "X-User_id"),
        ] {
            assert_eq!(canonical(name), spelled);
        }
    }
}
