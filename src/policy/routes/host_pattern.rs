//! Hosts that a route is for.

use std::fmt;

use super::RoutePatternError;
use crate::domain::RequestHost;

/// One host, or all hosts below one: `app.example.com`, `*.example.com`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostPattern {
    /// This one.
    Exact(Box<str>),
    /// Every host with one or more labels in front of this name, but not the name itself.
    Below(Box<str>),
}

impl HostPattern {
    /// Reads a pattern.
    pub fn parse(text: &str) -> Result<Self, RoutePatternError> {
        let (host, make): (_, fn(Box<str>) -> Self) = match text.strip_prefix("*.") {
            // An address has nothing below it.
            Some(host) if !host.starts_with('[') => (host, Self::Below),
            _ => (text, Self::Exact),
        };
        let host = RequestHost::parse(host).ok_or(RoutePatternError::Host)?;
        Ok(make(host.as_str().into()))
    }

    pub(super) fn matches(&self, host: &RequestHost<'_>) -> bool {
        match self {
            Self::Exact(own) => host.as_str() == &**own,
            Self::Below(parent) => host
                .as_str()
                .strip_suffix(&**parent)
                .is_some_and(|front| front.ends_with('.')),
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(host) => f.write_str(host),
            Self::Below(parent) => write!(f, "*.{parent}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Field;

    #[test]
    fn hosts_match_without_regard_to_case_and_port() {
        for (pattern, host, expected) in [
            ("a.example", "A.Example.:443", true),
            ("A.EXAMPLE.", "a.example", true),
            ("a.example", "b.a.example", false),
            ("*.example.com", "a.example.com", true),
            ("*.example.com", "a.b.Example.com:8443", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", "badexample.com", false),
            ("*.example.com", "a.example.com.evil", false),
            ("[0::1]", "[::1]:80", true),
        ] {
            let judged = RequestHost::from_field(Field::Once(host.as_bytes())).unwrap();
            let pattern = HostPattern::parse(pattern).unwrap();
            assert_eq!(
                HostPattern::parse(&pattern.to_string()).as_ref(),
                Ok(&pattern)
            );
            assert_eq!(pattern.matches(&judged), expected, "{pattern} {host}");
        }
    }

    #[test]
    fn other_patterns_are_refused() {
        for text in [
            "",
            "*",
            "*.",
            "*.*.example",
            "a.*",
            "a*.example",
            "**.example",
            "a:80",
            "https://a",
            "*.[::1]",
            ".a",
        ] {
            assert_eq!(
                HostPattern::parse(text),
                Err(RoutePatternError::Host),
                "{text}"
            );
        }
    }
}
