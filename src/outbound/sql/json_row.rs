//! A row as a JSON object.

use std::fmt::{Display, Write};

use chrono::{DateTime, NaiveDate, NaiveTime};

use super::sql_error::SqlError;
use crate::policy::UserRow;

/// A larger row is not used: up to a hundred thousand rows are kept.
const MAX_BYTES: usize = UserRow::MAX_BYTES;

/// A row as a JSON object in the making. NULL is a member that is not there.
pub(super) struct JsonRow {
    text: String,
}

/// The error for a value that cannot be rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unrendered {
    /// Its type is none of those that are known.
    Type,
    /// The value has no form in JSON, or not the one that its type promises.
    Value,
}

impl JsonRow {
    pub(super) fn new() -> Self {
        Self { text: "{".into() }
    }

    /// Adds a column that is not NULL, by appending its value.
    ///
    /// Fails with [`SqlError::Answer`] if the value cannot be rendered, or the row is too large.
    pub(super) fn add(
        &mut self,
        column: &str,
        type_name: &str,
        render: impl FnOnce(&mut String) -> Result<(), Unrendered>,
    ) -> Result<(), SqlError> {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        push_text(&mut self.text, column);
        self.text.push(':');
        render(&mut self.text).map_err(|unrendered| {
            SqlError::Answer(match unrendered {
                Unrendered::Type => {
                    format!("column {column:?} has the type {type_name}, which has no form here")
                }
                Unrendered::Value => {
                    format!(
                        "column {column:?} of type {type_name} holds a value without a form in JSON"
                    )
                }
            })
        })?;
        if self.text.len() > MAX_BYTES {
            return Err(SqlError::Answer(format!(
                "a row is larger than {MAX_BYTES} bytes"
            )));
        }
        Ok(())
    }

    /// Returns the object.
    pub(super) fn finish(mut self) -> String {
        self.text.push('}');
        self.text.shrink_to_fit();
        self.text
    }
}

/// Appends a text.
pub(super) fn push_text(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            control @ '\0'..='\x1f' => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

/// Appends a text that was sent as bytes.
pub(super) fn push_bytes(out: &mut String, bytes: &[u8]) -> Result<(), Unrendered> {
    let text = std::str::from_utf8(bytes).map_err(|_| Unrendered::Value)?;
    push_text(out, text);
    Ok(())
}

/// Appends a value whose text is valid JSON: a whole number, or true or false.
pub(super) fn push_plain(out: &mut String, value: impl Display) {
    let _ = write!(out, "{value}");
}

/// Appends a double.
pub(super) fn push_double(out: &mut String, value: f64) -> Result<(), Unrendered> {
    let number = serde_json::Number::from_f64(value).ok_or(Unrendered::Value)?;
    push_plain(out, number);
    Ok(())
}

/// Appends a single-precision number with its own digits, and not with those of the double that is
/// nearest.
pub(super) fn push_single(out: &mut String, value: f32) -> Result<(), Unrendered> {
    let double = value.to_string().parse().map_err(|_| Unrendered::Value)?;
    push_double(out, double)
}

/// Appends the decimal number of this text.
pub(super) fn push_decimal(out: &mut String, digits: &[u8]) -> Result<(), Unrendered> {
    let text = std::str::from_utf8(digits).map_err(|_| Unrendered::Value)?;
    // A JSON reader decides, and its number is not used: it may hold fewer digits.
    let is_number = text.starts_with(|first: char| first == '-' || first.is_ascii_digit())
        && serde_json::from_str::<f64>(text).is_ok();
    if !is_number {
        return Err(Unrendered::Value);
    }
    out.push_str(text);
    Ok(())
}

/// Appends a JSON text of the database. [`UserRow`] checks it at every depth.
pub(super) fn push_json(out: &mut String, bytes: &[u8]) -> Result<(), Unrendered> {
    let text = std::str::from_utf8(bytes).map_err(|_| Unrendered::Value)?;
    // The text must be one value, or it could end the object and add members to it.
    serde_json::from_str::<serde::de::IgnoredAny>(text).map_err(|_| Unrendered::Value)?;
    out.push_str(text);
    Ok(())
}

/// Appends a point in time, as RFC 3339 writes it.
pub(super) fn push_instant(out: &mut String, micros: i64) -> Result<(), Unrendered> {
    let at = DateTime::from_timestamp_micros(micros).ok_or(Unrendered::Value)?;
    push_date_time(out, at.date_naive(), at.time(), "Z")
}

/// Appends a date and a time of day, with an offset or without one.
pub(super) fn push_date_time(
    out: &mut String,
    date: NaiveDate,
    time: NaiveTime,
    offset: &str,
) -> Result<(), Unrendered> {
    check_year(date)?;
    // The debug form of both is that of ISO 8601, with as many digits as the fraction needs.
    push_quoted(out, format_args!("{date:?}T{time:?}{offset}"));
    Ok(())
}

/// Appends a date.
pub(super) fn push_date(out: &mut String, date: NaiveDate) -> Result<(), Unrendered> {
    check_year(date)?;
    push_quoted(out, format_args!("{date:?}"));
    Ok(())
}

/// Appends a time of day.
pub(super) fn push_time(out: &mut String, time: NaiveTime) {
    push_quoted(out, format_args!("{time:?}"));
}

/// Fails for a year that RFC 3339 cannot write.
fn check_year(date: NaiveDate) -> Result<(), Unrendered> {
    use chrono::Datelike;
    if (0..=9999).contains(&date.year()) {
        Ok(())
    } else {
        Err(Unrendered::Value)
    }
}

/// Appends what has no character that must be escaped, in quotes.
pub(super) fn push_quoted(out: &mut String, text: impl Display) {
    let _ = write!(out, "\"{text}\"");
}
