//! The beginnings of an issuer's opaque tokens.

use super::mode::IntrospectionMode;
use crate::config_reader::{Invalid, Reader, Reported, Setting, Shape, value};

pub(in crate::config::issuer) const TOKEN_PREFIXES: Setting = Setting::optional(
    "token_prefixes",
    "–",
    "Prefixes of this issuer's tokens. A token with such a prefix is sent to this issuer only. Compared exactly. The prefix stays part of the token.",
)
.shaped(Shape::List(&Shape::Text));

/// The beginning of nearly every JWT: base64url of `{"`. The issuer of a JWT is found by its `iss`.
const JWT: &str = "eyJ";

/// The longest prefix, in bytes.
const MAX_BYTES: usize = 64;

pub(super) fn read(reader: &mut Reader) -> Result<Vec<String>, Reported> {
    let read = reader.optional_list(&TOKEN_PREFIXES, prefix)?;
    Ok(read.unwrap_or_default())
}

fn prefix(text: &str) -> Result<String, Invalid> {
    let prefix = value::text(text)?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    if prefix.len() > MAX_BYTES || !prefix.bytes().all(is_plain) {
        return Err(Invalid::new("not the beginning of a token")
            .hint("write letters, digits, -, ., _, ~, + and /, at most 64 of them"));
    }
    if is_ambiguous(&prefix, JWT) {
        return Err(Invalid::new("is how JWTs begin").hint("whose a JWT is, its `iss` says"));
    }
    Ok(prefix)
}

/// Returns `true` if a token could begin with both.
fn is_ambiguous(one: &str, other: &str) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

/// The tokens that an issuer is asked about, and their prefixes.
pub(in crate::config::issuer) type AskedTokens<'a> = (IntrospectionMode, &'a [String]);

/// Returns the problems with the prefixes of all issuers, each with the position of the issuer: two
/// prefixes that one token could begin with, and several issuers of opaque tokens without prefixes.
/// A token must never be sent to a server that did not issue it. `reserved` is the prefix of API
/// keys, if there are any.
pub(in crate::config::issuer) fn unclear_tokens(
    issuers: &[Option<AskedTokens<'_>>],
    reserved: Option<&str>,
) -> Vec<(usize, Invalid)> {
    let asked = || {
        let numbered = issuers.iter().enumerate();
        numbered.filter_map(|(index, asked)| Some((index, (*asked)?)))
    };
    let prefixes: Vec<(usize, &str)> = asked()
        .flat_map(|(index, (_, prefixes))| prefixes.iter().map(move |own| (index, own.as_str())))
        .collect();
    let mut wrong = Vec::new();
    for (number, (index, prefix)) in prefixes.iter().enumerate() {
        let mut earlier = prefixes.iter().take(number);
        if let Some((other, taken)) = earlier.find(|(_, other)| is_ambiguous(prefix, other)) {
            let message =
                format!("{prefix:?} and {taken:?} of issuers[{other}] may both begin a token");
            let hint = "no prefix may begin with another one";
            wrong.push((*index, Invalid::new(message).hint(hint)));
        }
        if let Some(reserved) = reserved.filter(|reserved| is_ambiguous(prefix, reserved)) {
            let message = format!("{prefix:?} may begin an API key, as {reserved:?} does");
            let hint = "choose another $api_key_prefix";
            wrong.push((*index, Invalid::new(message).hint(hint)));
        }
    }
    let mut rest = asked()
        .filter(|(_, (mode, prefixes))| *mode == IntrospectionMode::Opaque && prefixes.is_empty());
    if let Some((first, _)) = rest.next() {
        wrong.extend(rest.map(|(index, _)| {
            let message = format!("gets every token that is no JWT, as issuers[{first}] does");
            let hint = "give each its $token_prefixes: a token is sent to one server only";
            (index, Invalid::new(message).hint(hint))
        }));
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_the_beginning_of_a_token_and_of_no_jwt() {
        for good in ["glpat-", "ory_at_", "a/b+c~", "eyK", "EYJ"] {
            assert_eq!(prefix(good), Ok(good.to_owned()));
        }
        for bad in [
            "",
            "e",
            "ey",
            "eyJ",
            "eyJh",
            "a b",
            "ä",
            "a=",
            "\"a\"",
            &"a".repeat(65),
        ] {
            assert!(prefix(bad).is_err(), "{bad}");
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "stands in lists beside `None`")]
    fn opaque(prefixes: &[String]) -> Option<AskedTokens<'_>> {
        Some((IntrospectionMode::Opaque, prefixes))
    }

    #[test]
    fn a_token_is_of_one_issuer_only() {
        let list = |prefixes: &[&str]| -> Vec<String> {
            prefixes.iter().map(ToString::to_string).collect()
        };
        let (none, a, ab, b) = (list(&[]), list(&["a"]), list(&["x", "ab"]), list(&["b"]));
        let only: Option<AskedTokens<'_>> = Some((IntrospectionMode::Only, &none));
        let wrong = |issuers: &[Option<AskedTokens<'_>>], reserved| -> Vec<usize> {
            let wrong = unclear_tokens(issuers, reserved);
            wrong.into_iter().map(|(index, _)| index).collect()
        };
        let nothing: [usize; 0] = [];
        let distinct = [opaque(&a), None, opaque(&b), opaque(&none)];
        assert_eq!(wrong(&distinct, None), nothing);
        assert_eq!(wrong(&[opaque(&none), only], None), nothing);
        assert_eq!(wrong(&[opaque(&a), None, opaque(&ab)], None), [2]);
        assert_eq!(wrong(&[opaque(&ab), opaque(&a)], None), [1]);
        let unclear = [opaque(&none), None, opaque(&none), opaque(&none)];
        assert_eq!(wrong(&unclear, None), [2, 3]);
        assert_eq!(wrong(&[opaque(&b)], Some("b_")), [0]);
        assert_eq!(wrong(&[opaque(&list(&["b_x"]))], Some("b_")), [0]);
    }
}
