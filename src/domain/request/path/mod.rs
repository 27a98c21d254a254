//! The path of the original request.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use super::Field;
use crate::domain::Reason;

/// A path that every server behind the proxy reads alike: percent-decoded, without empty segments
/// except the last, and without path parameters. Only [`from_field`](Self::from_field) creates one.
///
/// # Examples
///
/// ```
/// use doorward::domain::{Field, Reason, RequestPath};
///
/// let path = RequestPath::from_field(Field::Once(b"/%61dmin//users;v=1?page=2"))?;
/// assert_eq!(path.as_str(), "/admin/users");
/// assert!(path.has_parameters());
///
/// // Some servers decode `%2e%2e` before they resolve `..`, others after it, or never.
/// let doubtful = RequestPath::from_field(Field::Once(b"/public/%2e%2e/admin"));
/// assert_eq!(doubtful, Err(Reason::ForwardedHeadersAmbiguous));
/// # Ok::<(), Reason>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestPath<'a> {
    text: Cow<'a, str>,
    has_parameters: bool,
}

impl<'a> RequestPath<'a> {
    /// Parses the path of the path and query that the proxy reports.
    ///
    /// Fails with [`Reason::ForwardedHeadersMissing`] if it reports none, and with
    /// [`Reason::ForwardedHeadersAmbiguous`] if two servers may see two paths in it, because it has
    ///
    /// - a segment that ends in a dot or a space (`.`, `..`, and what Windows takes for them),
    /// - a `/`, `\`, `?`, `#`, `;` or control character that is encoded or out of place,
    /// - an encoding that decodes to another encoding,
    /// - an invalid percent-encoding, or bytes that are not UTF-8.
    pub fn from_field(uri: Field<'a>) -> Result<Self, Reason> {
        // The query is not part of the path: a rule that matched both together could be deceived by
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
            // `//` counts as `/`; only the last segment may be empty.
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

    /// Returns the decoded path. It starts with a slash, and slashes only separate segments.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns `true` if parameters (`;x=y`, RFC 3986 section 3.3) were removed. A server that does
    /// not support them sees another path.
    pub const fn has_parameters(&self) -> bool {
        self.has_parameters
    }

    /// Returns `true` if a decoded text contains a percent-encoding. A server that decodes twice,
    /// or that supports `%u002f`, would decode it again.
    pub fn holds_encoding(text: &str) -> bool {
        let behind_percent = text.split('%').skip(1);
        behind_percent.map(str::as_bytes).any(|rest| match rest {
            [b'u' | b'U', ..] => true,
            [high, low, ..] => high.is_ascii_hexdigit() && low.is_ascii_hexdigit(),
            _ => false,
        })
    }
}

/// Returns `true` if decoding would change nothing, and nothing is doubtful.
fn is_plain(path: &[u8]) -> bool {
    let is_plain_byte =
        |byte: &u8| byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,=:@".contains(byte);
    let is_doubtful_end = |pair: &[u8]| matches!(pair, [b'/' | b'.', b'/']);
    path.starts_with(b"/")
        && path.iter().all(is_plain_byte)
        && !path.windows(2).any(is_doubtful_end)
        && !path.ends_with(b".")
}

/// Returns the decoded segment without its parameters, which are checked as well.
fn segment_name(segment: &[u8]) -> Option<String> {
    let mut parts = segment.split(|byte| *byte == b';');
    let name = parts.next().and_then(decode)?;
    let mut parameters = parts.peekable();
    // Without its parameters such a segment would be empty: some servers read `/;x/admin` as
    // `/admin`.
    let is_nameless = name.is_empty() && parameters.peek().is_some();
    // A server that drops parameters makes `..` of `..;`. Windows drops dots and spaces at the end
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

/// Returns `true` for a byte that, once it is decoded, ends a segment or a path for some server.
const fn is_delimiter(byte: u8) -> bool {
    byte.is_ascii_control() || matches!(byte, b'/' | b'\\' | b'?' | b'#' | b';')
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}
