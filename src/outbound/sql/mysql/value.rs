//! Values of `MySQL` and `MariaDB`, in their binary form.

use chrono::{NaiveDate, NaiveTime};
use sqlx::mysql::{MySql, MySqlTypeInfo, MySqlValueRef};
use sqlx::{Decode, Type, TypeInfo};

use crate::outbound::sql::json_row::{
    Unrendered, push_bytes, push_date, push_date_time, push_decimal, push_double, push_json,
    push_plain, push_single, push_time,
};

/// The form of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Truth,
    Whole,
    Unsigned,
    /// Up to 64 bits.
    Bits,
    Single,
    Double,
    Decimal,
    Text,
    Json,
    Date,
    Time,
    DateTime,
    Instant,
}

/// Returns `true` if values of this type can be rendered.
pub(super) fn is_known(type_info: &MySqlTypeInfo) -> bool {
    form(type_info).is_some()
}

/// Appends a value that is not NULL.
pub(super) fn push(
    out: &mut String,
    type_info: &MySqlTypeInfo,
    value: MySqlValueRef<'_>,
) -> Result<(), Unrendered> {
    let form = form(type_info).ok_or(Unrendered::Type)?;
    match form {
        Form::Truth => push_plain(out, decoded::<i64>(value)? != 0),
        Form::Whole => push_plain(out, decoded::<i64>(value)?),
        Form::Unsigned => push_plain(out, decoded::<u64>(value)?),
        Form::Single => push_single(out, decoded::<f32>(value)?)?,
        Form::Double => push_double(out, decoded::<f64>(value)?)?,
        _ => push_encoded(out, form, decoded::<&[u8]>(value)?)?,
    }
    Ok(())
}

fn decoded<'r, T: Decode<'r, MySql>>(value: MySqlValueRef<'r>) -> Result<T, Unrendered> {
    T::decode(value).map_err(|_| Unrendered::Value)
}

/// Returns the form of a type. The driver knows whether a column of bytes is a text.
fn form(type_info: &MySqlTypeInfo) -> Option<Form> {
    if <str as Type<MySql>>::compatible(type_info) {
        return Some(Form::Text);
    }
    Some(match type_info.name() {
        "BOOLEAN" => Form::Truth,
        "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT" => Form::Whole,
        "YEAR" | "TINYINT UNSIGNED" | "SMALLINT UNSIGNED" | "MEDIUMINT UNSIGNED"
        | "INT UNSIGNED" | "BIGINT UNSIGNED" => Form::Unsigned,
        "BIT" => Form::Bits,
        "FLOAT" => Form::Single,
        "DOUBLE" => Form::Double,
        "DECIMAL" => Form::Decimal,
        "SET" | "ENUM" => Form::Text,
        "JSON" => Form::Json,
        "DATE" => Form::Date,
        "TIME" => Form::Time,
        "DATETIME" => Form::DateTime,
        "TIMESTAMP" => Form::Instant,
        _ => return None,
    })
}

fn push_encoded(out: &mut String, form: Form, bytes: &[u8]) -> Result<(), Unrendered> {
    match form {
        Form::Text => push_bytes(out, bytes),
        Form::Json => push_json(out, bytes),
        Form::Decimal => push_decimal(out, bytes),
        Form::Bits if bytes.len() <= 8 => {
            let number = bytes
                .iter()
                .fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
            push_plain(out, number);
            Ok(())
        }
        Form::Date => push_date(out, date_and_time(bytes)?.0),
        Form::DateTime => {
            let (date, time) = date_and_time(bytes)?;
            push_date_time(out, date, time, "")
        }
        // The session has the time zone UTC.
        Form::Instant => {
            let (date, time) = date_and_time(bytes)?;
            push_date_time(out, date, time, "Z")
        }
        Form::Time => {
            push_time(out, time_of_day(bytes)?);
            Ok(())
        }
        _ => Err(Unrendered::Value),
    }
}

/// Parses a date with or without a time of day, behind one byte for its length: year, month, day,
/// then hour, minute, second, then microseconds.
fn date_and_time(bytes: &[u8]) -> Result<(NaiveDate, NaiveTime), Unrendered> {
    let [_length, year_low, year_high, month, day, time @ ..] = bytes else {
        return Err(Unrendered::Value);
    };
    let year = u16::from_le_bytes([*year_low, *year_high]);
    let date = NaiveDate::from_ymd_opt(year.into(), (*month).into(), (*day).into());
    Ok((date.ok_or(Unrendered::Value)?, clock_time(time)?))
}

/// Parses a time of day, behind one byte for its length: sign and days, then as in a date. What is
/// negative or has days is a span of time.
fn time_of_day(bytes: &[u8]) -> Result<NaiveTime, Unrendered> {
    match bytes {
        [0] => Ok(NaiveTime::MIN),
        [_length, 0, 0, 0, 0, 0, time @ ..] => clock_time(time),
        _ => Err(Unrendered::Value),
    }
}

fn clock_time(bytes: &[u8]) -> Result<NaiveTime, Unrendered> {
    let (clock, micros) = match bytes {
        [] => return Ok(NaiveTime::MIN),
        [hour, minute, second] => ([*hour, *minute, *second], 0),
        [hour, minute, second, a, b, c, d] => (
            [*hour, *minute, *second],
            u32::from_le_bytes([*a, *b, *c, *d]),
        ),
        _ => return Err(Unrendered::Value),
    };
    let [hour, minute, second] = clock.map(u32::from);
    NaiveTime::from_hms_micro_opt(hour, minute, second, micros).ok_or(Unrendered::Value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ENCODED: [Form; 8] = [
        Form::Bits,
        Form::Decimal,
        Form::Text,
        Form::Json,
        Form::Date,
        Form::Time,
        Form::DateTime,
        Form::Instant,
    ];

    fn encoded(form: Form, bytes: &[u8]) -> Result<String, Unrendered> {
        let mut out = String::new();
        push_encoded(&mut out, form, bytes).map(|()| out)
    }

    #[test]
    fn values_have_their_form_in_json() {
        let day = [4, 0xEA, 7, 11, 30];
        let at = [7, 0xEA, 7, 11, 30, 3, 4, 5];
        for (form, bytes, text) in [
            (Form::Bits, &[1][..], "1"),
            (Form::Decimal, b"-12.50", "-12.50"),
            (
                Form::Text,
                b"'; DROP TABLE users",
                "\"'; DROP TABLE users\"",
            ),
            (Form::Date, &day, "\"2026-11-30\""),
            (Form::DateTime, &at, "\"2026-11-30T03:04:05\""),
            (Form::Instant, &at, "\"2026-11-30T03:04:05Z\""),
            (
                Form::Instant,
                &[11, 0xEA, 7, 11, 30, 3, 4, 5, 1, 0, 0, 0],
                "\"2026-11-30T03:04:05.000001Z\"",
            ),
            (Form::Time, &[8, 0, 0, 0, 0, 0, 3, 4, 5], "\"03:04:05\""),
            (Form::Time, &[0], "\"00:00:00\""),
        ] {
            assert_eq!(encoded(form, bytes).as_deref(), Ok(text), "{form:?}");
        }
        for (form, bytes) in [
            (Form::Time, &[8, 1, 0, 0, 0, 0, 3, 4, 5][..]),
            (Form::Time, &[8, 0, 1, 0, 0, 0, 3, 4, 5]),
            (Form::Date, &[4, 0xEA, 7, 13, 30]),
            (Form::Decimal, b"1,2"),
            (Form::Decimal, b"\"1\""),
            (Form::Json, b"1,\"admin\":true"),
        ] {
            assert!(encoded(form, bytes).is_err(), "{form:?} {bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic_and_all_results_are_json(bytes in prop::collection::vec(any::<u8>(), 0..16)) {
            for form in ENCODED {
                if let Ok(text) = encoded(form, &bytes) {
                    prop_assert!(serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok(), "{form:?} {text}");
                }
            }
        }
    }
}
