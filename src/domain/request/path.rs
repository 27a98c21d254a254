//! The path of the original request.

use std::borrow::Cow;

use super::Field;
use crate::domain::Reason;

/// A path that every server behind us reads alike: percent-decoded, without empty segments but for
/// the last, and without path parameters. There is one way to get it: [`judge`](Self::judge).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestPath<'a> {
    text: Cow<'a, str>,
    has_parameters: bool,
}

impl<'a> RequestPath<'a> {
    /// Judges the path of what the proxy says is the path and the query.
    ///
    /// Errors: [`Reason::ForwardedHeadersMissing`], or [`Reason::ForwardedHeadersAmbiguous`] if two
    /// servers may see two paths in it. That is a segment that ends in a dot or a blank (`.`, `..`,
    /// and what Windows takes for them), a `/`, `\`, `?`, `#`, `;` or control character that is
    /// encoded or out of place, what decodes to an encoding again, and what is no percent encoding
    /// or no UTF-8.
    pub fn judge(uri: Field<'a>) -> Result<Self, Reason> {
        // The query is not part of the path: whoever matches both together can be led astray by
        // `?x=/public`.
        let path = uri.described()?.split(|byte| *byte == b'?').next();
        path.and_then(Self::parse)
            .ok_or(Reason::ForwardedHeadersAmbiguous)
    }

    fn parse(path: &'a [u8]) -> Option<Self> {
        if is_plain(path) {
            let text = std::str::from_utf8(path).ok()?.into();
            return Some(Self {
                text,
                has_parameters: false,
            });
        }
        Self::decode(path)
    }

    fn decode(path: &[u8]) -> Option<Self> {
        let mut segments = path
            .strip_prefix(b"/")?
            .split(|byte| *byte == b'/')
            .peekable();
        let mut text = String::with_capacity(path.len());
        while let Some(segment) = segments.next() {
            // `//` counts as `/`; only the last one may be empty.
            if !segment.is_empty() || segments.peek().is_none() {
                text.push('/');
                text.push_str(&segment_name(segment)?);
            }
        }
        Some(Self {
            text: text.into(),
            has_parameters: path.contains(&b';'),
        })
    }

    /// The decoded path. It starts with a slash, and slashes only stand between segments.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether parameters (`;x=y`, RFC 3986 section 3.3) were taken away. A server that does not
    /// know them sees another path.
    pub const fn has_parameters(&self) -> bool {
        self.has_parameters
    }

    /// Whether a decoded text would be decoded again by a server that decodes twice, or knows
    /// `%u002f`.
    pub fn holds_encoding(text: &str) -> bool {
        let behind_percent = text.split('%').skip(1);
        behind_percent.map(str::as_bytes).any(|rest| match rest {
            [b'u' | b'U', ..] => true,
            [high, low, ..] => high.is_ascii_hexdigit() && low.is_ascii_hexdigit(),
            _ => false,
        })
    }
}

/// Whether decoding would change nothing, and nothing is doubtful.
fn is_plain(path: &[u8]) -> bool {
    let is_plain_byte =
        |byte: &u8| byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,=:@".contains(byte);
    let is_doubtful_end = |pair: &[u8]| matches!(pair, [b'/' | b'.', b'/']);
    path.starts_with(b"/")
        && path.iter().all(is_plain_byte)
        && !path.windows(2).any(is_doubtful_end)
        && !path.ends_with(b".")
}

/// The decoded segment without its parameters, which are judged all the same.
fn segment_name(segment: &[u8]) -> Option<String> {
    let mut parts = segment.split(|byte| *byte == b';');
    let name = parts.next().and_then(decode)?;
    let mut parameters = parts.peekable();
    // Without its parameters such a segment would be empty: `/;x/admin` is `/admin` for some.
    let is_nameless = name.is_empty() && parameters.peek().is_some();
    // Behind a server that drops parameters `..;` is `..`; Windows drops dots and blanks at the end
    // of a name.
    let is_doubtful = is_nameless || name.ends_with(['.', ' ']);
    (!is_doubtful && parameters.all(|parameter| decode(parameter).is_some())).then_some(name)
}

fn decode(part: &[u8]) -> Option<String> {
    let mut decoded = Vec::with_capacity(part.len());
    let mut rest = part.iter();
    while let Some(&byte) = rest.next() {
        match byte {
            b'%' => decoded.push(hex(*rest.next()?)? << 4 | hex(*rest.next()?)?),
            b' ' => return None,
            plain => decoded.push(plain),
        }
    }
    let text = String::from_utf8(decoded).ok()?;
    (!text.bytes().any(is_delimiter) && !RequestPath::holds_encoding(&text)).then_some(text)
}

/// What ends a segment or a path for some server, once it is decoded.
const fn is_delimiter(byte: u8) -> bool {
    byte.is_ascii_control() || matches!(byte, b'/' | b'\\' | b'?' | b'#' | b';')
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn judged(uri: impl AsRef<[u8]>) -> Result<String, Reason> {
        RequestPath::judge(Field::Once(uri.as_ref())).map(|path| path.as_str().to_owned())
    }

    #[test]
    fn paths_are_decoded_once() {
        for (uri, path) in [
            ("/", "/"),
            ("/?", "/"),
            ("/a/b?c=/../d;e#f", "/a/b"),
            ("/%61dmin/%7Ex", "/admin/~x"),
            ("//a///b//", "/a/b/"),
            ("//", "/"),
            ("/a%20b", "/a b"),
            ("/%C3%A9", "/é"),
            ("/%c3%a9", "/é"),
            ("/é", "/é"),
            ("/100%25", "/100%"),
            ("/.well-known/..x/a.b", "/.well-known/..x/a.b"),
            ("/a;b=c/d;e;f", "/a/d"),
            ("/a%2Ab*", "/a*b*"),
            ("/{x}|y", "/{x}|y"),
        ] {
            assert_eq!(judged(uri).as_deref(), Ok(path), "{uri}");
        }
    }

    #[test]
    fn plain_paths_are_not_copied() {
        let path = RequestPath::judge(Field::Once(b"/api/v1/users/42/?x=%2f")).unwrap();
        assert!(matches!(path.text, Cow::Borrowed("/api/v1/users/42/")));
    }

    #[test]
    fn parameters_are_told() {
        let has_parameters = |uri: &str| {
            RequestPath::judge(Field::Once(uri.as_bytes()))
                .unwrap()
                .has_parameters()
        };
        assert!(has_parameters("/a;x/b"));
        assert!(has_parameters("/a;"));
        assert!(!has_parameters("/a?b;c"));
    }

    #[test]
    fn what_may_be_two_paths_is_refused() {
        for uri in [
            "",
            "?x",
            "*",
            "a",
            "http://a.example/b",
            "/./a",
            "/a/.",
            "/a/..",
            "/../a",
            "/a/../b",
            "/%2e/a",
            "/%2E%2e/a",
            "/.%2e",
            "/..%2fa",
            "/a%2fb",
            "/a%2Fb",
            "/a%5cb",
            "/a%5Cb",
            "/a\\b",
            "/..\\a",
            "/a%00",
            "/a\0",
            "/a#b",
            "/a%23b",
            "/a%3fb",
            "/a%",
            "/a%2",
            "/a%zz",
            "/a%u002fb",
            "/%ff",
            "/%c0%ae",
            "/%c0%af",
            "/%e0%80%af",
            "/%ed%a0%80",
            "/%C3/%A9",
            "/a%252fb",
            "/%252e%252e/a",
            "/a%25%32fb",
            "/%25u002e",
            "/a%0ab",
            "/a%7f",
            "/a b",
            "/a\tb",
            "/...",
            "/.%20",
            "/..%20/a",
            "/a.",
            "/a./b",
            "/a%20",
            "/a%20/b",
            "/..;/a",
            "/..;x=y/a",
            "/.;/a",
            "/a/%2e%2e;x",
            "/;x/a",
            "/a/;",
            "/a%3bx",
            "/a%3Bx",
            "/a;x=%2f..",
            "/a;x=%00",
            "/a;%3b",
            "/a;\\",
        ] {
            assert_eq!(
                judged(uri),
                Err(Reason::ForwardedHeadersAmbiguous),
                "{uri:?}"
            );
        }
        assert_eq!(judged(b"/\xe9"), Err(Reason::ForwardedHeadersAmbiguous));
        assert_eq!(
            RequestPath::judge(Field::Repeated),
            Err(Reason::ForwardedHeadersAmbiguous)
        );
        assert_eq!(
            RequestPath::judge(Field::Absent),
            Err(Reason::ForwardedHeadersMissing)
        );
    }

    fn tricky() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            Just("/"),
            Just("//"),
            Just("."),
            Just(".."),
            Just("%2e"),
            Just("%2f"),
            Just("%25"),
            Just("%"),
            Just(";"),
            Just("a"),
            Just("%61"),
            Just("\u{e9}"),
            Just("%c3"),
            Just("%A9"),
            Just("%20"),
            Just("?"),
            Just("#"),
            Just("\\"),
            Just("u"),
        ];
        proptest::collection::vec(part, 0..10).prop_map(|parts| format!("/{}", parts.concat()))
    }

    proptest! {
        #[test]
        fn nothing_doubtful_is_left(uri in tricky()) {
            if let Ok(path) = judged(&uri) {
                let last = path.split('/').count() - 1;
                for (at, segment) in path.split('/').enumerate() {
                    prop_assert!(!segment.ends_with(['.', ' ']), "{}", path);
                    prop_assert!(!segment.is_empty() || at == 0 || at == last, "{}", path);
                }
                prop_assert!(!path.contains(['\\', '?', '#', ';']) && !path.contains(char::is_control), "{}", path);
                // Whoever decodes once more finds nothing else.
                prop_assert_eq!(judged(path.replace('%', "%25").replace(' ', "%20")), Ok(path));
            }
        }

        #[test]
        fn however_it_is_encoded_it_is_the_same_path(uri in tricky(), choices in proptest::collection::vec(0..3, 64)) {
            if let Ok(path) = judged(&uri) {
                let encoded: Vec<u8> = path.bytes().zip(choices.iter().cycle()).flat_map(|(byte, choice)| match choice {
                    _ if byte == b'/' => b"/".to_vec(),
                    0 if !matches!(byte, b'%' | b' ') => vec![byte],
                    1 => format!("%{byte:02x}").into_bytes(),
                    _ => format!("%{byte:02X}").into_bytes(),
                }).collect();
                prop_assert_eq!(judged(encoded), Ok(path));
            }
        }

        #[test]
        fn the_short_way_is_a_short_way(path in "/[a.;%/2e]{0,8}") {
            prop_assert_eq!(RequestPath::parse(path.as_bytes()), RequestPath::decode(path.as_bytes()));
        }

        #[test]
        fn any_bytes_get_an_answer(uri in any::<Vec<u8>>()) {
            let _ = RequestPath::judge(Field::Once(&uri));
        }
    }
}
