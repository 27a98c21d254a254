//! Text from outside, made safe to print.

use std::borrow::Cow;
use std::fmt::Write;
use std::path::Path;

use url::Url;

/// Returns `true` if a character is not visible itself, but affects a terminal or the order in
/// which text is read: C0, DEL, C1, and Unicode's characters for direction and invisible
/// formatting.
pub const fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\0'..='\x1f'
            | '\x7f'..='\u{9f}'
            | '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// Returns the text with the characters of [`is_invisible`] escaped, such as `\u{1b}`. Without
/// this, a name that someone else chose could move the cursor of a terminal or forge a line of a
/// log.
pub fn visible_text(text: &str) -> Cow<'_, str> {
    if !text.contains(is_invisible) {
        return Cow::Borrowed(text);
    }
    let mut visible = String::with_capacity(text.len());
    for character in text.chars() {
        if is_invisible(character) {
            visible.extend(character.escape_default());
        } else {
            visible.push(character);
        }
    }
    Cow::Owned(visible)
}

/// Returns equivalent JSON in which the characters of [`is_invisible`] are escaped.
///
/// C0 characters are left as they are: in valid JSON they are white space between tokens, and
/// cannot occur inside strings.
pub fn visible_json(json: &str) -> String {
    let mut visible = String::with_capacity(json.len());
    for character in json.chars() {
        if character < ' ' || !is_invisible(character) {
            visible.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing to a String cannot fail.
            let _ = write!(visible, "\\u{unit:04x}");
        }
    }
    visible
}

/// Returns `true` if a text that was given for a setting may contain a secret, which must not
/// appear in an error.
///
/// A URL may have secrets in front of an `@`, in its query and in its fragment, and a token may
/// have been pasted anywhere.
pub fn may_hold_secret(text: &str) -> bool {
    text.contains(['@', '?', '#']) || may_hold_token(text)
}

/// Returns `true` if a text may contain a JWT.
pub fn may_hold_token(text: &str) -> bool {
    text.contains(JWT_START)
}

/// Returns a URL as it may be shown: without credentials, query and fragment, which may be secret,
/// and without a path that may hold a token.
pub fn shown_url(url: &Url) -> String {
    let mut shown = url.clone();
    // Fails only for URLs that cannot have credentials.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown.set_fragment(None);
    let had_query = shown.query().is_some();
    shown.set_query(None);
    if may_hold_token(shown.path()) {
        shown.set_path("/...");
    }
    let text: String = shown.as_str().chars().take(MAX_SHOWN_URL).collect();
    if had_query || text.len() < shown.as_str().len() {
        text + "…"
    } else {
        text
    }
}

/// Longer URLs are cut off.
const MAX_SHOWN_URL: usize = 300;

/// Returns the path without a percent-encoded `?` and all after it, because a path is logged and a
/// query may be secret. A client that encodes the whole URI sends its query in the path. `%` may be
/// encoded as well, any number of times (`%253F`).
pub fn before_encoded_query(path: &[u8]) -> &[u8] {
    let mut end = 0;
    while let Some(percent) = path
        .get(end..)
        .and_then(|rest| rest.iter().position(|byte| *byte == b'%'))
    {
        let start = end + percent;
        let mut rest = path.get(start + 1..).unwrap_or_default();
        while let Some(inner) = rest.strip_prefix(b"25") {
            rest = inner;
        }
        if matches!(rest, [b'3', b'f' | b'F', ..]) {
            return path.get(..start).unwrap_or_default();
        }
        end = start + 1;
    }
    path
}

/// Returns the path of a file, for an error message.
///
/// Returns `None` if it does not look like a path: it may be the secret that belongs in the file.
pub fn shown_path(path: &Path) -> Option<&str> {
    let text = path.to_str()?;
    let is_plain = |character: char| character.is_alphanumeric() || "-_./ ~".contains(character);
    let is_bounded = text.len() <= 256 && text.split('/').all(|part| part.len() <= 100);
    let begins_like_one = ["/", "./", "../", "~/"]
        .iter()
        .any(|begin| text.starts_with(begin));
    let ends_like_one = path
        .extension()
        .is_some_and(|extension| EXTENSIONS.iter().any(|known| extension == *known));
    let is_path = is_bounded && text.chars().all(is_plain) && !may_hold_token(text);
    (is_path && (begins_like_one || ends_like_one)).then_some(text)
}

/// The extensions of files that settings name. A bare file name is shown only if it has one of
/// them.
const EXTENSIONS: [&str; 13] = [
    "crt", "cer", "json", "jwk", "jwks", "key", "pem", "pub", "secret", "token", "txt", "yaml",
    "yml",
];

/// `{"` in base64url, with which every JWT begins.
pub(super) const JWT_START: &str = "eyJ";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn visible_json_is_equivalent_and_printable() {
        let value = serde_json::json!({"a\u{202e}": "\u{9b}31m\u{7f}\u{1b}\u{e0041}\u{feff} \u{e9}\u{1f600}"});
        let visible = visible_json(&format!("{value:#}"));
        assert!(
            !visible.replace('\n', "").contains(is_invisible),
            "{visible}"
        );
        assert!(
            visible.contains("\\u202e") && visible.contains("\u{1f600}"),
            "{visible}"
        );
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&visible).unwrap(),
            value
        );
    }

    #[test]
    fn urls_are_shown_without_what_may_be_secret() {
        for (url, shown) in [
            ("https://a.example/x", "https://a.example/x"),
            (
                "https://u:secret@a.example:8443/x?token=secret#secret",
                "https://a.example:8443/x…",
            ),
            (
                "https://a.example/eyJhbGciOiJIUzI1NiJ9/x",
                "https://a.example/...",
            ),
        ] {
            assert_eq!(shown_url(&Url::parse(url).unwrap()), shown);
        }
        let long = format!("https://a.example/{}", "a".repeat(1000));
        assert_eq!(shown_url(&Url::parse(&long).unwrap()).chars().count(), 301);
    }

    proptest! {
        #[test]
        fn what_is_kept_of_a_path_has_no_encoded_query(path in "[%253fF/]{0,24}") {
            let kept = before_encoded_query(path.as_bytes());
            prop_assert!(path.as_bytes().starts_with(kept));
            let mut kept = String::from_utf8(kept.to_vec()).unwrap();
            while kept.contains("%25") {
                kept = kept.replace("%25", "%");
            }
            prop_assert!(!kept.contains("%3f") && !kept.contains("%3F"), "{path}: {kept}");
        }
    }

    #[test]
    fn what_looks_like_no_path_is_not_shown() {
        for path in [
            "/run/secrets/hmac",
            "./a",
            "../keys/a.b",
            "jwks.json",
            "tls/server.pem",
            "/tmp/.tmpA1b2/a b.yaml",
            "/",
        ] {
            assert_eq!(shown_path(Path::new(path)), Some(path));
        }
        let (long, deep) = (format!("/{}", "a".repeat(101)), "/a".repeat(129));
        for text in [
            "",
            "hunter2",
            "correct horse battery staple",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln",
            "/run/eyJhbGciOiJIUzI1NiJ9",
            "c3VwZXI/c2VjcmV0",
            "/c3VwZXI+c2VjcmV0=",
            "5f4dcc3b5aa765d61d8327deb882cf99",
            "hunter.two",
            "user:pass@host.pem",
            "a\nb.pem",
            "a\u{202e}.pem",
            &long,
            &deep,
        ] {
            assert_eq!(shown_path(Path::new(text)), None, "{text}");
        }
    }
}
