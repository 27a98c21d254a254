//! Strict JSON objects.
//!
//! Two members of one name are refused at any depth: parsers differ on which one counts, and an attacker signs for one
//! and means the other (RFC 7515 section 4). Depth is bounded, so that no later walk can exhaust a stack.

use std::fmt;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How deep arrays and objects may stand in each other.
pub(super) const MAX_DEPTH: usize = 32;

/// Reads a JSON text that must be an object, and nothing must stand behind it.
pub(super) fn object(text: &str) -> Result<Map<String, Value>, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Strict { depth_left: MAX_DEPTH }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    match value {
        Value::Object(members) => Ok(members),
        _ => Err(serde_json::Error::custom("not an object")),
    }
}

struct Strict {
    depth_left: usize,
}

impl Strict {
    fn deeper<E: Error>(&self) -> Result<Self, E> {
        let depth_left = self.depth_left.checked_sub(1).ok_or_else(|| E::custom("nested too deeply"))?;
        Ok(Self { depth_left })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(element) = elements.next_element_seed(self.deeper()?)? {
            array.push(element);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(self.deeper()?)?;
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a member stands twice"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_only() {
        assert!(object(r#"{"a":[1,-1,1.5,"x",null,true,{"b":{}}]}"#).is_ok());
        for text in ["", "[]", "1", "\"{}\"", "null", "{} x", "{}{}", "\u{feff}{}", "{\"a\":NaN}", "{\"a\":1e400}", "{"]
        {
            assert!(object(text).is_err(), "{text}");
        }
    }

    #[test]
    fn no_member_twice_at_any_depth() {
        for text in [r#"{"a":1,"a":1}"#, r#"{"a":{"b":1,"b":2}}"#, r#"{"x":[{"b":1,"\u0062":2}]}"#] {
            assert!(object(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_are_plain_numbers() {
        // With `arbitrary_precision` anywhere in the tree this would be text, in every crate that reads JSON.
        assert!(object(r#"{"a":123456789012345678901234567890}"#).unwrap()["a"].is_f64());
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |arrays: usize| format!("{{\"a\":{}1{}}}", "[".repeat(arrays), "]".repeat(arrays));
        assert!(object(&nested(MAX_DEPTH - 1)).is_ok());
        assert!(object(&nested(MAX_DEPTH)).is_err());
        assert!(object(&nested(100_000)).is_err());
    }
}
