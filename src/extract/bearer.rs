//! A token behind a scheme: `Authorization: Bearer TOKEN` (RFC 6750 section 2.1).

use super::Found;
use crate::domain::{Denial, Field, HeaderFields, Reason};

/// Looks for `SCHEME TOKEN` in a header field; the scheme is compared without regard to case (RFC 9110 section 11.1).
///
/// Scheme and token are separated by one or more spaces and by nothing else.
pub(super) fn look<'a>(fields: &'a dyn HeaderFields, name: &str, scheme: &str) -> Result<Found<'a>, Denial> {
    let value = match fields.field(name) {
        Field::Absent | Field::Once(b"") => return Ok(Found::Nothing),
        Field::Once(value) => value,
        // A backend may read the other one.
        Field::Repeated => return Err(Reason::TokenAmbiguous.into()),
    };
    match value.split_at_checked(scheme.len()) {
        Some((head, tail)) if head.eq_ignore_ascii_case(scheme.as_bytes()) => match tail.first() {
            None | Some(b' ') => Ok(Found::Token(without_leading_spaces(tail))),
            Some(_) => other_scheme(value),
        },
        _ => other_scheme(value),
    }
}

/// What is no scheme may be this one to a server that takes a tab or another blank for a space, or away from the front.
fn other_scheme(value: &[u8]) -> Result<Found<'_>, Denial> {
    let mut scheme = value.iter().take_while(|byte| **byte != b' ');
    let is_scheme = !value.starts_with(b" ") && scheme.all(u8::is_ascii_graphic);
    if is_scheme { Ok(Found::OtherScheme) } else { Err(Reason::TokenMalformed.into()) }
}

/// Spaces only: any other blank is part of the token, which is malformed then.
fn without_leading_spaces(value: &[u8]) -> &[u8] {
    let spaces = value.iter().take_while(|byte| **byte == b' ').count();
    value.get(spaces..).unwrap_or_default()
}
