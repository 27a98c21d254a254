//! Rendering of claim values as header values. Nothing is lost, and no byte can end a header line.
//!
//! Bytes 0x20 to 0x7E stay as they are, but for `%`; everything else, and spaces at the ends,
//! become `%XX` of their UTF-8. Two different texts never render alike, nor do two different arrays
//! of non-empty texts.

use std::borrow::Cow;
use std::fmt::Write;

use crate::domain::Reason;
use crate::jose::{Json, encode_base64url};
use crate::policy::exact_double;

/// Appends a claim to a text.
pub(super) fn value(claim: Json<'_>, separator: &str, text: &mut String) -> Result<(), Reason> {
    let Some(elements) = claim.elements() else {
        encode(&scalar(claim)?, "", text);
        return Ok(());
    };
    let elements: Vec<_> = elements.into_iter().map(scalar).collect::<Result<_, _>>()?;
    list(elements.iter().map(AsRef::as_ref), separator, text);
    Ok(())
}

/// Appends a claim in base64url (RFC 4648 section 5, without padding): a text as its UTF-8, `null`
/// as nothing, anything else as its JSON.
pub(super) fn base64url(claim: Json<'_>, text: &mut String) -> Result<(), Reason> {
    match claim.as_written().as_bytes().first() {
        Some(b'"') => text.push_str(&encode_base64url(
            &*claim.string().ok_or(Reason::ClaimInvalid)?,
        )),
        Some(b'n') => {}
        _ => text.push_str(&encode_base64url(claim.as_written())),
    }
    Ok(())
}

/// Appends a list. The separator is percent-encoded where it is inside an element.
pub(super) fn list<'a>(
    elements: impl Iterator<Item = &'a str>,
    separator: &str,
    text: &mut String,
) {
    for (position, element) in elements.enumerate() {
        if position > 0 {
            text.push_str(separator);
        }
        encode(element, separator, text);
    }
}

/// Returns the text of a single value. Objects, and arrays inside arrays, become the base64url of
/// their JSON.
fn scalar(value: Json<'_>) -> Result<Cow<'_, str>, Reason> {
    let json = value.as_written();
    match json.as_bytes().first() {
        Some(b'"') => value.string().ok_or(Reason::ClaimInvalid),
        Some(b'{' | b'[') => Ok(encode_base64url(json).into()),
        Some(b'n') => Ok("".into()),
        Some(b't' | b'f') => Ok(json.into()),
        _ => number(json).map(Cow::Owned).ok_or(Reason::ClaimInvalid),
    }
}

/// Returns the text of a number that a program can read without loss: an integer of 64 bits, or a
/// double that equals exactly the digits that the issuer wrote. Other numbers have none.
fn number(json: &str) -> Option<String> {
    if let Ok(integer) = json.parse::<i64>() {
        return Some(integer.to_string());
    }
    if let Ok(integer) = json.parse::<u64>() {
        return Some(integer.to_string());
    }
    Some(serde_json::Number::from_f64(exact_double(json)?)?.to_string())
}

fn encode(value: &str, separator: &str, text: &mut String) {
    let is_plain = |byte: u8| {
        matches!(byte, 0x20..=0x7E) && byte != b'%' && !separator.as_bytes().contains(&byte)
    };
    let inner = value.trim_matches(' ');
    if inner.len() == value.len() && value.bytes().all(is_plain) {
        text.push_str(value);
        return;
    }
    let leading = value.len() - value.trim_start_matches(' ').len();
    let inside = leading..leading + inner.len();
    for (at, byte) in value.bytes().enumerate() {
        if is_plain(byte) && inside.contains(&at) {
            text.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rendered(json: &str) -> Result<String, Reason> {
        let mut text = String::new();
        value(Json::of_strict(json), ",", &mut text).map(|()| text)
    }

    fn decode(text: &str) -> String {
        let mut bytes = Vec::new();
        let mut rest = text.as_bytes();
        while let Some((&byte, behind)) = rest.split_first() {
            if byte == b'%' {
                bytes.push(
                    u8::from_str_radix(std::str::from_utf8(&behind[..2]).unwrap(), 16).unwrap(),
                );
                rest = &behind[2..];
            } else {
                bytes.push(byte);
                rest = behind;
            }
        }
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn texts() {
        for (json, expected) in [
            (r#""alice""#, "alice"),
            (r#""a b""#, "a b"),
            (r#"" a ""#, "%20a%20"),
            (r#""  ""#, "%20%20"),
            (r#""100%""#, "100%25"),
            (r#""a\r\nX: y""#, "a%0D%0AX: y"),
            (r#""\u0000\t\u007f""#, "%00%09%7F"),
            (r#""Özdemir""#, "%C3%96zdemir"),
            (r#""\u2028""#, "%E2%80%A8"),
            (r#""""#, ""),
        ] {
            assert_eq!(rendered(json).as_deref(), Ok(expected), "{json}");
        }
    }

    #[test]
    fn numbers_keep_every_digit_or_are_refused() {
        for (json, expected) in [
            ("9007199254740993", "9007199254740993"),
            ("18446744073709551615", "18446744073709551615"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("1e21", "1e+21"),
            ("0.1", "0.1"),
            ("1.50", "1.5"),
            ("-0.0", "-0.0"),
            ("0e99999999999999999999", "0.0"),
            ("true", "true"),
            ("null", ""),
        ] {
            assert_eq!(rendered(json).as_deref(), Ok(expected), "{json}");
        }
        for json in [
            "18446744073709551617",
            "1e400",
            "0.1000000000000000055511151231257827",
            "123456789012345678901",
        ] {
            assert_eq!(rendered(json), Err(Reason::ClaimInvalid), "{json}");
        }
    }

    #[test]
    fn arrays_and_objects() {
        assert_eq!(
            rendered(r#"["a","b,c"," d"]"#).as_deref(),
            Ok("a,b%2Cc,%20d")
        );
        assert_eq!(rendered(r#"[1,true,null,"x"]"#).as_deref(), Ok("1,true,,x"));
        assert_eq!(rendered("[]").as_deref(), Ok(""));
        assert_eq!(rendered(r#"{"a":1}"#).as_deref(), Ok("eyJhIjoxfQ"));
        assert_eq!(rendered("[[1]]").as_deref(), Ok("WzFd"));
    }

    proptest! {
        #[test]
        fn texts_are_visible_ascii_and_come_back(text in any::<String>()) {
            let rendered = rendered(&serde_json::to_string(&text).unwrap()).unwrap();
            prop_assert!(rendered.bytes().all(|byte| matches!(byte, 0x20..=0x7E)));
            prop_assert_eq!(rendered.trim(), rendered.as_str());
            prop_assert_eq!(decode(&rendered), text);
        }

        #[test]
        fn arrays_of_non_empty_texts_come_back(texts in proptest::collection::vec("[a ,%\u{e9}]{1,5}", 1..5)) {
            let rendered = rendered(&serde_json::to_string(&texts).unwrap()).unwrap();
            prop_assert_eq!(rendered.split(',').map(decode).collect::<Vec<_>>(), texts);
        }

        #[test]
        fn any_number_gives_an_answer(digits in "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?(e[+-]?[0-9]{1,20})?") {
            let _ = rendered(&digits);
        }
    }
}
