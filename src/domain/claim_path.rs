//! The way to a claim inside the claims.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// The way to a claim: `sub`, `realm_access.roles`, `"a.b".c`, `https://example.com/roles`, or `$` for all claims.
///
/// Dots separate members, a quoted segment is taken as it stands, and a path that contains `://` is one top-level
/// name, because that is how providers namespace their claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimPath {
    text: Box<str>,
    segments: Box<[Box<str>]>,
}

/// Why a text is no claim path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClaimPathError {
    /// Nothing, or nothing between two dots.
    #[error("an empty segment in a claim path")]
    EmptySegment,
    /// A quote that is never closed, or text behind a closing one.
    #[error("a misplaced quote in a claim path")]
    MisplacedQuote,
}

impl ClaimPath {
    /// Reads a path.
    pub fn parse(text: &str) -> Result<Self, ClaimPathError> {
        let segments = match text {
            "$" => Vec::new(),
            name if name.contains("://") => vec![name.into()],
            dotted => segments(dotted)?,
        };
        Ok(Self { text: text.into(), segments: segments.into() })
    }

    /// Whether the path is this one top-level name.
    pub fn is_name(&self, name: &str) -> bool {
        matches!(&*self.segments, [only] if &**only == name)
    }

    /// Whether the path is `$`.
    pub fn is_all(&self) -> bool {
        self.segments.is_empty()
    }

    /// The claim at the end of the path, in parsed claims. `null` counts as absent.
    pub fn find<'a>(&self, claims: &'a Map<String, Value>) -> Option<&'a Value> {
        let (first, rest) = self.segments.split_first()?;
        let found = rest.iter().try_fold(claims.get(&**first)?, |value, segment| value.get(&**segment));
        found.filter(|value| !value.is_null())
    }

    /// The claim at the end of the path, as the issuer wrote it. `null` counts as absent.
    pub fn find_text<'a>(&self, claims: &'a RawValue) -> Option<&'a RawValue> {
        let found = self.segments.iter().try_fold(claims, |value, segment| {
            serde_json::Deserializer::from_str(value.get()).deserialize_map(Member(segment)).ok()?
        });
        found.filter(|value| value.get() != "null")
    }
}

/// Finds the member of this name in an object, and only reads past the others.
struct Member<'a>(&'a str);

impl<'de> Visitor<'de> for Member<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        #[derive(Deserialize)]
        struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

        let mut found = None;
        while let Some(Name(name)) = members.next_key()? {
            if name == self.0 {
                found = Some(members.next_value()?);
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

impl fmt::Display for ClaimPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn segments(mut rest: &str) -> Result<Vec<Box<str>>, ClaimPathError> {
    let mut segments = Vec::new();
    loop {
        let (segment, behind) = next_segment(rest)?;
        if segment.is_empty() {
            return Err(ClaimPathError::EmptySegment);
        }
        segments.push(segment.into());
        match behind.strip_prefix('.') {
            Some(more) => rest = more,
            None if behind.is_empty() => return Ok(segments),
            None => return Err(ClaimPathError::MisplacedQuote),
        }
    }
}

fn next_segment(text: &str) -> Result<(&str, &str), ClaimPathError> {
    if let Some(quoted) = text.strip_prefix('"') {
        return quoted.split_once('"').ok_or(ClaimPathError::MisplacedQuote);
    }
    let (segment, behind) = text.split_at(text.find('.').unwrap_or(text.len()));
    if segment.contains('"') { Err(ClaimPathError::MisplacedQuote) } else { Ok((segment, behind)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(path: &str, claims: &str) -> Option<Value> {
        let path = ClaimPath::parse(path).unwrap();
        let parsed: Map<String, Value> = serde_json::from_str(claims).unwrap();
        let raw: Box<RawValue> = serde_json::from_str(claims).unwrap();
        let found = path.find(&parsed).cloned();
        let text = path.find_text(&raw).map(|text| serde_json::from_str(text.get()).unwrap());
        assert_eq!(found, text, "both ways find the same");
        found
    }

    #[test]
    fn paths_lead_where_they_say() {
        assert_eq!(find("sub", r#"{"sub":"a"}"#), Some("a".into()));
        assert_eq!(find("sub", r#"{"a":[{"sub":"b"}],"\u0073ub":"a"}"#), Some("a".into()), "names may be escaped");
        assert_eq!(find("a.b.c", r#"{"a":{"b":{"c":1}}}"#), Some(1.into()));
        assert_eq!(find(r#""a.b".c"#, r#"{"a.b":{"c":1}}"#), Some(1.into()));
        assert_eq!(find("https://x.example/roles", r#"{"https://x.example/roles":1}"#), Some(1.into()));
        assert_eq!(find("a.b", r#"{"a":"text"}"#), None);
        assert_eq!(find("a", r#"{"a":null}"#), None);
        assert_eq!(find("a.0", r#"{"a":[1]}"#), None, "an array has no members");
    }

    #[test]
    fn a_dollar_is_all_claims() {
        let claims: Box<RawValue> = serde_json::from_str(r#"{"a":1}"#).unwrap();
        let found = ClaimPath::parse("$").unwrap().find_text(&claims).map(RawValue::get);
        assert_eq!(found, Some(r#"{"a":1}"#));
    }

    #[test]
    fn broken_paths_are_refused() {
        for text in ["", ".", "a.", ".a", "a..b", "\"\""] {
            assert_eq!(ClaimPath::parse(text), Err(ClaimPathError::EmptySegment), "{text}");
        }
        for text in ["\"a", "a\"b", "\"a\"b"] {
            assert_eq!(ClaimPath::parse(text), Err(ClaimPathError::MisplacedQuote), "{text}");
        }
    }
}
