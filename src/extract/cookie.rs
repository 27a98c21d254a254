//! A token in a cookie (RFC 6265 section 4.2).

use super::Found;
use crate::domain::{Denial, Field, HeaderFields, Reason};

/// Looks for a token in the cookie of this name; an empty cookie is no token.
///
/// Two cookies of the name with different values are ambiguous: which one a server takes differs from server to server,
/// and a neighbouring subdomain can plant the second.
pub(super) fn look<'a>(fields: &'a dyn HeaderFields, name: &str) -> Result<Found<'a>, Denial> {
    let value = match fields.field("cookie") {
        Field::Absent => return Ok(Found::Nothing),
        Field::Once(value) => value,
        Field::Repeated => return Err(Reason::TokenAmbiguous.into()),
    };
    let mut tokens = value.split(|byte| *byte == b';').filter_map(|pair| value_of(pair.trim_ascii(), name.as_bytes()));
    let Some(token) = tokens.next() else { return Ok(Found::Nothing) };
    if tokens.any(|other| other != token) {
        return Err(Reason::TokenAmbiguous.into());
    }
    Ok(if token.is_empty() { Found::Nothing } else { Found::Token(token) })
}

fn value_of<'a>(pair: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    pair.strip_prefix(name)?.strip_prefix(b"=")
}
