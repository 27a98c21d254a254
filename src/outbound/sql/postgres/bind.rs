//! Values for parameters, by the types that the prepared statement has for them.

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgTypeInfo, Postgres};
use sqlx::{Arguments, Encode, Type};

use crate::outbound::sql::description::refuse_other_number;
use crate::outbound::sql::sql_error::SqlError;

const INT8: u32 = 20;
const INT2: u32 = 21;
const INT4: u32 = 23;
const TEXT: u32 = 25;
const VARCHAR: u32 = 1043;
const UUID: u32 = 2950;

/// A UUID, of which sqlx knows no type without another crate.
struct Uuid([u8; 16]);

impl Type<Postgres> for Uuid {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(UUID))
    }
}

impl Encode<'_, Postgres> for Uuid {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buffer.extend_from_slice(&self.0);
        Ok(IsNull::No)
    }
}

/// Returns these values as arguments of these types.
///
/// Fails with [`SqlError::NoSuchValue`] if a value is not written as its type writes it: ` 1`, `+1`
/// and `01` are other subjects than `1`.
pub(super) fn arguments(
    types: &[PgTypeInfo],
    values: &[Box<str>],
) -> Result<PgArguments, SqlError> {
    refuse_other_number(types.len(), values.len())?;
    check_types(types)?;
    let mut arguments = PgArguments::default();
    for (type_info, value) in types.iter().zip(values) {
        let added = match oid(type_info) {
            INT2 => arguments.add(canonical::<i16>(value)?),
            INT4 => arguments.add(canonical::<i32>(value)?),
            INT8 => arguments.add(canonical::<i64>(value)?),
            UUID => arguments.add(Uuid(uuid(value).ok_or(SqlError::NoSuchValue)?)),
            _ => arguments.add(&**value),
        };
        added.map_err(|_| SqlError::NoSuchValue)?;
    }
    Ok(arguments)
}

/// Fails with [`SqlError::Query`] if a parameter has a type for which no value can be bound.
pub(super) fn check_types(types: &[PgTypeInfo]) -> Result<(), SqlError> {
    for (position, type_info) in types.iter().enumerate() {
        if !matches!(oid(type_info), INT2 | INT4 | INT8 | TEXT | VARCHAR | UUID) {
            let (number, name) = (position + 1, type_name(type_info));
            let numbers = ["numeric", "float4", "float8", "oid", "money"];
            let cast = if numbers.contains(&name.as_str()) {
                "bigint"
            } else {
                "text"
            };
            let message = format!("parameter ${number} has the type {name}");
            let hint = format!(
                "cast it: ${number}::{cast}; there is text, varchar, smallint, integer, bigint and uuid"
            );
            return Err(SqlError::query(message, Some(hint)));
        }
    }
    Ok(())
}

/// Returns the name of a type as `PostgreSQL` writes it.
pub(super) fn type_name(type_info: &PgTypeInfo) -> String {
    type_info.to_string().to_ascii_lowercase()
}

fn oid(type_info: &PgTypeInfo) -> u32 {
    type_info.oid().map_or(0, |oid| oid.0)
}

fn canonical<T: std::str::FromStr + ToString>(text: &str) -> Result<T, SqlError> {
    let number = text.parse::<T>().ok();
    number
        .filter(|number| number.to_string() == text)
        .ok_or(SqlError::NoSuchValue)
}

/// Parses a UUID in the one form that `PostgreSQL` writes: lower case, with four hyphens.
fn uuid(text: &str) -> Option<[u8; 16]> {
    if text.len() != 36 {
        return None;
    }
    let mut bytes = [0; 16];
    let mut nibbles = 0_usize;
    for (position, character) in text.bytes().enumerate() {
        if matches!(position, 8 | 13 | 18 | 23) {
            if character != b'-' {
                return None;
            }
            continue;
        }
        let value = match character {
            b'0'..=b'9' => character - b'0',
            b'a'..=b'f' => character - b'a' + 10,
            _ => return None,
        };
        let byte = bytes.get_mut(nibbles / 2)?;
        *byte = *byte << 4 | value;
        nibbles += 1;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_bound(oid: u32, value: &str) -> bool {
        arguments(&[PgTypeInfo::with_oid(Oid(oid))], &[value.into()]).is_ok()
    }

    #[test]
    fn values_are_bound_only_in_their_own_spelling() {
        for (oid, value, expected) in [
            (INT4, "42", true),
            (INT4, "-1", true),
            (INT4, "+42", false),
            (INT4, " 42", false),
            (INT4, "042", false),
            (INT4, "-0", false),
            (INT4, "4e1", false),
            (INT4, "42.0", false),
            (INT4, "abc", false),
            (INT4, "", false),
            (INT4, "2147483648", false),
            (INT8, "2147483648", true),
            (INT2, "32768", false),
            (INT8, &"9".repeat(40), false),
            (TEXT, "' OR 1=1 --", true),
            (VARCHAR, "", true),
            (UUID, "67e55044-10b1-426f-9247-bb680e5fe0c8", true),
            (UUID, "67E55044-10b1-426f-9247-bb680e5fe0c8", false),
            (UUID, "67e5504410b1426f9247bb680e5fe0c8", false),
            (UUID, "{67e55044-10b1-426f-9247-bb680e5fe0c8}", false),
        ] {
            assert_eq!(is_bound(oid, value), expected, "{oid} {value:?}");
        }
    }

    #[test]
    fn other_types_are_refused_with_a_cast() {
        for (name, cast) in [
            ("numeric", "$1::bigint"),
            ("timestamptz", "$1::text"),
            ("bytea", "$1::text"),
        ] {
            let refused = arguments(&[PgTypeInfo::with_name(name)], &["1".into()]);
            let Err(SqlError::Query { hint, .. }) = refused else {
                panic!("{name} is bound");
            };
            assert!(hint.unwrap().contains(cast), "{name}");
        }
    }

    proptest! {
        #[test]
        fn a_number_has_one_spelling(number in any::<i64>(), text in "[ +0-9.eE-]{0,20}") {
            prop_assert!(is_bound(INT8, &number.to_string()));
            if is_bound(INT8, &text) {
                prop_assert_eq!(text.parse::<i64>().unwrap().to_string(), text);
            }
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            for oid in [INT2, INT4, INT8, UUID, TEXT] {
                let _ = is_bound(oid, &text);
            }
        }
    }
}
