//! Paths to claims.

use std::fmt;

/// A path to a claim: `sub`, `realm_access.roles`, `"a.b".c`, `https://example.com/roles`, or `$`
/// for all claims.
///
/// Dots separate the names, and a quoted segment is taken literally. A path that contains `://` and
/// no quote is one top-level name, because providers use URLs as namespaces for their claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimPath {
    text: Box<str>,
    segments: Box<[Box<str>]>,
}

/// The error of [`ClaimPath::parse`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClaimPathError {
    /// A segment is empty.
    #[error("an empty segment in a claim path")]
    EmptySegment,
    /// A quote is not closed, or does not enclose a whole segment.
    #[error("a misplaced quote in a claim path")]
    MisplacedQuote,
}

impl ClaimPath {
    /// Parses a path.
    ///
    /// Fails with [`ClaimPathError`] if a segment is empty or a quote is misplaced.
    pub fn parse(text: &str) -> Result<Self, ClaimPathError> {
        let segments = match text {
            "$" => Vec::new(),
            name if name.contains("://") && !name.contains('"') => vec![name.into()],
            dotted => segments(dotted)?,
        };
        Ok(Self {
            text: text.into(),
            segments: segments.into(),
        })
    }

    /// Returns the path of this one top-level name, whatever characters it has.
    pub fn of_name(name: &str) -> Self {
        Self {
            text: name.into(),
            segments: [name.into()].into(),
        }
    }

    /// Splits `PATH=VALUE` at the first `=` outside of quotes; returns `None` if there is none.
    pub fn split_value(text: &str) -> Option<(&str, &str)> {
        let mut quoted = false;
        let at = text.bytes().position(|byte| {
            quoted ^= byte == b'"';
            byte == b'=' && !quoted
        });
        let (path, value) = text.split_at_checked(at?)?;
        Some((path, value.get(1..)?))
    }

    /// Returns `true` if the path is this one top-level name.
    pub fn is_name(&self, name: &str) -> bool {
        matches!(&*self.segments, [only] if &**only == name)
    }

    /// Returns the names along the path, outermost first; none for `$`.
    pub const fn segments(&self) -> &[Box<str>] {
        &self.segments
    }
}

impl fmt::Display for ClaimPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn segments(mut rest: &str) -> Result<Vec<Box<str>>, ClaimPathError> {
    let mut segments = Vec::new();
    loop {
        let (segment, behind) = next_segment(rest)?;
        if segment.is_empty() {
            return Err(ClaimPathError::EmptySegment);
        }
        segments.push(segment.into());
        match behind.strip_prefix('.') {
            Some(more) => rest = more,
            None if behind.is_empty() => return Ok(segments),
            None => return Err(ClaimPathError::MisplacedQuote),
        }
    }
}

fn next_segment(text: &str) -> Result<(&str, &str), ClaimPathError> {
    if let Some(quoted) = text.strip_prefix('"') {
        return quoted.split_once('"').ok_or(ClaimPathError::MisplacedQuote);
    }
    let (segment, behind) = text.split_at(text.find('.').unwrap_or(text.len()));
    if segment.contains('"') {
        Err(ClaimPathError::MisplacedQuote)
    } else {
        Ok((segment, behind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_segments() {
        for (path, segments) in [
            ("sub", &["sub"][..]),
            ("a.b.c", &["a", "b", "c"]),
            (r#""a.b".c"#, &["a.b", "c"]),
            (r#"a."b.c""#, &["a", "b.c"]),
            ("https://x.example/roles", &["https://x.example/roles"]),
            (
                r#""https://x.example/claims".x-role"#,
                &["https://x.example/claims", "x-role"],
            ),
            (
                r#"a."https://x.example/roles""#,
                &["a", "https://x.example/roles"],
            ),
            ("$", &[]),
            ("$.a", &["$", "a"]),
        ] {
            let parsed = ClaimPath::parse(path).unwrap();
            assert_eq!(
                parsed
                    .segments()
                    .iter()
                    .map(|segment| &**segment)
                    .collect::<Vec<_>>(),
                segments,
                "{path}"
            );
            assert_eq!(parsed.to_string(), path);
            assert_eq!(parsed.is_name("sub"), path == "sub");
        }
    }

    #[test]
    fn a_value_begins_at_the_first_equals_sign_outside_of_quotes() {
        for (text, split) in [
            ("a", None),
            ("a=b", Some(("a", "b"))),
            ("groups=cn=admins,dc=x", Some(("groups", "cn=admins,dc=x"))),
            ("tenant=YWJj=", Some(("tenant", "YWJj="))),
            (r#""a=b".c=d"#, Some((r#""a=b".c"#, "d"))),
            (r#"a="b=c""#, Some(("a", r#""b=c""#))),
            (r#""a=b"#, None),
            ("é=ü", Some(("é", "ü"))),
        ] {
            assert_eq!(ClaimPath::split_value(text), split, "{text}");
        }
    }

    #[test]
    fn broken_paths_are_refused() {
        for text in ["", ".", "a.", ".a", "a..b", "\"\""] {
            assert_eq!(
                ClaimPath::parse(text),
                Err(ClaimPathError::EmptySegment),
                "{text}"
            );
        }
        for text in ["\"a", "a\"b", "\"a\"b", "https://x.example/\"a\""] {
            assert_eq!(
                ClaimPath::parse(text),
                Err(ClaimPathError::MisplacedQuote),
                "{text}"
            );
        }
    }
}
