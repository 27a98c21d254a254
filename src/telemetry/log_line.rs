//! The form of a log line.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::Write as _;
use std::time::{Duration, UNIX_EPOCH};

use crate::config::LogFormat;
use crate::domain::{Timestamp, is_invisible, visible_json, visible_text};

/// A log line in the making: a JSON object, or a text for people with logfmt fields behind it.
///
/// Events and decisions are written by this one writer, so that times, names and quotes look alike
/// in both. Fields appear in the order in which they are added. Whatever a field holds, it cannot
/// end the line, add a field, or send a control sequence to a terminal.
pub(super) struct LogLine<'b> {
    buffer: &'b mut Vec<u8>,
    format: LogFormat,
}

impl<'b> LogLine<'b> {
    /// Begins a line with its time, its level and its message.
    pub(super) fn begin(
        buffer: &'b mut Vec<u8>,
        format: LogFormat,
        timestamp: Timestamp,
        level: &'static str,
        message: &str,
    ) -> Self {
        let time = rfc3339_millis(timestamp);
        let mut line = Self { buffer, format };
        match format {
            LogFormat::Json => {
                line.write(format_args!(
                    "{{\"timestamp\":\"{time}\",\"level\":\"{level}\",\"message\":{}",
                    quoted(message)
                ));
            }
            LogFormat::Text => {
                line.write(format_args!("{time} {level:>5} {}", visible_text(message)));
            }
        }
        line
    }

    /// Adds a text.
    pub(super) fn text(&mut self, name: &str, value: &str) {
        match self.format {
            LogFormat::Json => self.write(format_args!(",{}:{}", quoted(name), quoted(value))),
            LogFormat::Text if is_bare(value) => {
                self.write(format_args!(" {}={value}", bare_name(name)));
            }
            LogFormat::Text => {
                self.write(format_args!(" {}={}", bare_name(name), quoted(value)));
            }
        }
    }

    /// Adds a text if there is one. JSON has `null` in place of an absent one, so that all lines of
    /// a kind have the same names.
    pub(super) fn optional(&mut self, name: &str, value: Option<impl AsRef<str>>) {
        match (value, self.format) {
            (Some(value), _) => self.text(name, value.as_ref()),
            (None, LogFormat::Json) => self.write(format_args!(",{}:null", quoted(name))),
            (None, LogFormat::Text) => {}
        }
    }

    /// Adds a number or a boolean, which JSON has without quotes.
    pub(super) fn bare(&mut self, name: &str, value: impl Display) {
        match self.format {
            LogFormat::Json => self.write(format_args!(",{}:{value}", quoted(name))),
            LogFormat::Text => self.write(format_args!(" {}={value}", bare_name(name))),
        }
    }

    /// Ends the line.
    pub(super) fn end(self) {
        let end: &[u8] = match self.format {
            LogFormat::Json => b"}\n",
            LogFormat::Text => b"\n",
        };
        self.buffer.extend_from_slice(end);
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a Vec cannot fail.
        let _ = self.buffer.write_fmt(text);
    }
}

/// Returns the time as RFC 3339 writes it, always with milliseconds.
fn rfc3339_millis(timestamp: Timestamp) -> humantime::Rfc3339Timestamp {
    let millis = u64::try_from(timestamp.as_millis()).unwrap_or(0);
    humantime::format_rfc3339_millis(UNIX_EPOCH + Duration::from_millis(millis))
}

/// Returns a JSON string; parsers of logfmt read the same quotes and escapes.
fn quoted(text: &str) -> String {
    let json = serde_json::to_string(text).unwrap_or_default();
    if json.is_ascii() && !json.contains('\x7f') {
        json
    } else {
        visible_json(&json)
    }
}

/// Returns whether logfmt can hold a value without quotes.
fn is_bare(value: &str) -> bool {
    let needs_quotes = |character: char| {
        matches!(character, '"' | '=' | '\\')
            || character.is_whitespace()
            || character == char::REPLACEMENT_CHARACTER
            || is_invisible(character)
    };
    !value.is_empty() && !value.contains(needs_quotes)
}

/// Returns a name that logfmt can hold.
fn bare_name(name: &str) -> Cow<'_, str> {
    if is_bare(name) {
        Cow::Borrowed(name)
    } else {
        let exchanged = |character: char| {
            if is_bare(character.encode_utf8(&mut [0; 4])) {
                character
            } else {
                '_'
            }
        };
        Cow::Owned(name.chars().map(exchanged).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(format: LogFormat, message: &str, fields: &[(&str, Option<&str>)]) -> String {
        let mut buffer = Vec::new();
        let time = Timestamp::from_millis(1_500);
        let mut line = LogLine::begin(&mut buffer, format, time, "INFO", message);
        for (name, value) in fields {
            line.optional(name, *value);
        }
        line.bare("number", 7);
        line.end();
        String::from_utf8(buffer).unwrap()
    }

    #[test]
    fn texts_are_quoted_where_logfmt_needs_it() {
        let fields = [
            ("plain", Some("127.0.0.1:8080")),
            ("spaced", Some("meant for another use")),
            ("empty", Some("")),
            ("pair", Some("a=b")),
            ("quote", Some("\"dV3\"")),
            ("line", Some("a\r\nlevel=ERROR \u{1b}[31m\u{202e}")),
            ("a name=\"x\"", Some("y")),
            ("absent", None),
        ];
        assert_eq!(
            line(LogFormat::Text, "keys changed\n", &fields),
            concat!(
                "1970-01-01T00:00:01.500Z  INFO keys changed\\n plain=127.0.0.1:8080 ",
                "spaced=\"meant for another use\" empty=\"\" pair=\"a=b\" quote=\"\\\"dV3\\\"\" ",
                "line=\"a\\r\\nlevel=ERROR \\u001b[31m\\u202e\" a_name__x_=y number=7\n"
            )
        );
    }

    #[test]
    fn json_has_its_keys_in_order_and_says_the_same() {
        let hostile = "/x\r\n\"},{\u{1b}[31m\u{9b}\u{202e}\u{e9}";
        let written = line(
            LogFormat::Json,
            "keys changed",
            &[("path", Some(hostile)), ("route", None)],
        );
        assert!(
            written.starts_with(
                "{\"timestamp\":\"1970-01-01T00:00:01.500Z\",\"level\":\"INFO\",\"message\":\"keys changed\",\"path\":"
            ) && written.ends_with(",\"route\":null,\"number\":7}\n"),
            "{written}"
        );
        assert!(!written.trim_end().contains(is_invisible), "{written}");
        let value: serde_json::Value = serde_json::from_str(&written).unwrap();
        assert_eq!(value["path"], hostile);
    }
}
