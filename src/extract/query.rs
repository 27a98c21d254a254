//! A token in the query of the original URI (RFC 6750 section 2.3).

use url::form_urlencoded;

use super::found::Found;
use crate::domain::{Denial, Field, Reason, RequestPath, RequestQuery};

/// Looks for a token in the query parameter of this name; an empty parameter is no token.
///
/// Nothing is decoded: no character of a token needs an escape (RFC 7515 section 2), so an escaped
/// token is malformed. A parameter that another server may take for this one is ambiguous, because
/// that server may read it instead.
pub(super) fn find<'a>(uri: Field<'a>, name: &str) -> Result<Found<'a>, Denial> {
    let mut token: Option<&[u8]> = None;
    for parameter in RequestQuery::from_field(uri)?.parameters() {
        match value_of(parameter, name.as_bytes()) {
            Some(value) if !value.iter().copied().all(is_unreserved) => {
                return Err(Reason::TokenMalformed.into());
            }
            Some(value) if token.is_some_and(|earlier| earlier != value) => {
                return Err(Reason::TokenAmbiguous.into());
            }
            Some(value) => token = Some(value),
            // Some servers separate parameters by `;` as well.
            None if parameter
                .split(|byte| *byte == b';')
                .any(|part| may_be_taken_for(part, name)) =>
            {
                return Err(Reason::TokenAmbiguous.into());
            }
            None => {}
        }
    }
    Ok(token
        .filter(|token| !token.is_empty())
        .map_or(Found::Nothing, Found::Token))
}

/// Formats the parameter that carries this token, as a client would write it.
pub(super) fn parameter(name: &str, token: &str) -> String {
    std::iter::once(name)
        .chain(["="])
        .chain(form_urlencoded::byte_serialize(token.as_bytes()))
        .collect()
}

/// Returns `true` for a character that every server reads alike in a query: `unreserved` in RFC
/// 3986 section 2.3.
pub(super) const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Returns the value if the parameter has exactly this name.
fn value_of<'a>(parameter: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let rest = parameter.strip_prefix(name)?;
    if rest.is_empty() {
        Some(rest)
    } else {
        rest.strip_prefix(b"=")
    }
}

/// Returns `true` if some server may read this as a parameter or a cookie of this name.
///
/// It may be written with escapes, in another case (ASP.NET), as an array `NAME[]`, or with a
/// character that PHP makes an underscore. A name that is not UTF-8, or that contains an encoding
/// once it is decoded, may be any name.
pub(super) fn may_be_taken_for(part: &[u8], name: &str) -> bool {
    let written = part.split(|byte| *byte == b'=').next().unwrap_or_default();
    let Some((decoded, _)) = form_urlencoded::parse(written).next() else {
        return false;
    };
    let is_doubtful =
        decoded.contains(char::REPLACEMENT_CHARACTER) || RequestPath::holds_encoding(&decoded);
    let stem = decoded.split(['[', '\0']).next().unwrap_or_default();
    is_doubtful || is_alike(stem, name) || is_alike(&decoded, name)
}

fn is_alike(written: &str, name: &str) -> bool {
    written
        .trim()
        .bytes()
        .map(folded)
        .eq(name.bytes().map(folded))
}

const fn folded(byte: u8) -> u8 {
    match byte {
        b'.' | b' ' | b'[' => b'_',
        other => other.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(uri: &str) -> Result<Option<&str>, &'static str> {
        match find(Field::Once(uri.as_bytes()), "access_token") {
            Ok(Found::Token(token)) => Ok(Some(std::str::from_utf8(token).unwrap())),
            Ok(Found::Nothing) => Ok(None),
            Ok(_) => panic!("neither a token nor nothing"),
            Err(denial) => Err(denial.code()),
        }
    }

    #[test]
    fn a_parameter_is_a_token() {
        for (uri, token) in [
            ("/a?access_token=a.b-c_d~", Some("a.b-c_d~")),
            ("/a?x=%26access_token=y&access_token=a&z", Some("a")),
            ("/a?access_token=a&access_token=a", Some("a")),
            ("/a?b?access_token=a", None),
            ("/access_token=a", None),
            ("/a?access_token", None),
            ("/a?access_token=", None),
            ("/a?access_tokens=a&my_access_token=b&token=c", None),
            ("/a?a%20b=1&c%C3%A9=%ff&100%25=%2541", None),
        ] {
            assert_eq!(found(uri), Ok(token), "{uri}");
        }
    }

    #[test]
    fn an_escaped_token_is_malformed() {
        for value in [
            "a%2Eb", "a+b", "%", "a;b", "a=", "a/b", "\"a\"", "a,b", "a\u{e9}",
        ] {
            assert_eq!(
                found(&format!("/?access_token={value}")),
                Err("token_malformed"),
                "{value}"
            );
        }
    }

    #[test]
    fn a_possible_second_token_is_ambiguous() {
        for other in [
            "access_token=b",
            "access_token=",
            "access_token",
            "access%5ftoken=b",
            "%61ccess_token=a",
            "Access_Token=b",
            "access_token[]=b",
            "access_token%5B0%5D=b",
            "access_token%00x=b",
            "+access_token=b",
            "access.token=b",
            "access+token=b",
            "access[token=b",
            "access%255Ftoken=b",
            "access%u005ftoken=b",
            "access%c1%9ftoken=b",
            "x=1;access_token=b",
            "access_token;x=b",
        ] {
            assert_eq!(
                found(&format!("/?access_token=a&{other}")),
                Err("token_ambiguous"),
                "{other}"
            );
            assert_eq!(
                found(&format!("/?{other}&access_token=a")),
                Err("token_ambiguous"),
                "{other}"
            );
        }
    }

    #[test]
    fn a_formatted_parameter_is_found_again() {
        assert_eq!(
            found(&format!("/?{}", parameter("access_token", "a.b-c_d"))),
            Ok(Some("a.b-c_d"))
        );
        assert_eq!(
            found(&format!("/?{}", parameter("access_token", "a&b c"))),
            Err("token_malformed")
        );
    }

    fn tricky() -> impl Strategy<Value = String> {
        let part = proptest::sample::select(
            &[
                "access_token",
                "access",
                "%5F",
                "_",
                "token",
                "ACCESS_TOKEN",
                "=",
                "&",
                ";",
                "?",
                "+",
                "%",
                "a",
                "b.c",
                "[]",
            ][..],
        );
        proptest::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn a_form_parser_finds_the_same(query in tricky()) {
            if let Ok(found) = found(&format!("/?{query}")) {
                // So does a reader that also separates by semicolons.
                for query in [query.clone(), query.replace(';', "&")] {
                    let all = form_urlencoded::parse(query.as_bytes());
                    let tokens = all.filter(|(name, _)| name.eq_ignore_ascii_case("access_token"));
                    let mut tokens: Vec<_> = tokens.map(|(_, value)| value).collect();
                    tokens.dedup();
                    prop_assert!(tokens.len() < 2, "{:?}", tokens);
                    prop_assert_eq!(tokens.first().map(AsRef::as_ref).filter(|token: &&str| !token.is_empty()), found);
                }
            }
        }

        #[test]
        fn no_bytes_panic(uri in any::<Vec<u8>>()) {
            let _ = find(Field::Once(&[b"/?".as_slice(), &uri].concat()), "a");
        }
    }
}
