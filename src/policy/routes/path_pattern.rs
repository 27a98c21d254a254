//! Paths that a route is for.

use std::fmt;

use super::RoutePatternError;
use crate::domain::RequestPath;

/// The longest pattern, in bytes.
const MAX_BYTES: usize = 1024;
/// The most segments that a pattern may have; walks through the tree of paths are no deeper.
const MAX_SEGMENTS: usize = 32;

/// A path, written decoded and compared with regard to case.
///
/// `*` is any text inside one segment, but never an empty segment; a segment has one at most, alone
/// or beside other text (`/users/*/keys`, `/images/*.png`). `/**` at the end is the path in front
/// of it and everything below: `/admin/**` covers `/admin`, `/admin/` and `/admin/x`, while
/// `/admin` is only itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathPattern {
    pub(super) segments: Box<[Segment]>,
    /// `true` if everything below is meant too.
    pub(super) with_below: bool,
}

/// The pattern of one segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    /// This.
    Literal(Box<str>),
    /// Anything that fits.
    Star(Star),
}

/// Any text between two.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Star {
    before: Box<str>,
    after: Box<str>,
}

impl PathPattern {
    /// Reads a pattern.
    pub fn parse(text: &str) -> Result<Self, RoutePatternError> {
        if text.len() > MAX_BYTES {
            return Err(RoutePatternError::TooLong);
        }
        let path = text.strip_prefix('/').ok_or(RoutePatternError::NoSlash)?;
        let mut segments: Vec<_> = path.split('/').collect();
        let with_below = segments.pop_if(|last| *last == "**").is_some();
        if segments.len() > MAX_SEGMENTS {
            return Err(RoutePatternError::TooManySegments);
        }
        // `/admin/` is a path, and another one than `/admin`.
        let last = if with_below { None } else { segments.pop() };
        if segments.contains(&"") {
            return Err(RoutePatternError::EmptySegment);
        }
        segments.extend(last);
        let segments = segments
            .into_iter()
            .map(Segment::parse)
            .collect::<Result<_, _>>()?;
        Ok(Self {
            segments,
            with_below,
        })
    }

    /// Returns the first sign in it that has a meaning in regular expressions, and another one or
    /// none here. A path may have such signs, so this is no error.
    pub fn regex_sign(&self) -> Option<&'static str> {
        let text = self.to_string();
        let is_there = |sign: &&str| match *sign {
            // `$` begins names in OData, such as `/$batch`.
            "$" => text.ends_with('$'),
            sign => text.contains(sign),
        };
        [".*", ".+", "^", "$", "[", "|"].into_iter().find(is_there)
    }

    pub(super) fn matches(&self, path: &RequestPath<'_>) -> bool {
        let mut rest = path.as_str().split('/').skip(1);
        let fits = self
            .segments
            .iter()
            .all(|segment| rest.next().is_some_and(|text| segment.matches(text)));
        fits && (self.with_below || rest.next().is_none())
    }
}

impl Segment {
    fn parse(text: &str) -> Result<Self, RoutePatternError> {
        let is_foreign =
            |character: char| character.is_ascii_control() || r"\?#;{}".contains(character);
        if let Some(character) = text.chars().find(|character| is_foreign(*character)) {
            return Err(RoutePatternError::Character(character));
        }
        if text.ends_with(['.', ' ']) {
            return Err(RoutePatternError::DoubtfulEnd);
        }
        if RequestPath::holds_encoding(text) {
            return Err(RoutePatternError::Encoded);
        }
        match text.split_once('*') {
            None => Ok(Self::Literal(text.into())),
            Some((before, after)) if !after.contains('*') => Ok(Self::Star(Star {
                before: before.into(),
                after: after.into(),
            })),
            Some(_) if text.contains("**") => Err(RoutePatternError::DoubleStar),
            Some(_) => Err(RoutePatternError::SeveralStars),
        }
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Literal(own) => &**own == text,
            Self::Star(star) => star.matches(text),
        }
    }
}

impl Star {
    pub(super) fn matches(&self, text: &str) -> bool {
        let between = text
            .strip_prefix(&*self.before)
            .and_then(|rest| rest.strip_suffix(&*self.after));
        between.is_some() && !text.is_empty()
    }

    /// Returns whether it fits every text that the other does.
    pub(super) fn covers(&self, other: &Segment) -> bool {
        match other {
            Segment::Literal(text) => self.matches(text),
            Segment::Star(Star { before, after }) => {
                before.starts_with(&*self.before) && after.ends_with(&*self.after)
            }
        }
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for segment in &self.segments {
            match segment {
                Segment::Literal(text) => write!(f, "/{text}")?,
                Segment::Star(Star { before, after }) => write!(f, "/{before}*{after}")?,
            }
        }
        f.write_str(if self.with_below { "/**" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::Field;

    #[test]
    fn paths_match() {
        for (pattern, matching, other) in [
            ("/", &["/", "//", "/?x"][..], &["/a"][..]),
            ("/**", &["/", "/a", "/a/b/"], &[]),
            (
                "/admin",
                &["/admin", "/%61dmin", "//admin"],
                &["/admin/", "/Admin", "/admin/x", "/adminx", "/"],
            ),
            ("/admin/", &["/admin/", "/admin//"], &["/admin"]),
            (
                "/admin/**",
                &["/admin", "/admin/", "/admin/a/b"],
                &["/adminx", "/", "/x/admin"],
            ),
            (
                "/a/*",
                &["/a/b", "/a/*", "/a/%C3%A9"],
                &["/a", "/a/", "/a/b/", "/a/b/c"],
            ),
            ("/*/b", &["/a/b"], &["/b", "//b", "/a/a/b"]),
            ("/a/*/**", &["/a/b", "/a/b/c"], &["/a", "/a/"]),
            (
                "/img-*.png",
                &["/img-1.png", "/img-.png"],
                &["/img.png", "/img-1.pngx", "/img-/x.png"],
            ),
            ("/aba*ba", &["/ababa", "/abaxba"], &["/aba", "/abba"]),
            ("/a*", &["/a", "/ab"], &["/", "/b", "/a/b"]),
            ("/é b", &["/%c3%a9%20b"], &["/e b"]),
            ("/100%", &["/100%25"], &[]),
        ] {
            let text = pattern;
            let pattern = PathPattern::parse(text).unwrap();
            assert_eq!(pattern.to_string(), text);
            let is_match = |uri: &str| {
                RequestPath::from_field(Field::Once(uri.as_bytes()))
                    .is_ok_and(|p| pattern.matches(&p))
            };
            assert!(matching.iter().all(|uri| is_match(uri)), "{pattern:?}");
            assert!(!other.iter().any(|uri| is_match(uri)), "{pattern:?}");
        }
    }

    #[test]
    fn other_patterns_are_refused() {
        let (long, deep) = ("/a".repeat(513), "/a".repeat(33));
        for (text, error) in [
            ("", RoutePatternError::NoSlash),
            ("admin", RoutePatternError::NoSlash),
            ("^/admin", RoutePatternError::NoSlash),
            ("//", RoutePatternError::EmptySegment),
            ("//a", RoutePatternError::EmptySegment),
            ("/a//**", RoutePatternError::EmptySegment),
            ("/a/../b", RoutePatternError::DoubtfulEnd),
            ("/a.", RoutePatternError::DoubtfulEnd),
            ("/a ", RoutePatternError::DoubtfulEnd),
            ("/a?b", RoutePatternError::Character('?')),
            ("/users/{id}", RoutePatternError::Character('{')),
            ("/a;b", RoutePatternError::Character(';')),
            ("/a\\b", RoutePatternError::Character('\\')),
            ("/a\n", RoutePatternError::Character('\n')),
            ("/%61", RoutePatternError::Encoded),
            ("/**/a", RoutePatternError::DoubleStar),
            ("/a**", RoutePatternError::DoubleStar),
            ("/**/**", RoutePatternError::DoubleStar),
            ("/*a*", RoutePatternError::SeveralStars),
            (&long, RoutePatternError::TooLong),
            (&deep, RoutePatternError::TooManySegments),
        ] {
            assert_eq!(PathPattern::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn signs_of_regular_expressions_are_noticed() {
        for (pattern, sign) in [
            ("/admin/.*", Some(".*")),
            ("/admin.*", Some(".*")),
            ("/admin/.+", Some(".+")),
            ("/^admin", Some("^")),
            ("/admin$", Some("$")),
            ("/users/[0-9]", Some("[")),
            ("/(a|b)", Some("|")),
            ("/admin/**", None),
            ("/admin/*", None),
            ("/odata/$batch", None),
            ("/.well-known/**", None),
            ("/a.b/c+d/(e)", None),
        ] {
            assert_eq!(
                PathPattern::parse(pattern).unwrap().regex_sign(),
                sign,
                "{pattern}"
            );
        }
    }

    proptest! {
        #[test]
        fn every_pattern_without_stars_matches_itself(text in "[/a.;%2fé \\\\?#{]{0,8}") {
            if PathPattern::parse(&text).is_ok_and(|pattern| !pattern.with_below) {
                let uri = text.replace('%', "%25").replace(' ', "%20");
                let path = RequestPath::from_field(Field::Once(uri.as_bytes())).unwrap();
                prop_assert!(PathPattern::parse(&text).unwrap().matches(&path));
            }
        }

        #[test]
        fn any_text_gets_an_answer(text in any::<String>()) {
            let _ = PathPattern::parse(&text);
        }
    }
}
