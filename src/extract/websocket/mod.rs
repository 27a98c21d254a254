//! A token among the subprotocols of a WebSocket handshake (RFC 6455 section 4.1), the only header
//! field of it that a browser lets a page set.

#[cfg(test)]
mod tests;

use super::found::{Found, is_token};
use crate::domain::{Denial, HeaderFields, Reason};

pub(super) const FIELD: &str = "sec-websocket-protocol";

/// The protocol that the token follows in the list.
const BEARER: &str = "bearer";

/// The prefix that Kubernetes puts in front of a token in base64url.
const ENCODED: &str = "base64url.bearer.authorization.k8s.io.";

/// Looks for `bearer, TOKEN`, or for a token in the form of Kubernetes.
pub(super) fn find(fields: &dyn HeaderFields) -> Result<Found<'_>, Denial> {
    let credential = read(fields, |_| ())?;
    Ok(
        credential.map_or(Found::Nothing, |credential| match credential {
            Credential::Plain(token) => Found::Token(token.as_bytes()),
            Credential::Encoded(text) => Found::Base64url(text),
        }),
    )
}

/// Returns the protocols that are not part of a token, as a list. It is empty if the list cannot be
/// parsed, because a server behind this one might read it in another way.
pub(super) fn without_token(fields: &dyn HeaderFields) -> String {
    let mut list = String::new();
    let credential = read(fields, |protocol| {
        list.push_str(if list.is_empty() { "" } else { ", " });
        list.push_str(protocol);
    });
    if credential.is_ok() {
        list
    } else {
        String::new()
    }
}

/// A token in one of its two forms.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Credential<'a> {
    Plain(&'a str),
    Encoded(&'a str),
}

/// Parses the list: returns the credential in it, and passes everything else to `other`.
///
/// It is a strict list of `token` (RFC 9110 section 5.6.2), so that each element is fit for a
/// header again. It may be split into several lines (RFC 6455 section 11.3.4).
fn read<'a>(
    fields: &'a dyn HeaderFields,
    mut other: impl FnMut(&'a str),
) -> Result<Option<Credential<'a>>, Reason> {
    let lines = fields.lines(FIELD).ok_or(Reason::TokenAmbiguous)?;
    let lines = lines
        .into_iter()
        .filter(|line| !line.is_empty())
        .map(std::str::from_utf8);
    let lines: Vec<_> = lines
        .collect::<Result<_, _>>()
        .map_err(|_| Reason::TokenMalformed)?;
    let mut protocols = lines
        .into_iter()
        .flat_map(|line| line.split(','))
        .map(protocol);
    let mut found = None;
    while let Some(protocol) = protocols.next().transpose()? {
        let credential = if is_bearer(protocol) {
            let token = protocols
                .next()
                .transpose()?
                .filter(|token| !is_bearer(token));
            Credential::Plain(token.ok_or(Reason::TokenMalformed)?)
        } else if let Some(text) = encoded(protocol) {
            Credential::Encoded(text)
        } else {
            other(protocol);
            continue;
        };
        // A server that reads only one of the forms must not see another token.
        if found.is_some_and(|earlier| earlier != credential) {
            return Err(Reason::TokenAmbiguous);
        }
        found = Some(credential);
    }
    Ok(found)
}

fn protocol(element: &str) -> Result<&str, Reason> {
    let protocol = element.trim_matches([' ', '\t']);
    if is_token(protocol) {
        Ok(protocol)
    } else {
        Err(Reason::TokenMalformed)
    }
}

fn is_bearer(protocol: &str) -> bool {
    protocol.eq_ignore_ascii_case(BEARER)
}

fn encoded(protocol: &str) -> Option<&str> {
    let (prefix, text) = protocol.split_at_checked(ENCODED.len())?;
    prefix.eq_ignore_ascii_case(ENCODED).then_some(text)
}
