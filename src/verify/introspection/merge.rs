//! The claims of a JWT about which its issuer was asked as well.

use std::fmt::{self, Write};

use serde_json::Value;

use super::answer::ActiveToken;
use crate::domain::Timestamp;
use crate::jose::{Claims, Json};
use crate::verify::validity::date;

/// The error for an answer that is about another token than the one that was asked about, or that
/// contradicts it. Its content is the name of the claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contradiction(pub &'static str);

/// The claims that identify a token, each with its other name. If the answer has another value for
/// one of them, it is about another token.
const IDENTITY: [[&str; 2]; 4] = [
    ["iss", "iss"],
    ["sub", "sub"],
    ["client_id", "azp"],
    ["cnf", "cnf"],
];

/// Names of one claim. What the token says by one of them, the answer does not say by another.
const ALIASES: [[&str; 2]; 2] = [["client_id", "azp"], ["scope", "scp"]];

impl ActiveToken {
    /// Returns the claims of a signed token together with those that only the answer has. The
    /// token's own claims stay as they are, except that `exp` is the earlier one.
    ///
    /// Fails with [`Contradiction`] if both have a claim that identifies the token, and differ, or if
    /// an `exp` is no number.
    pub fn merged_into(&self, token: &Claims) -> Result<Claims, Contradiction> {
        for names in IDENTITY {
            let [name, _] = names;
            let both = (first_of(names, token), first_of(names, self.claims()));
            if let (Some(own), Some(answered)) = both
                && !is_same(own, answered)
            {
                return Err(Contradiction(name));
            }
        }
        let end = earlier_end(token, self.claims())?;
        let mut text = String::from("{");
        let members = token.all().members().unwrap_or_default();
        for (name, value) in members.iter().filter(|(name, _)| name != "exp") {
            push(&mut text, name, value.as_written());
        }
        let added = self.claims().all().members().unwrap_or_default();
        let is_stated = |name: &str| {
            let aliases = ALIASES.iter().find(|names| names.contains(&name));
            token.has(name) || aliases.is_some_and(|names| names.iter().any(|name| token.has(name)))
        };
        let is_added = |name: &str| !matches!(name, "active" | "exp") && !is_stated(name);
        for (name, value) in added.iter().filter(|(name, _)| is_added(name)) {
            push(&mut text, name, value.as_written());
        }
        if let Some(end) = end {
            push(&mut text, "exp", end);
        }
        text.push('}');
        // Two strict objects without a common member make a strict object.
        Claims::stated(text).map_err(|_| Contradiction("exp"))
    }
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the answer contradicts the token in `{}`", self.0)
    }
}

/// Appends a member to the text of an object.
fn push(text: &mut String, name: &str, value: &str) {
    if text.len() > 1 {
        text.push(',');
    }
    // Writing to a String cannot fail.
    let _ = write!(text, "{}:{value}", Value::from(name));
}

/// Returns the earlier `exp` as it was written; `None` if there is none. Fails if one of them is no
/// number.
fn earlier_end<'a>(
    token: &'a Claims,
    answer: &'a Claims,
) -> Result<Option<&'a str>, Contradiction> {
    let end = |claims: &'a Claims| {
        let end = date(claims, "exp").map_err(|_| Contradiction("exp"))?;
        Ok(end.map(|end| (Timestamp::floor(&end), claims.describe("exp"))))
    };
    let ends = [end(token)?, end(answer)?];
    let earliest = ends.into_iter().flatten().min_by_key(|(end, _)| *end);
    Ok(earliest.map(|(_, written)| written))
}

/// Returns the first of these claims that is there.
fn first_of<'c>(names: [&str; 2], claims: &'c Claims) -> Option<Json<'c>> {
    names.iter().find_map(|name| claims.member(name))
}

/// Compares two values, however they are written.
fn is_same(one: Json<'_>, other: Json<'_>) -> bool {
    let value = |json: Json<'_>| serde_json::from_str::<Value>(json.as_written()).ok();
    one == other || value(one).is_some_and(|one| Some(one) == value(other))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::verify::introspection::IntrospectionAnswer;

    fn merged(token: &str, answer: &str) -> Result<Value, Contradiction> {
        let token = Claims::stated(token.to_owned()).unwrap();
        let answer = IntrospectionAnswer::parse(answer.to_owned()).unwrap();
        let IntrospectionAnswer::Active(answer) = answer else {
            panic!("not active")
        };
        let merged = answer.merged_into(&token)?;
        Ok(serde_json::from_str(merged.all().as_written()).unwrap())
    }

    #[test]
    fn the_answer_adds_what_the_token_lacks() {
        let token = r#"{"iss":"i", "sub":"a", "exp":100, "aud":null, "a\"b":1.50}"#;
        let answer =
            r#"{"active":true, "sub":"\u0061", "exp":90, "aud":"api", "roles":["r"], "iat":5}"#;
        let expected = serde_json::json!({
            "iss": "i", "sub": "a", "exp": 90, "aud": null, "a\"b": 1.50, "roles": ["r"], "iat": 5
        });
        assert_eq!(merged(token, answer), Ok(expected));
    }

    /// Otherwise an answer could widen what the token grants.
    #[test]
    fn a_claim_of_two_names_is_one() {
        for (token, answer) in [
            (
                r#"{"scp":["read"]}"#,
                r#"{"active":true,"scope":"read admin"}"#,
            ),
            (r#"{"scope":"read"}"#, r#"{"active":true,"scp":["admin"]}"#),
            (r#"{"azp":"a"}"#, r#"{"active":true,"client_id":"a"}"#),
        ] {
            let token_alone: Value = serde_json::from_str(token).unwrap();
            assert_eq!(merged(token, answer), Ok(token_alone), "{token} {answer}");
        }
    }

    #[test]
    fn the_earlier_end_counts() {
        for (token, answer, end) in [
            ("", "", None),
            (r#","exp":5"#, "", Some(5)),
            ("", r#","exp":6"#, Some(6)),
            (r#","exp":5"#, r#","exp":6"#, Some(5)),
            (r#","exp":6"#, r#","exp":5"#, Some(5)),
        ] {
            let found = merged(
                &format!(r#"{{"a":1{token}}}"#),
                &format!(r#"{{"active":true{answer}}}"#),
            );
            let found = found.unwrap().get("exp").and_then(Value::as_i64);
            assert_eq!(found, end, "{token} {answer}");
        }
        let answer = r#"{"active":true,"exp":"5"}"#;
        assert_eq!(merged(r#"{"exp":5}"#, answer), Err(Contradiction("exp")));
    }

    #[test]
    fn an_answer_about_another_token_is_none() {
        for (name, own, answered) in [
            ("iss", r#""a""#, r#""b""#),
            ("sub", r#""a""#, r#""A""#),
            ("sub", r#""1""#, "1"),
            ("client_id", r#""a""#, r#"["a"]"#),
            ("cnf", r#"{"jkt":"a"}"#, r#"{"jkt":"b"}"#),
        ] {
            let token = format!(r#"{{"{name}":{own}}}"#);
            let answer = format!(r#"{{"active":true,"{name}":{answered}}}"#);
            assert_eq!(merged(&token, &answer), Err(Contradiction(name)));
        }
        let token = r#"{"azp":"a"}"#;
        let other = r#"{"active":true,"client_id":"b"}"#;
        assert_eq!(merged(token, other), Err(Contradiction("client_id")));
        let cnf = merged(
            r#"{"cnf":{"jkt":"a","x":"b"}}"#,
            r#"{"active":true,"cnf":{ "x":"b", "jkt":"\u0061"}}"#,
        );
        assert!(cnf.is_ok());
    }

    proptest! {
        #[test]
        fn nothing_of_the_token_is_lost(own in "[a-e\"\\\\é]{0,3}", other in "[a-e\"\\\\é]{0,3}") {
            let token = serde_json::json!({&own: 1}).to_string();
            let mut answer = serde_json::json!({"active": true});
            answer[&other] = 2.into();
            let found = merged(&token, &answer.to_string()).unwrap();
            prop_assert_eq!(&found[&own], &Value::from(1));
            prop_assert_eq!(&found[&other], &Value::from(if own == other { 1 } else { 2 }));
        }
    }
}
