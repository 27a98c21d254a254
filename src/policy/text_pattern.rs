//! Patterns for texts.

use std::fmt;

use regex::{Regex, RegexBuilder};

/// The longest pattern, in bytes.
const MAX_BYTES: usize = 1024;
/// The most bytes that a compiled pattern may take.
const MAX_COMPILED_BYTES: usize = 256 * 1024;

/// A regular expression for a whole text. It is matched in linear time, whatever the text.
#[derive(Debug, Clone)]
pub struct TextPattern(Regex);

/// The error for a text that is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextPatternError {
    /// Longer than any pattern needs to be.
    #[error("longer than 1024 bytes")]
    TooLong,
    /// No regular expression, or one that takes too much memory.
    #[error("{0}")]
    Malformed(String),
}

impl TextPattern {
    /// Parses a regular expression. It always has to match the whole text, with or without anchors.
    /// Fails with [`TextPatternError`].
    pub fn parse(text: &str) -> Result<Self, TextPatternError> {
        if text.len() > MAX_BYTES {
            return Err(TextPatternError::TooLong);
        }
        // Alone first: `a)|(?:b` would slip out of the group around it.
        compile(text)?;
        compile(&format!(r"\A(?:{text})\z")).map(Self)
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

/// Writes the pattern as it was written.
impl fmt::Display for TextPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.0.as_str();
        f.write_str(
            whole
                .strip_prefix(r"\A(?:")
                .and_then(|rest| rest.strip_suffix(r")\z"))
                .unwrap_or(whole),
        )
    }
}

/// Compiles a pattern that may fit anywhere in a text.
pub(crate) fn compile(pattern: &str) -> Result<Regex, TextPatternError> {
    let mut builder = RegexBuilder::new(pattern);
    builder
        .size_limit(MAX_COMPILED_BYTES)
        .dfa_size_limit(MAX_COMPILED_BYTES);
    builder.build().map_err(|error| {
        // The library draws a picture over several lines; the last one says what is wrong.
        let message = error.to_string();
        let last = message.lines().last().unwrap_or_default();
        TextPatternError::Malformed(last.trim_start_matches("error: ").to_owned())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_mean_the_whole_text() {
        for (pattern, text, expected) in [
            ("a|ab", "ab", true),
            ("a|b", "ab", false),
            ("a|b", "xb", false),
            ("a.c", "abc", true),
            (r"a\.c", "abc", false),
            ("a", "a\n", false),
            ("^a$", "a", true),
            ("(?m)^a$", "b\na", false),
            ("(?i)a", "A", true),
            (r"[^@]+@example\.com", "alice@example.com", true),
            (r"[^@]+@example\.com", "alice@example.com.evil", false),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(
                TextPattern::parse(pattern).unwrap().matches(text),
                expected,
                "{pattern} {text:?}"
            );
        }
    }

    #[test]
    fn other_patterns_are_refused() {
        for pattern in [
            "a)|(?:b",
            "(",
            r"(a)\1",
            "(?=a)",
            r"\w{1000}{1000}",
            "(?x)a # b",
        ] {
            assert!(
                matches!(
                    TextPattern::parse(pattern),
                    Err(TextPatternError::Malformed(_))
                ),
                "{pattern}"
            );
        }
        assert_eq!(
            TextPattern::parse(&"a".repeat(1025)).unwrap_err(),
            TextPatternError::TooLong
        );
    }

    proptest! {
        #[test]
        fn nothing_around_a_match_is_accepted(pattern in "[ab()|?:*]{0,8}", text in "[ab]{0,4}") {
            if let Ok(pattern) = TextPattern::parse(&pattern) {
                let around = [format!("{text}!"), format!("!{text}")];
                prop_assert!(!around.iter().any(|text| pattern.matches(text)));
            }
        }
    }
}
