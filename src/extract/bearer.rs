//! A token behind a scheme: `Authorization: Bearer TOKEN` (RFC 6750 section 2.1).

use super::found::Found;
use crate::domain::{Denial, Field, HeaderFields, Reason};

const SCHEME: &str = "bearer";

/// Looks for `Authorization: Bearer TOKEN`. One word alone is no credential: that is a scheme and
/// something behind it (RFC 9110 section 11.4).
pub(super) fn find_in_authorization(fields: &dyn HeaderFields) -> Result<Found<'_>, Denial> {
    let Some(value) = only_value(fields, "authorization")? else {
        return Ok(Found::Nothing);
    };
    match split(value, SCHEME) {
        Ok(Found::Token(token))
            if token
                .first()
                .is_some_and(|byte| !byte.is_ascii_whitespace()) =>
        {
            Ok(Found::Token(token))
        }
        found => unless_one_word(value.trim_ascii(), found),
    }
}

/// What was found, if there are two words for it.
fn unless_one_word<'a>(text: &[u8], found: Result<Found<'a>, Denial>) -> Result<Found<'a>, Denial> {
    match text {
        // A server that strips blanks gets an empty field, and so do we from most proxies.
        b"" => Ok(Found::Nothing),
        _ if text.iter().any(u8::is_ascii_whitespace) => found,
        // The client meant this source, whatever another one holds.
        _ if text.eq_ignore_ascii_case(SCHEME.as_bytes()) => {
            Err(Reason::AuthorizationMalformed.into())
        }
        // A server may take a byte that is no letter of a scheme for the blank behind it, and a
        // token for what follows.
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

/// The value of the field, unless it is absent or empty.
fn only_value<'a>(fields: &'a dyn HeaderFields, name: &str) -> Result<Option<&'a [u8]>, Denial> {
    match fields.field(name) {
        Field::Absent | Field::Once(b"") => Ok(None),
        Field::Once(value) => Ok(Some(value)),
        // A backend may read the other one.
        Field::Repeated => Err(Reason::TokenAmbiguous.into()),
    }
}

/// Takes `SCHEME TOKEN` apart; the scheme is compared without regard to case (RFC 9110 section
/// 11.1).
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

/// What is no scheme may be this one to a server that takes a tab or another blank for a space, or
/// away from the front.
fn other_scheme(value: &[u8]) -> Result<Found<'_>, Denial> {
    let mut scheme = value.iter().take_while(|byte| **byte != b' ');
    let is_scheme = !value.starts_with(b" ") && scheme.all(u8::is_ascii_graphic);
    if is_scheme {
        Ok(Found::OtherScheme)
    } else {
        Err(Reason::TokenMalformed.into())
    }
}

/// Spaces only: any other blank is part of the token, which is malformed then.
fn without_leading_spaces(value: &[u8]) -> &[u8] {
    let spaces = value.iter().take_while(|byte| **byte == b' ').count();
    value.get(spaces..).unwrap_or_default()
}
