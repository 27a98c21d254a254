//! A token after a scheme: `Authorization: Bearer TOKEN` (RFC 6750 section 2.1).

use super::found::Found;
use crate::domain::{Denial, Field, HeaderFields, Reason};

/// Looks for `Authorization: Bearer TOKEN`.
pub(super) fn find_in_authorization(fields: &dyn HeaderFields) -> Result<Found<'_>, Denial> {
    let Some(value) = only_value(fields, "authorization")? else {
        return Ok(Found::Nothing);
    };
    // Nearly all clients write it like this. Any other spelling is compared letter by letter.
    match value.strip_prefix(b"Bearer ") {
        Some(token) if token.first().is_some_and(u8::is_ascii_graphic) => Ok(Found::Token(token)),
        _ => find_scheme(value, "bearer"),
    }
}

/// Looks for `Authorization: SCHEME TOKEN`; the scheme is in lower case.
pub(super) fn find_scheme_in_authorization<'a>(
    fields: &'a dyn HeaderFields,
    scheme: &str,
) -> Result<Found<'a>, Denial> {
    only_value(fields, "authorization")?
        .map_or(Ok(Found::Nothing), |value| find_scheme(value, scheme))
}

/// Splits the value of `Authorization`. One word alone is not a credential, which is a scheme
/// followed by something (RFC 9110 section 11.4).
fn find_scheme<'a>(value: &'a [u8], scheme: &str) -> Result<Found<'a>, Denial> {
    match split(value, scheme) {
        Ok(Found::Token(token))
            if token
                .first()
                .is_some_and(|byte| !byte.is_ascii_whitespace()) =>
        {
            Ok(Found::Token(token))
        }
        found => unless_one_word(value.trim_ascii(), scheme, found),
    }
}

/// Returns `found` if the text has at least two words.
fn unless_one_word<'a>(
    text: &[u8],
    scheme: &str,
    found: Result<Found<'a>, Denial>,
) -> Result<Found<'a>, Denial> {
    match text {
        // A server that strips blanks gets an empty field. Most proxies send us one.
        b"" => Ok(Found::Nothing),
        _ if text.iter().any(u8::is_ascii_whitespace) => found,
        // The client named this source, so a token in another source does not count.
        _ if text.eq_ignore_ascii_case(scheme.as_bytes()) => {
            Err(Reason::AuthorizationMalformed.into())
        }
        // A server may read a byte that no scheme can contain as the space after the scheme, and
        // what follows as a token.
        _ if !text.iter().all(u8::is_ascii_graphic) => Err(Reason::AuthorizationMalformed.into()),
        _ => Ok(Found::OneWord),
    }
}

/// Looks for `SCHEME TOKEN` in a header field.
pub(super) fn find<'a>(
    fields: &'a dyn HeaderFields,
    name: &str,
    scheme: &str,
) -> Result<Found<'a>, Denial> {
    only_value(fields, name)?.map_or(Ok(Found::Nothing), |value| split(value, scheme))
}

/// Returns the value of the field; `None` if it is absent or empty.
fn only_value<'a>(fields: &'a dyn HeaderFields, name: &str) -> Result<Option<&'a [u8]>, Denial> {
    match fields.field(name) {
        Field::Absent | Field::Once(b"") => Ok(None),
        Field::Once(value) => Ok(Some(value)),
        // The application may read the other one.
        Field::Repeated => Err(Reason::TokenAmbiguous.into()),
    }
}

/// Splits `SCHEME TOKEN`; the scheme is compared case-insensitively (RFC 9110 section 11.1).
///
/// Scheme and token are separated by one or more spaces and by nothing else.
fn split<'a>(value: &'a [u8], scheme: &str) -> Result<Found<'a>, Denial> {
    match value.split_at_checked(scheme.len()) {
        Some((head, tail)) if head.eq_ignore_ascii_case(scheme.as_bytes()) => match tail.first() {
            None | Some(b' ') => Ok(Found::Token(without_leading_spaces(tail))),
            Some(_) => other_scheme(value),
        },
        _ => other_scheme(value),
    }
}

/// Returns [`Found::OtherScheme`] if the value begins with a scheme.
///
/// Fails otherwise: a server that takes a tab or another blank for a space, or strips it from the
/// front, may read the expected scheme there.
fn other_scheme(value: &[u8]) -> Result<Found<'_>, Denial> {
    let mut scheme = value.iter().take_while(|byte| **byte != b' ');
    let is_scheme = !value.starts_with(b" ") && scheme.all(u8::is_ascii_graphic);
    if is_scheme {
        Ok(Found::OtherScheme)
    } else {
        Err(Reason::TokenMalformed.into())
    }
}

/// Removes leading spaces only: any other blank is part of the token, which is then malformed.
fn without_leading_spaces(value: &[u8]) -> &[u8] {
    let spaces = value.iter().take_while(|byte| **byte == b' ').count();
    value.get(spaces..).unwrap_or_default()
}
