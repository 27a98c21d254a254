//! A token that is the whole value of a header field.

use super::found::Found;
use crate::domain::{Denial, Field, HeaderFields, Reason};

/// Looks for a token in a header field; an empty field is no token.
pub(super) fn find<'a>(fields: &'a dyn HeaderFields, name: &str) -> Result<Found<'a>, Denial> {
    match fields.field(name) {
        Field::Absent | Field::Once(b"") => Ok(Found::Nothing),
        Field::Once(value) => Ok(Found::Token(value)),
        Field::Repeated => Err(Reason::TokenAmbiguous.into()),
    }
}
