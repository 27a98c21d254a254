//! Parses JSON strictly and without copying it.
//!
//! Duplicate member names are refused at any depth. Parsers differ on which of the members counts,
//! so an attacker could let one reader check a value and another reader use a different one (RFC
//! 7515 section 4). The depth is bounded, so that no later walk can exhaust a stack. Values are
//! kept as they were written: most claims of a token are never read, and a number loses no digit.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use serde_json::value::RawValue;

/// The largest depth to which arrays and objects may be nested.
pub(super) const MAX_DEPTH: usize = 32;

/// A JSON value as it was written, known to be strict JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Json<'a>(&'a str);

/// A strict JSON object, from a text that holds nothing else.
#[derive(Debug)]
pub(super) struct Object<'a> {
    /// The members, sorted by [`name_order`].
    members: Vec<(Cow<'a, str>, Json<'a>)>,
}

/// The error for a text that is not a strict JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a JSON object, or a member is repeated")]
pub(super) struct NotStrict;

impl<'a> Json<'a> {
    /// Returns `true` if a text is a JSON object without duplicate member names at any depth.
    pub fn is_strict_object(text: &str) -> bool {
        Object::parse(text).is_ok()
    }

    /// Wraps a part of a text that is already known to be strict.
    pub(crate) const fn of_strict(text: &'a str) -> Self {
        Self(text)
    }

    /// Returns the value as it was written.
    pub const fn as_written(self) -> &'a str {
        self.0
    }

    /// Returns `true` if the value is `null`.
    pub fn is_null(self) -> bool {
        self.0 == "null"
    }

    /// Returns `true` if nothing inside the value can be wrong: it is a string without escapes, a
    /// literal, or a number that is too short to be infinite.
    fn is_plain(self) -> bool {
        match self.0.as_bytes() {
            [b'"', inner @ ..] => !inner.contains(&b'\\'),
            [b'{' | b'[', ..] => false,
            [b't' | b'f' | b'n', ..] => true,
            number => number.len() < 300 && !number.iter().any(|byte| matches!(byte, b'e' | b'E')),
        }
    }

    /// Returns the value of a string, or `None` for any other type.
    pub fn string(self) -> Option<Cow<'a, str>> {
        let inner = self.0.strip_prefix('"')?.strip_suffix('"')?;
        if inner.contains('\\') {
            serde_json::from_str(self.0).ok().map(Cow::Owned)
        } else {
            Some(Cow::Borrowed(inner))
        }
    }

    /// Returns the value of a number, or `None` for any other type.
    pub fn number(self) -> Option<Number> {
        serde_json::from_str(self.0).ok()
    }

    /// Returns the elements of an array, or `None` for any other type.
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

    /// Returns the members of an object in the order of the text, or `None` for any other type.
    pub fn members(self) -> Option<Vec<(Cow<'a, str>, Self)>> {
        members(self.0).ok()
    }

    /// Returns the member of this name, if this is an object and has it.
    pub fn member(self, name: &str) -> Option<Self> {
        let mut deserializer = serde_json::Deserializer::from_str(self.0);
        deserializer.deserialize_map(OneMember(name)).ok()?
    }
}

impl<'a> Object<'a> {
    /// Parses a text. Fails with [`NotStrict`] if it is not a strict JSON object.
    pub(super) fn parse(text: &'a str) -> Result<Self, NotStrict> {
        let mut members = members(text).map_err(|_| NotStrict)?;
        members.sort_unstable_by(|(one, _), (other, _)| name_order(one, other));
        let is_duplicate =
            |pair: &[(Cow<'_, str>, _)]| matches!(pair, [(one, _), (other, _)] if one == other);
        if members.windows(2).any(is_duplicate) {
            return Err(NotStrict);
        }
        members
            .iter()
            .try_for_each(|(_, value)| check(*value))
            .map_err(|_| NotStrict)?;
        Ok(Self { members })
    }

    /// Returns the member of this name.
    pub(super) fn get(&self, name: &str) -> Option<Json<'a>> {
        let at = self
            .members
            .binary_search_by(|(own, _)| name_order(own, name))
            .ok()?;
        self.members.get(at).map(|(_, value)| *value)
    }

    /// Returns `true` if there is a member of this name, even if it is `null`.
    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Returns the members, sorted by [`name_order`].
    pub(super) fn members(&self) -> &[(Cow<'a, str>, Json<'a>)] {
        &self.members
    }
}

/// Orders short names before long ones. Most comparisons then compare two lengths only; claims are
/// looked up for every token.
pub(super) fn name_order(one: &str, other: &str) -> Ordering {
    one.len().cmp(&other.len()).then_with(|| one.cmp(other))
}

/// Parses the members of an object, in the order of the text. Their values are skipped and not
/// checked at depth.
fn members(text: &str) -> serde_json::Result<Vec<(Cow<'_, str>, Json<'_>)>> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let members = deserializer.deserialize_map(Members)?;
    deserializer.end()?;
    Ok(members)
}

/// Collects the members of an object.
struct Members;

/// The name of a member, borrowed from the text where it has no escapes.
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

/// Finds the member of one name, and allocates nothing for the others.
struct OneMember<'n>(&'n str);

impl<'de> Visitor<'de> for OneMember<'_> {
    type Value = Option<Json<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some((Name(name), value)) = entries.next_entry::<_, &RawValue>()? {
            if name == self.0 {
                found = found.or(Some(Json(value.get())));
            }
        }
        Ok(found)
    }
}

/// Checks a member of the outermost object at every depth, unless skipping it has already shown
/// that it is strict.
fn check(value: Json<'_>) -> serde_json::Result<()> {
    if value.is_plain() {
        return Ok(());
    }
    Strict {
        depth_left: MAX_DEPTH - 1,
    }
    .deserialize(&mut serde_json::Deserializer::from_str(value.0))
}

/// Checks a value at every depth, and keeps nothing of it.
struct Strict {
    depth_left: usize,
}

impl Strict {
    /// Returns the depth that is left inside of an array or object. Fails if none is left.
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
        let is_duplicate = |pair: &[Cow<'_, str>]| matches!(pair, [one, other] if one == other);
        if names.windows(2).any(is_duplicate) {
            Err(A::Error::custom("a member is repeated"))
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
    fn values_are_read_as_they_were_written() {
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
        // If any crate in the tree enabled `arbitrary_precision`, this would be text in every crate
        // that reads JSON.
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
