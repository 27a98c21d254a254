//! The answer of an introspection endpoint.

use std::fmt::{self, Write};

use serde_json::Value;

use crate::domain::Timestamp;
use crate::jose::Claims;

/// The answer of an introspection endpoint about a token.
#[derive(Debug)]
pub enum IntrospectionAnswer {
    /// The token is active; these are its claims.
    Active(ActiveToken),
    /// The token is not active: it is unknown, expired or revoked, or not for this service.
    Inactive,
}

/// A token that is active according to its issuer, with the claims that the issuer states.
///
/// [`IntrospectionAnswer::parse`] is the only way to get one.
#[derive(Debug)]
pub struct ActiveToken {
    claims: Claims,
}

/// The error for an answer that is neither clearly active nor clearly inactive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnreadableAnswer {
    /// It is no strict JSON object.
    NoObject,
    /// `active` is neither `true` nor `false`, or not there.
    NoVerdict,
}

impl IntrospectionAnswer {
    /// Parses an answer: a strict JSON object whose `active` is exactly `true` or `false`. The text
    /// `"true"` or the number 1 could be a mistake of a server that means the opposite.
    pub fn parse(text: String) -> Result<Self, UnreadableAnswer> {
        let claims = Claims::stated(text).map_err(|_| UnreadableAnswer::NoObject)?;
        match claims.describe("active") {
            "true" => Ok(Self::Active(ActiveToken { claims })),
            "false" => Ok(Self::Inactive),
            _ => Err(UnreadableAnswer::NoVerdict),
        }
    }
}

impl ActiveToken {
    /// Adds the issuer that was asked, if it does not name itself: `iss` is optional in an answer
    /// (RFC 7662 section 2.2), and users of two issuers must not look alike.
    #[must_use]
    pub fn of_issuer(self, issuer: &str) -> Self {
        if self.claims.member("iss").is_some() {
            return self;
        }
        let members = self.claims.all().members().unwrap_or_default();
        let mut text = format!("{{\"iss\":{}", Value::from(issuer));
        for (name, value) in members.iter().filter(|(name, _)| name != "iss") {
            // Writing to a String cannot fail.
            let _ = write!(
                text,
                ",{}:{}",
                Value::from(name.as_ref()),
                value.as_written()
            );
        }
        text.push('}');
        // One more member of another name: the object stays strict.
        Claims::stated(text).map_or(self, |claims| Self { claims })
    }

    /// Returns the end of the token by the answer, if it has one. It is validated with each decision.
    pub fn ends(&self) -> Option<Timestamp> {
        let end = self.claims.member("exp")?.number()?;
        Some(Timestamp::floor(&end))
    }

    /// Returns the claims that the issuer states about the token.
    pub const fn claims(&self) -> &Claims {
        &self.claims
    }

    /// Returns the claims that the issuer states about the token, by value.
    pub(in crate::verify) fn into_claims(self) -> Claims {
        self.claims
    }
}

impl fmt::Display for UnreadableAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoObject => "not a JSON object, or a member is repeated",
            Self::NoVerdict => "`active` is neither true nor false",
        })
    }
}

impl std::error::Error for UnreadableAnswer {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<bool, UnreadableAnswer> {
        let answer = IntrospectionAnswer::parse(text.to_owned())?;
        Ok(matches!(answer, IntrospectionAnswer::Active(_)))
    }

    #[test]
    fn an_answer_without_an_issuer_gets_the_one_that_was_asked() {
        let of = |text: &str| {
            let answer = IntrospectionAnswer::parse(text.to_owned()).unwrap();
            let IntrospectionAnswer::Active(active) = answer else {
                panic!("not active")
            };
            let claims = active.of_issuer("https://a\"b").into_claims();
            serde_json::from_str::<serde_json::Value>(claims.all().as_written()).unwrap()
        };
        let named = |iss: &str| serde_json::json!({"active": true, "sub": "a", "iss": iss});
        assert_eq!(of(r#"{"active":true,"sub":"a"}"#), named("https://a\"b"));
        assert_eq!(
            of(r#"{"iss":null,"active":true,"sub":"a"}"#),
            named("https://a\"b")
        );
        assert_eq!(of(r#"{"active":true,"sub":"a","iss":"c"}"#), named("c"));
    }

    #[test]
    fn only_true_is_active() {
        assert_eq!(parse(r#"{"active":true,"sub":"a"}"#), Ok(true));
        assert_eq!(parse(r#" {"sub":"a", "active" : false}"#), Ok(false));
        for verdict in [
            r#""true""#,
            "1",
            "null",
            "[true]",
            r#"{"a":true}"#,
            r#""""#,
            "0",
            "True",
        ] {
            let found = parse(&format!(r#"{{"active":{verdict}}}"#));
            assert!(found.is_err(), "{verdict}");
        }
        assert_eq!(parse("{}"), Err(UnreadableAnswer::NoVerdict));
        for text in [
            "",
            "true",
            "[]",
            "<html>",
            r#"{"active":true,"active":true}"#,
            r#"{"active":false,"\u0061ctive":true}"#,
            r#"{"active":true,"a":{"b":1,"b":2}}"#,
            r#"{"active":true}{}"#,
        ] {
            assert_eq!(parse(text), Err(UnreadableAnswer::NoObject), "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_active_says_so_exactly_once(
            text in r#"\{("(active|a)":(true|false|"true"|1|null),?){0,3}\}"#,
            noise in any::<String>(),
        ) {
            for text in [text, noise] {
                if let Ok(true) = parse(&text) {
                    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
                    prop_assert_eq!(&value["active"], true);
                    prop_assert_eq!(text.matches("\"active\"").count(), 1);
                }
            }
        }
    }
}
