//! Claims, and columns of a user's row, that must follow a rule.

use std::fmt;

use super::ClaimValue;
use crate::domain::{ClaimPath, Denial, Reason};
use crate::jose::Json;
use crate::policy::TextPattern;

/// A claim, or a column of the user's row, and the rule it must follow.
#[derive(Debug, Clone)]
pub struct ClaimRequirement {
    /// The path of the claim, or of the column.
    pub claim: ClaimPath,
    /// The rule that it must satisfy.
    pub rule: ClaimRule,
}

/// A rule that a claim must satisfy. No rule is satisfied by a claim that is missing or `null`.
#[derive(Debug, Clone)]
pub enum ClaimRule {
    /// It is there, and not an empty text, which names nothing.
    Exists,
    /// It is this value.
    Equals(ClaimValue),
    /// It is one of these values.
    OneOf(Vec<ClaimValue>),
    /// It is an array with this value in it, or this value alone: many issuers write an array of
    /// one so.
    Contains(ClaimValue),
    /// It is a text, and all of it fits.
    Matches(TextPattern),
}

impl ClaimRequirement {
    /// Checks the claim that is at the end of the path, if there is one.
    pub(super) fn check(&self, claim: Option<Json<'_>>) -> Result<(), Denial> {
        if claim.is_some_and(|claim| self.rule.is_satisfied_by(claim)) {
            Ok(())
        } else {
            Err(Reason::PolicyDenied.into())
        }
    }
}

impl ClaimRule {
    fn is_satisfied_by(&self, claim: Json<'_>) -> bool {
        match self {
            Self::Exists => claim.string().is_none_or(|text| !text.is_empty()),
            Self::Equals(value) => value.equals(claim),
            Self::OneOf(values) => values.iter().any(|value| value.equals(claim)),
            Self::Contains(value) => match claim.elements() {
                Some(elements) => elements.into_iter().any(|element| value.equals(element)),
                None => value.equals(claim),
            },
            Self::Matches(pattern) => claim.string().is_some_and(|text| pattern.matches(&text)),
        }
    }
}

impl fmt::Display for ClaimRequirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let claim = &self.claim;
        match &self.rule {
            ClaimRule::Exists => write!(f, "{claim} exists"),
            ClaimRule::Equals(value) => write!(f, "{claim} equals {value}"),
            ClaimRule::OneOf(values) => {
                let values: Vec<_> = values.iter().map(ToString::to_string).collect();
                write!(f, "{claim} is one of {}", values.join(", "))
            }
            ClaimRule::Contains(value) => write!(f, "{claim} contains {value}"),
            ClaimRule::Matches(pattern) => write!(f, "{claim} matches {pattern}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules() {
        let text = ClaimValue::text;
        let number = |json| ClaimValue::number(json).unwrap();
        let pattern = || ClaimRule::Matches(TextPattern::parse("a|bc").unwrap());
        for (rule, satisfied, other) in [
            (
                ClaimRule::Exists,
                &[r#""a""#, "0", "false", "[]", "{}"][..],
                &[r#""""#][..],
            ),
            (
                ClaimRule::Equals(text("a")),
                &[r#""a""#],
                &[r#"["a"]"#, r#""ab""#, r#"{"a":"a"}"#],
            ),
            (
                ClaimRule::OneOf(vec![text("a"), number("1")]),
                &[r#""a""#, "1", "1.0"],
                &[r#""1""#, r#"["a"]"#, "[1]"],
            ),
            (ClaimRule::OneOf(vec![]), &[], &[r#""a""#]),
            (
                ClaimRule::Contains(text("a")),
                &[r#"["b","a"]"#, r#""a""#],
                &[r#"["ab"]"#, r#""ab""#, r#"[["a"]]"#, "[]", r#"{"a":1}"#],
            ),
            (
                ClaimRule::Contains(number("2")),
                &["[1, 2]", "2"],
                &["[12]", r#"["2"]"#],
            ),
            (
                pattern(),
                &[r#""a""#, r#""bc""#],
                &[r#""abc""#, r#"["a"]"#, r#""a\n""#],
            ),
        ] {
            for claim in satisfied {
                assert!(
                    rule.is_satisfied_by(Json::of_strict(claim)),
                    "{rule:?} {claim}"
                );
            }
            for claim in other {
                assert!(
                    !rule.is_satisfied_by(Json::of_strict(claim)),
                    "{rule:?} {claim}"
                );
            }
        }
    }
}
