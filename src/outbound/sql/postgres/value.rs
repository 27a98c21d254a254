//! Values of `PostgreSQL`, in their binary form.

use chrono::{DateTime, NaiveTime};
use sqlx::ValueRef;
use sqlx::postgres::{PgTypeInfo, PgTypeKind, PgValueRef};

use super::numeric;
use crate::outbound::sql::json_row::{
    Unrendered, push_bytes, push_date, push_date_time, push_double, push_instant, push_json,
    push_plain, push_quoted, push_single, push_time,
};

/// The form of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Truth,
    Whole,
    Single,
    Double,
    Numeric,
    Text,
    Json,
    /// JSON behind one byte for the version.
    JsonBinary,
    Uuid,
    Date,
    Time,
    DateTime,
    Instant,
}

/// Microseconds and days from 1970 to 2000, where the counting of `PostgreSQL` begins.
const EPOCH_MICROS: i64 = 946_684_800_000_000;
const EPOCH_DAYS: i64 = 10_957;
const DAY_SECONDS: i64 = 86_400;

/// The greatest number of dimensions of an array, as in `PostgreSQL`.
const MAX_DIMENSIONS: usize = 6;

/// Returns `true` if values of this type can be rendered.
pub(super) fn is_known(type_info: &PgTypeInfo) -> bool {
    element(type_info).is_some() || form(type_info).is_some()
}

/// Appends a value that is not NULL.
pub(super) fn push(out: &mut String, value: &PgValueRef<'_>) -> Result<(), Unrendered> {
    let bytes = value.as_bytes().map_err(|_| Unrendered::Value)?;
    let type_info = value.type_info();
    if let Some(form) = element(&type_info) {
        return push_array(out, form, bytes);
    }
    push_scalar(out, form(&type_info).ok_or(Unrendered::Type)?, bytes)
}

/// Returns the form of a type that is no array.
fn form(type_info: &PgTypeInfo) -> Option<Form> {
    let by_number = match type_info.oid().map_or(0, |oid| oid.0) {
        16 => Form::Truth,
        20 | 21 | 23 => Form::Whole,
        700 => Form::Single,
        701 => Form::Double,
        1700 => Form::Numeric,
        // text, varchar, bpchar, name
        25 | 1043 | 1042 | 19 => Form::Text,
        114 => Form::Json,
        3802 => Form::JsonBinary,
        2950 => Form::Uuid,
        1082 => Form::Date,
        1083 => Form::Time,
        1114 => Form::DateTime,
        1184 => Form::Instant,
        _ => return custom(type_info),
    };
    Some(by_number)
}

/// Returns the form of a type that is not built in.
fn custom(type_info: &PgTypeInfo) -> Option<Form> {
    match type_info.kind() {
        PgTypeKind::Enum(_) => Some(Form::Text),
        PgTypeKind::Domain(base) => form(base),
        _ if type_info.to_string().eq_ignore_ascii_case("citext") => Some(Form::Text),
        _ => None,
    }
}

/// Returns the form of the elements, if the type is an array.
fn element(type_info: &PgTypeInfo) -> Option<Form> {
    match type_info.kind() {
        PgTypeKind::Array(element) => form(element),
        _ => None,
    }
}

fn push_scalar(out: &mut String, form: Form, bytes: &[u8]) -> Result<(), Unrendered> {
    match form {
        Form::Truth => push_plain(out, fixed::<1>(bytes)? != [0]),
        Form::Whole => push_plain(out, whole(bytes)?),
        Form::Single => push_single(out, f32::from_be_bytes(fixed(bytes)?))?,
        Form::Double => push_double(out, f64::from_be_bytes(fixed(bytes)?))?,
        Form::Numeric => numeric::push(out, bytes)?,
        Form::Text => push_bytes(out, bytes)?,
        Form::Json => push_json(out, bytes)?,
        Form::JsonBinary => match bytes {
            [1, json @ ..] => push_json(out, json)?,
            _ => return Err(Unrendered::Value),
        },
        Form::Uuid => {
            let digits = format!("{:032x}", u128::from_be_bytes(fixed(bytes)?));
            let part = |range| digits.get(range).unwrap_or_default();
            let ends = [0..8, 8..12, 12..16, 16..20, 20..32];
            push_quoted(out, ends.map(part).join("-"));
        }
        Form::Date => {
            let days = i64::from(i32::from_be_bytes(fixed(bytes)?)) + EPOCH_DAYS;
            let at = DateTime::from_timestamp(days * DAY_SECONDS, 0).ok_or(Unrendered::Value)?;
            push_date(out, at.date_naive())?;
        }
        Form::Time => push_time(out, time_of_day(i64::from_be_bytes(fixed(bytes)?))?),
        Form::DateTime => {
            let at = DateTime::from_timestamp_micros(micros(bytes)?).ok_or(Unrendered::Value)?;
            push_date_time(out, at.date_naive(), at.time(), "")?;
        }
        Form::Instant => push_instant(out, micros(bytes)?)?,
    }
    Ok(())
}

fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Unrendered> {
    bytes.try_into().map_err(|_| Unrendered::Value)
}

fn whole(bytes: &[u8]) -> Result<i64, Unrendered> {
    match bytes.len() {
        2 => Ok(i16::from_be_bytes(fixed(bytes)?).into()),
        4 => Ok(i32::from_be_bytes(fixed(bytes)?).into()),
        _ => Ok(i64::from_be_bytes(fixed(bytes)?)),
    }
}

/// Returns microseconds since 1970. The infinities are the ends of the range, and too far away.
fn micros(bytes: &[u8]) -> Result<i64, Unrendered> {
    let since_2000 = i64::from_be_bytes(fixed(bytes)?);
    since_2000
        .checked_add(EPOCH_MICROS)
        .ok_or(Unrendered::Value)
}

fn time_of_day(micros: i64) -> Result<NaiveTime, Unrendered> {
    let seconds = u32::try_from(micros / 1_000_000).map_err(|_| Unrendered::Value)?;
    let nanos = u32::try_from(micros % 1_000_000 * 1000).map_err(|_| Unrendered::Value)?;
    NaiveTime::from_num_seconds_from_midnight_opt(seconds, nanos).ok_or(Unrendered::Value)
}

/// Appends an array: the number of dimensions, a flag, the type of the elements, the length and
/// first index of each dimension, and the elements, each behind its length.
fn push_array(out: &mut String, form: Form, bytes: &[u8]) -> Result<(), Unrendered> {
    let mut rest = bytes;
    let dimensions = usize::try_from(next(&mut rest)?).map_err(|_| Unrendered::Value)?;
    let (_has_null, _element) = (next(&mut rest)?, next(&mut rest)?);
    if dimensions > MAX_DIMENSIONS {
        return Err(Unrendered::Value);
    }
    let mut lengths = Vec::with_capacity(dimensions);
    for _ in 0..dimensions {
        lengths.push(usize::try_from(next(&mut rest)?).map_err(|_| Unrendered::Value)?);
        let _first_index = next(&mut rest)?;
    }
    // Each element takes four bytes at least, so the loops end soon.
    let elements = lengths
        .iter()
        .try_fold(1, |product: usize, length| product.checked_mul(*length));
    if lengths.is_empty() || elements == Some(0) {
        out.push_str("[]");
        return Ok(());
    }
    if elements.is_none_or(|elements| elements > rest.len() / 4) {
        return Err(Unrendered::Value);
    }
    push_dimension(out, form, &lengths, &mut rest)
}

fn push_dimension(
    out: &mut String,
    form: Form,
    lengths: &[usize],
    rest: &mut &[u8],
) -> Result<(), Unrendered> {
    out.push('[');
    let (length, inner) = lengths
        .split_first()
        .map_or((0, lengths), |(own, inner)| (*own, inner));
    for position in 0..length {
        if position > 0 {
            out.push(',');
        }
        if !inner.is_empty() {
            push_dimension(out, form, inner, rest)?;
            continue;
        }
        match usize::try_from(next(rest)?) {
            // NULL has the length -1.
            Err(_) => out.push_str("null"),
            Ok(length) => {
                let (element, behind) = rest.split_at_checked(length).ok_or(Unrendered::Value)?;
                push_scalar(out, form, element)?;
                *rest = behind;
            }
        }
    }
    out.push(']');
    Ok(())
}

fn next(rest: &mut &[u8]) -> Result<i32, Unrendered> {
    let (number, behind) = rest.split_first_chunk().ok_or(Unrendered::Value)?;
    *rest = behind;
    Ok(i32::from_be_bytes(*number))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FORMS: [Form; 13] = [
        Form::Truth,
        Form::Whole,
        Form::Single,
        Form::Double,
        Form::Numeric,
        Form::Text,
        Form::Json,
        Form::JsonBinary,
        Form::Uuid,
        Form::Date,
        Form::Time,
        Form::DateTime,
        Form::Instant,
    ];

    fn scalar(form: Form, bytes: &[u8]) -> Result<String, Unrendered> {
        let mut out = String::new();
        push_scalar(&mut out, form, bytes).map(|()| out)
    }

    #[test]
    fn values_have_their_form_in_json() {
        let double = |value: f64| value.to_be_bytes().to_vec();
        for (form, bytes, text) in [
            (Form::Truth, vec![1], "true"),
            (Form::Whole, (-7_i16).to_be_bytes().to_vec(), "-7"),
            (
                Form::Whole,
                i64::MIN.to_be_bytes().to_vec(),
                "-9223372036854775808",
            ),
            (Form::Single, 0.1_f32.to_be_bytes().to_vec(), "0.1"),
            (Form::Double, double(0.1), "0.1"),
            (
                Form::Text,
                b"a\"b\\\n\xc3\xa9".to_vec(),
                "\"a\\\"b\\\\\\u000a\u{e9}\"",
            ),
            (Form::JsonBinary, b"\x01{\"a\":[1]}".to_vec(), "{\"a\":[1]}"),
            (Form::Date, 0_i32.to_be_bytes().to_vec(), "\"2000-01-01\""),
            (
                Form::Time,
                1_500_000_i64.to_be_bytes().to_vec(),
                "\"00:00:01.500\"",
            ),
            (
                Form::DateTime,
                1_i64.to_be_bytes().to_vec(),
                "\"2000-01-01T00:00:00.000001\"",
            ),
            (
                Form::Instant,
                (-1_000_000_i64).to_be_bytes().to_vec(),
                "\"1999-12-31T23:59:59Z\"",
            ),
            (
                Form::Uuid,
                0x67e5_5044_10b1_426f_9247_bb68_0e5f_e0c8_u128
                    .to_be_bytes()
                    .to_vec(),
                "\"67e55044-10b1-426f-9247-bb680e5fe0c8\"",
            ),
        ] {
            assert_eq!(scalar(form, &bytes).as_deref(), Ok(text), "{form:?}");
        }
        for (form, bytes) in [
            (Form::Double, double(f64::NAN)),
            (Form::Double, double(f64::INFINITY)),
            (Form::Instant, i64::MAX.to_be_bytes().to_vec()),
            (Form::Instant, i64::MIN.to_be_bytes().to_vec()),
            (
                Form::DateTime,
                (400_000_000_000_000_000_i64).to_be_bytes().to_vec(),
            ),
            (Form::Date, i32::MAX.to_be_bytes().to_vec()),
            (Form::Json, b"1,\"admin\":true".to_vec()),
            (Form::Json, b"1}".to_vec()),
            (Form::Text, b"\xff".to_vec()),
        ] {
            assert!(scalar(form, &bytes).is_err(), "{form:?} {bytes:?}");
        }
    }

    #[test]
    fn arrays_are_nested_by_their_dimensions() {
        let words = |numbers: &[i32]| -> Vec<u8> {
            numbers
                .iter()
                .flat_map(|number| number.to_be_bytes())
                .collect()
        };
        let array = |bytes: &[u8]| {
            let mut out = String::new();
            push_array(&mut out, Form::Whole, bytes).map(|()| out)
        };
        let flat = words(&[1, 1, 23, 2, 1, 4, 7, -1]);
        assert_eq!(array(&flat).as_deref(), Ok("[7,null]"));
        let nested = words(&[2, 0, 23, 2, 1, 1, 1, 4, 1, 4, 2]);
        assert_eq!(array(&nested).as_deref(), Ok("[[1],[2]]"));
        assert_eq!(array(&words(&[0, 0, 23])).as_deref(), Ok("[]"));
        assert!(array(&words(&[1, 0, 23, i32::MAX, 1])).is_err());
        assert!(array(&words(&[7, 0, 23])).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_panic_and_all_results_are_json(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            for form in FORMS {
                if let Ok(text) = scalar(form, &bytes) {
                    prop_assert!(serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok(), "{form:?} {text}");
                }
                let mut out = String::new();
                if push_array(&mut out, form, &bytes).is_ok() {
                    prop_assert!(serde_json::from_str::<serde::de::IgnoredAny>(&out).is_ok(), "{form:?} {out}");
                }
            }
        }
    }
}
