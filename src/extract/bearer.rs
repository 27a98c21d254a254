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
    let Some((head, tail)) = value.split_at_checked(scheme.len()) else { return Ok(Found::OtherScheme) };
    match tail.first() {
        _ if !head.eq_ignore_ascii_case(scheme.as_bytes()) => Ok(Found::OtherScheme),
        None | Some(b' ') => Ok(Found::Token(without_leading_spaces(tail))),
        // A tab is no separator here; with the scheme in front it can only be a broken token.
        Some(b'\t') => Err(Reason::TokenMalformed.into()),
        Some(_) => Ok(Found::OtherScheme),
    }
}

/// Spaces only: any other blank is part of the token, which is malformed then.
fn without_leading_spaces(value: &[u8]) -> &[u8] {
    let spaces = value.iter().take_while(|byte| **byte == b' ').count();
    value.get(spaces..).unwrap_or_default()
}
