//! The way to a claim inside the claims.

use std::fmt;

/// The way to a claim: `sub`, `realm_access.roles`, `"a.b".c`, `https://example.com/roles`, or `$` for all claims.
///
/// Dots separate members, a quoted segment is taken as it stands, and a path that contains `://` is one top-level
/// name, because that is how providers namespace their claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimPath {
    text: Box<str>,
    segments: Box<[Box<str>]>,
}

/// Why a text is no claim path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClaimPathError {
    /// Nothing, or nothing between two dots.
    #[error("an empty segment in a claim path")]
    EmptySegment,
    /// A quote that is never closed, or text behind a closing one.
    #[error("a misplaced quote in a claim path")]
    MisplacedQuote,
}

impl ClaimPath {
    /// Reads a path.
    pub fn parse(text: &str) -> Result<Self, ClaimPathError> {
        let segments = match text {
            "$" => Vec::new(),
            name if name.contains("://") => vec![name.into()],
            dotted => segments(dotted)?,
        };
        Ok(Self { text: text.into(), segments: segments.into() })
    }

    /// Whether the path is this one top-level name.
    pub fn is_name(&self, name: &str) -> bool {
        matches!(&*self.segments, [only] if &**only == name)
    }

    /// The names on the way, from the outside in; none for `$`.
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
    if segment.contains('"') { Err(ClaimPathError::MisplacedQuote) } else { Ok((segment, behind)) }
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
            ("$", &[]),
            ("$.a", &["$", "a"]),
        ] {
            let parsed = ClaimPath::parse(path).unwrap();
            assert_eq!(parsed.segments().iter().map(|segment| &**segment).collect::<Vec<_>>(), segments, "{path}");
            assert_eq!(parsed.to_string(), path);
            assert_eq!(parsed.is_name("sub"), path == "sub");
        }
    }

    #[test]
    fn broken_paths_are_refused() {
        for text in ["", ".", "a.", ".a", "a..b", "\"\""] {
            assert_eq!(ClaimPath::parse(text), Err(ClaimPathError::EmptySegment), "{text}");
        }
        for text in ["\"a", "a\"b", "\"a\"b"] {
            assert_eq!(ClaimPath::parse(text), Err(ClaimPathError::MisplacedQuote), "{text}");
        }
    }
}
