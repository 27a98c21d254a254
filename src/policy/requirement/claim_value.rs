//! Values that a claim is compared with.

use std::fmt;

use crate::jose::Json;
use crate::policy::decimal::Decimal;

/// A single value that a claim may have.
///
/// Types are never converted: the text `1` is not the number 1. Numbers are compared exactly and by
/// value: `1.0` equals 1. Two large numbers that a double cannot distinguish are different, because
/// they may be the numbers of two customers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimValue(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Text(Box<str>),
    Number(Decimal),
    Boolean(bool),
}

impl ClaimValue {
    /// Creates the value that equals exactly this text.
    pub fn text(text: &str) -> Self {
        Self(Kind::Text(text.into()))
    }

    /// Creates the value that equals this boolean.
    pub const fn boolean(value: bool) -> Self {
        Self(Kind::Boolean(value))
    }

    /// Parses a number in the syntax of JSON; returns `None` if the text is none.
    pub fn number(json: &str) -> Option<Self> {
        let is_number = serde_json::from_str::<serde_json::Number>(json).is_ok();
        Decimal::parse(json)
            .filter(|_| is_number)
            .map(Kind::Number)
            .map(Self)
    }

    pub(super) fn equals(&self, claim: Json<'_>) -> bool {
        match &self.0 {
            Kind::Text(own) => claim.string().is_some_and(|text| text == **own),
            Kind::Number(own) => {
                claim.number().is_some() && Decimal::parse(claim.as_written()).as_ref() == Some(own)
            }
            Kind::Boolean(own) => claim.as_written() == if *own { "true" } else { "false" },
        }
    }
}

impl fmt::Display for ClaimValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Text(text) => write!(f, "{text:?}"),
            Kind::Number(number) => write!(f, "{number}"),
            Kind::Boolean(value) => write!(f, "{value}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_compared_exactly() {
        let number = |json| ClaimValue::number(json).unwrap();
        for (value, claim, expected) in [
            (ClaimValue::text("a"), r#""a""#, true),
            (ClaimValue::text("a"), r#""\u0061""#, true),
            (ClaimValue::text("a"), r#""A""#, false),
            (ClaimValue::text("a"), r#""a ""#, false),
            (ClaimValue::text("1"), "1", false),
            (ClaimValue::text("true"), "true", false),
            (ClaimValue::text("a"), r#"["a"]"#, false),
            (number("1"), "1", true),
            (number("1"), "1.0", true),
            (number("1e2"), "100", true),
            (number("1"), r#""1""#, false),
            (number("1"), "true", false),
            (number("9007199254740993"), "9007199254740993", true),
            (number("9007199254740993"), "9007199254740992", false),
            (ClaimValue::boolean(true), "true", true),
            (ClaimValue::boolean(true), "false", false),
            (ClaimValue::boolean(false), "0", false),
            (ClaimValue::boolean(false), "null", false),
        ] {
            assert_eq!(
                value.equals(Json::of_strict(claim)),
                expected,
                "{value:?} {claim}"
            );
        }
        for text in ["", "x", "\"1\"", "01", "+1", "1 2", "NaN"] {
            assert_eq!(ClaimValue::number(text), None, "{text}");
        }
    }
}
