//! Parsers for the values of settings.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use url::Url;

use crate::domain::{ClaimPath, Reason};

/// The reason why a text is no valid value, and a hint what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invalid {
    pub(crate) message: String,
    pub(crate) hint: String,
}

/// The reason alone. Only [`hint`](Self::hint) makes an [`Invalid`] of it, so that no problem is
/// reported without a next step.
#[derive(Debug)]
pub(crate) struct WithoutHint {
    message: String,
}

impl Invalid {
    #[expect(
        clippy::new_ret_no_self,
        reason = "the hint is a part of it, and reads better behind the message"
    )]
    pub(crate) fn new(message: impl Into<String>) -> WithoutHint {
        WithoutHint {
            message: message.into(),
        }
    }

    pub(crate) fn expected(hint: impl Into<String>) -> Self {
        Self::new("not understood").hint(hint)
    }

    /// Replaces the hint.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: hint.into(),
            ..self
        }
    }
}

impl WithoutHint {
    pub(crate) fn hint(self, hint: impl Into<String>) -> Invalid {
        Invalid {
            message: self.message,
            hint: hint.into(),
        }
    }
}

/// Parses a text that is not empty. A text in quotes is refused, because `docker run --env-file`
/// and other tools pass the quotes on as part of the value.
pub(crate) fn text(text: &str) -> Result<String, Invalid> {
    match text.trim() {
        "" => Err(Invalid::new("empty").hint("give a value, or leave the setting out")),
        text if is_quoted(text) => Err(Invalid::new("in quotes, which would be part of the value")
            .hint(
                "leave them out: `docker run --env-file` and some others take them as they stand",
            )),
        text => Ok(text.to_owned()),
    }
}

fn is_quoted(text: &str) -> bool {
    ['"', '\''].iter().any(|quote| {
        text.strip_prefix(*quote)
            .is_some_and(|rest| rest.ends_with(*quote))
    })
}

pub(crate) fn boolean(text: &str) -> Result<bool, Invalid> {
    match text.trim() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Invalid::expected("write true or false")),
    }
}

pub(crate) fn duration(text: &str) -> Result<Duration, Invalid> {
    humantime::parse_duration(text.trim())
        .map_err(|_| Invalid::expected("write a duration such as 30s, 5m or 24h"))
}

/// Returns a parser for durations from `least` to `most`, both included.
pub(crate) fn duration_within(
    least: Duration,
    most: Duration,
) -> impl Fn(&str) -> Result<Duration, Invalid> {
    move |text| {
        let found = duration(text)?;
        if (least..=most).contains(&found) {
            return Ok(found);
        }
        let (least, most) = (
            humantime::format_duration(least),
            humantime::format_duration(most),
        );
        Err(Invalid::new("out of range").hint(format!("from {least} to {most}")))
    }
}

/// Returns a parser for whole numbers from `least` to `most`, both included.
pub(crate) fn number(least: u64, most: u64) -> impl Fn(&str) -> Result<u64, Invalid> {
    move |text| {
        let hint = || format!("a whole number from {least} to {most}");
        let found: u64 = text.trim().parse().map_err(|_| Invalid::expected(hint()))?;
        if (least..=most).contains(&found) {
            Ok(found)
        } else {
            Err(Invalid::new("out of range").hint(hint()))
        }
    }
}

/// Returns a parser for sizes and counts from `least` to `most`, both included.
pub(crate) fn size(least: u64, most: u64) -> impl Fn(&str) -> Result<usize, Invalid> {
    move |text| {
        usize::try_from(number(least, most)(text)?)
            .map_err(|_| Invalid::new("out of range").hint("write a smaller number"))
    }
}

/// Returns a parser for a fixed list of words.
pub(crate) fn one_of<T: Copy>(
    words: &'static [(&'static str, T)],
) -> impl Fn(&str) -> Result<T, Invalid> {
    move |text| {
        let found = words.iter().find(|(word, _)| *word == text.trim());
        found.map(|(_, value)| *value).ok_or_else(|| {
            let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            Invalid::expected(format!("write one of {}", words.join(", ")))
        })
    }
}

/// Returns the words of such a list, for the schema.
pub(crate) const fn words<T, const N: usize>(list: &[(&'static str, T); N]) -> [&'static str; N] {
    let mut words = [""; N];
    let mut at = 0;
    while at < N {
        // Both arrays have N elements, and iterators cannot be used in constants.
        #[allow(clippy::indexing_slicing)]
        {
            words[at] = list[at].0;
        }
        at += 1;
    }
    words
}

/// Parses a name that needs no escapes in a URL or in a list: it has no slash, no comma and no `*`.
pub(crate) fn url_segment(text: &str) -> Result<String, Invalid> {
    let found = crate::config_reader::value::text(text)?;
    let is_plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    if found.bytes().all(is_plain) && !matches!(&*found, "." | "..") {
        Ok(found)
    } else {
        Err(Invalid::expected("write letters, digits, -, ., _ and ~"))
    }
}

/// Parses the name of a host, and converts it to lower case as in an `iss`.
pub(crate) fn host_name(text: &str) -> Result<String, Invalid> {
    let name = url_segment(text)
        .map_err(|invalid| invalid.hint("write a host without https:// and path"))?;
    let url = Url::parse(&format!("https://{name}/")).ok();
    let host = url.and_then(|url| url.domain().map(str::to_owned));
    host.ok_or_else(|| Invalid::expected("write the name of a host"))
}

/// Returns a parser for reason codes. `hint` is for a text that resembles no code.
pub(crate) fn reason(hint: &'static str) -> impl Fn(&str) -> Result<Reason, Invalid> {
    move |code| {
        Reason::from_code(code).ok_or_else(|| {
            let hint = Reason::nearest(code)
                .map(|nearest| format!("did you mean {}?", nearest.code()))
                .unwrap_or(hint.into());
            Invalid::new(format!("{code:?} is no reason code")).hint(hint)
        })
    }
}

/// Parses the path of a claim.
pub(crate) fn claim_path(text: &str) -> Result<ClaimPath, Invalid> {
    ClaimPath::parse(text.trim()).map_err(|error| {
        Invalid::new(format!("{:?}: {error}", text.trim()))
            .hint("write a path such as realm_access.roles; quote a segment that has a dot in it")
    })
}

/// Parses a mapping of texts. Numbers and booleans are converted to text.
pub(crate) fn texts(value: &Value) -> Result<BTreeMap<String, String>, Invalid> {
    let members = value
        .as_object()
        .ok_or_else(|| Invalid::new("not a mapping").hint("write {Name: value}"))?;
    let texts = members.iter().map(|(name, value)| match value {
        Value::String(text) => Ok((name.clone(), text.clone())),
        Value::Number(_) | Value::Bool(_) => Ok((name.clone(), value.to_string())),
        _ => Err(Invalid::new(format!("{name}: not a text")).hint("quote it")),
    });
    texts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_unit_and_are_bounded() {
        assert_eq!(duration(" 5m "), Ok(Duration::from_mins(5)));
        assert!(duration("5").is_err());
        let bounded = duration_within(Duration::from_secs(1), Duration::from_secs(10));
        assert!(
            bounded("1s").is_ok()
                && bounded("10s").is_ok()
                && bounded("0s").is_err()
                && bounded("11s").is_err()
        );
    }
}
