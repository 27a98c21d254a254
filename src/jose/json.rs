//! Strict JSON, read where it stands.
//!
//! Two members of one name are refused at any depth: parsers differ on which one counts, and an
//! attacker signs for one and means the other (RFC 7515 section 4). Depth is bounded, so that no
//! later walk can exhaust a stack. Values are kept as they were written: most of a token's claims
//! are never looked at, and a number loses no digit.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use serde_json::value::RawValue;

/// How deep arrays and objects may stand in each other.
pub(super) const MAX_DEPTH: usize = 32;

/// A JSON value as it was written, found to be strict JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Json<'a>(&'a str);

/// A JSON object, read from a text that is nothing else.
#[derive(Debug)]
pub(super) struct Object<'a> {
    /// In [`name_order`].
    members: Vec<(Cow<'a, str>, Json<'a>)>,
}

/// No JSON object, or not a strict one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a JSON object in which each member stands once")]
pub(super) struct NotStrict;

impl<'a> Json<'a> {
    /// Whether a text is one JSON object in which each member stands once, at any depth.
    pub fn is_strict_object(text: &str) -> bool {
        Object::parse(text).is_ok()
    }

    /// A part of a text that was found to be strict before.
    pub(crate) const fn of_strict(text: &'a str) -> Self {
        Self(text)
    }

    /// The value as it was written.
    pub const fn as_written(self) -> &'a str {
        self.0
    }

    /// Whether it is `null`.
    pub fn is_null(self) -> bool {
        self.0 == "null"
    }

    /// Whether it has nothing inside that could be wrong: a string without escapes, a literal, or a
    /// number that is too short to be infinite.
    fn is_plain(self) -> bool {
        match self.0.as_bytes() {
            [b'"', inner @ ..] => !inner.contains(&b'\\'),
            [b'{' | b'[', ..] => false,
            [b't' | b'f' | b'n', ..] => true,
            number => number.len() < 300 && !number.iter().any(|byte| matches!(byte, b'e' | b'E')),
        }
    }

    /// The value of a string.
    pub fn string(self) -> Option<Cow<'a, str>> {
        let inner = self.0.strip_prefix('"')?.strip_suffix('"')?;
        if inner.contains('\\') {
            serde_json::from_str(self.0).ok().map(Cow::Owned)
        } else {
            Some(Cow::Borrowed(inner))
        }
    }

    /// The value of a number.
    pub fn number(self) -> Option<Number> {
        serde_json::from_str(self.0).ok()
    }

    /// The elements of an array.
    pub fn elements(self) -> Option<Vec<Self>> {
        if !self.0.starts_with('[') {
            return None;
        }
        let elements: Vec<&RawValue> = serde_json::from_str(self.0).ok()?;
        Some(
            elements
                .into_iter()
                .map(|element| Self(element.get()))
                .collect(),
        )
    }

    /// The members of an object, in the order of the text.
    pub fn members(self) -> Option<Vec<(Cow<'a, str>, Self)>> {
        members(self.0).ok()
    }

    /// The member of this name, if this is an object and has it.
    pub fn member(self, name: &str) -> Option<Self> {
        self.members()?
            .into_iter()
            .find(|(own, _)| own == name)
            .map(|(_, value)| value)
    }
}

impl<'a> Object<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, NotStrict> {
        let mut members = members(text).map_err(|_| NotStrict)?;
        members.sort_unstable_by(|(one, _), (other, _)| name_order(one, other));
        let is_double =
            |pair: &[(Cow<'_, str>, _)]| matches!(pair, [(one, _), (other, _)] if one == other);
        if members.windows(2).any(is_double) {
            return Err(NotStrict);
        }
        members
            .iter()
            .try_for_each(|(_, value)| check(*value))
            .map_err(|_| NotStrict)?;
        Ok(Self { members })
    }

    pub(super) fn get(&self, name: &str) -> Option<Json<'a>> {
        let at = self
            .members
            .binary_search_by(|(own, _)| name_order(own, name))
            .ok()?;
        self.members.get(at).map(|(_, value)| *value)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The members, in [`name_order`].
    pub(super) fn members(&self) -> &[(Cow<'a, str>, Json<'a>)] {
        &self.members
    }
}

/// Short names before long ones: most comparisons are one of two lengths, and a token's claims are
/// looked up all the time.
pub(super) fn name_order(one: &str, other: &str) -> Ordering {
    one.len().cmp(&other.len()).then_with(|| one.cmp(other))
}

/// The members of an object in the order of the text, their values only read past.
fn members(text: &str) -> serde_json::Result<Vec<(Cow<'_, str>, Json<'_>)>> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let members = deserializer.deserialize_map(Members)?;
    deserializer.end()?;
    Ok(members)
}

struct Members;

#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(Cow<'de, str>, Json<'de>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::with_capacity(16);
        while let Some((Name(name), value)) = entries.next_entry::<_, &RawValue>()? {
            members.push((name, Json(value.get())));
        }
        Ok(members)
    }
}

/// Reads a value that stands in the outermost object to its bottom, unless reading past it has
/// shown all there is to it.
fn check(value: Json<'_>) -> serde_json::Result<()> {
    if value.is_plain() {
        return Ok(());
    }
    Strict {
        depth_left: MAX_DEPTH - 1,
    }
    .deserialize(&mut serde_json::Deserializer::from_str(value.0))
}

/// Reads everything and keeps nothing.
struct Strict {
    depth_left: usize,
}

impl Strict {
    fn enter<E: Error>(self) -> Result<usize, E> {
        self.depth_left
            .checked_sub(1)
            .ok_or_else(|| E::custom("nested too deeply"))
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let depth_left = self.enter()?;
        while elements.next_element_seed(Self { depth_left })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let depth_left = self.enter()?;
        let mut names = Vec::new();
        while let Some(Name(name)) = entries.next_key()? {
            names.push(name);
            entries.next_value_seed(Self { depth_left })?;
        }
        names.sort_unstable();
        let is_double = |pair: &[Cow<'_, str>]| matches!(pair, [one, other] if one == other);
        if names.windows(2).any(is_double) {
            Err(A::Error::custom("a member stands twice"))
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_strict(text: &str) -> bool {
        Object::parse(text).is_ok()
    }

    #[test]
    fn objects_only() {
        assert!(is_strict(
            r#" {"a":[1,-1,1.5,"x",null,true,{"b":{}}], "c" : "\ud83d\ude00" } "#
        ));
        for text in [
            "",
            "[]",
            "1",
            "\"{}\"",
            "null",
            "{} x",
            "{}{}",
            "\u{feff}{}",
            "{\"a\":NaN}",
            "{\"a\":1e400}",
            "{",
        ] {
            assert!(!is_strict(text), "{text}");
        }
        for text in [
            r#"{"a":"\ud800"}"#,
            r#"{"\ud800":1}"#,
            r#"{"a":["\x41"]}"#,
            "{\"a\":\"\n\"}",
            r#"{"a":01}"#,
        ] {
            assert!(!is_strict(text), "{text}");
        }
    }

    #[test]
    fn no_member_twice_at_any_depth() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"b":2,"a":1}"#,
            r#"{"a":{"b":1,"b":2}}"#,
            r#"{"x":[{"b":1,"c":0,"\u0062":2}]}"#,
            r#"{"\u0061":1,"a":2}"#,
        ] {
            assert!(!is_strict(text), "{text}");
        }
    }

    #[test]
    fn values_are_read_as_they_stand() {
        let text = r#"{"s":"plain","e":"a\"b","n":1.50,"z":null,"l":[1,"x"],"o":{"\u006d":{}}}"#;
        let object = Object::parse(text).unwrap();
        let get = |name| object.get(name).unwrap();
        assert!(matches!(get("s").string(), Some(Cow::Borrowed("plain"))));
        assert_eq!(get("e").string().as_deref(), Some("a\"b"));
        assert_eq!(
            (get("n").as_written(), get("n").number().unwrap().as_f64()),
            ("1.50", Some(1.5))
        );
        assert!(get("z").is_null());
        assert_eq!(get("l").elements().unwrap(), [Json("1"), Json("\"x\"")]);
        assert_eq!(get("o").member("m"), Some(Json("{}")));
        assert!(!object.has("m"));
        for name in ["n", "z", "l", "o"] {
            assert_eq!(get(name).string(), None, "{name}");
        }
        for name in ["s", "z", "l", "o"] {
            assert_eq!(get(name).number(), None, "{name}");
        }
        for name in ["s", "n", "z", "o"] {
            assert_eq!(get(name).elements(), None, "{name}");
        }
        for name in ["s", "n", "z", "l"] {
            assert_eq!(get(name).member("m"), None, "{name}");
        }
    }

    #[test]
    fn numbers_are_plain_numbers() {
        // With `arbitrary_precision` anywhere in the tree this would be text, in every crate that
        // reads JSON.
        let text = r#"{"a":123456789012345678901234567890}"#;
        assert!(
            Object::parse(text)
                .unwrap()
                .get("a")
                .unwrap()
                .number()
                .unwrap()
                .is_f64()
        );
    }

    #[test]
    fn depth_is_bounded() {
        let arrays = |arrays: usize, inside: &str| {
            format!(
                "{{\"a\":{}{inside}{}}}",
                "[".repeat(arrays),
                "]".repeat(arrays)
            )
        };
        let objects =
            |objects: usize| format!("{}1{}", "{\"a\":".repeat(objects), "}".repeat(objects));
        assert!(is_strict(&arrays(MAX_DEPTH - 1, "1")) && is_strict(&arrays(MAX_DEPTH - 1, "")));
        assert!(!is_strict(&arrays(MAX_DEPTH, "1")) && !is_strict(&arrays(MAX_DEPTH, "")));
        assert!(is_strict(&objects(MAX_DEPTH)) && !is_strict(&objects(MAX_DEPTH + 1)));
        assert!(!is_strict(&arrays(100_000, "1")));
    }
}
