//! The query of the original request.

use super::Field;
use crate::domain::Reason;

/// The query of the original request as it was sent, without decoding (RFC 3986 section 3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestQuery<'a>(&'a [u8]);

impl<'a> RequestQuery<'a> {
    /// Parses the query of the path and query that the proxy reports; without a `?` it is empty.
    ///
    /// Fails with [`Reason::ForwardedHeadersMissing`] if it reports none, and with
    /// [`Reason::ForwardedHeadersAmbiguous`] if two servers may see two queries in it: it has a
    /// `#`, a space or a control character, or does not start with a path.
    pub fn from_field(uri: Field<'a>) -> Result<Self, Reason> {
        let uri = uri.described()?;
        let is_doubtful = |byte: &u8| byte.is_ascii_control() || matches!(byte, b' ' | b'#');
        if !uri.starts_with(b"/") || uri.iter().any(is_doubtful) {
            return Err(Reason::ForwardedHeadersAmbiguous);
        }
        // Only the first `?` is a delimiter.
        Ok(Self(
            uri.splitn(2, |byte| *byte == b'?')
                .nth(1)
                .unwrap_or_default(),
        ))
    }

    /// Returns the parameters, which are separated by `&`, in order and without decoding.
    pub fn parameters(self) -> impl Iterator<Item = &'a [u8]> {
        self.0.split(|byte| *byte == b'&')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(uri: &[u8]) -> Result<Vec<&str>, Reason> {
        let query = RequestQuery::from_field(Field::Once(uri))?;
        Ok(query
            .parameters()
            .map(|parameter| std::str::from_utf8(parameter).unwrap())
            .collect())
    }

    #[test]
    fn parameters_are_separated_by_ampersands() {
        assert_eq!(
            parsed(b"/a?b=1&&c=%26;d?e&"),
            Ok(vec!["b=1", "", "c=%26;d?e", ""])
        );
        assert_eq!(parsed(b"/a&b=1"), Ok(vec![""]));
        assert_eq!(parsed(b"/?"), Ok(vec![""]));
    }

    #[test]
    fn what_may_be_two_queries_is_refused() {
        for uri in [
            "",
            "?a=1",
            "*",
            "a?b",
            "http://a.example/?b",
            "/?a#b",
            "/#?a",
            "/?a b",
            "/?a\tb",
            "/?a\0",
            "/?\u{7f}",
        ] {
            assert_eq!(
                parsed(uri.as_bytes()),
                Err(Reason::ForwardedHeadersAmbiguous),
                "{uri:?}"
            );
        }
        assert_eq!(
            RequestQuery::from_field(Field::Repeated),
            Err(Reason::ForwardedHeadersAmbiguous)
        );
        assert_eq!(
            RequestQuery::from_field(Field::Absent),
            Err(Reason::ForwardedHeadersMissing)
        );
    }
}
