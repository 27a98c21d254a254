//! The difference between the names of two issuers.

use std::fmt;

use url::Url;

/// The parts in which two names of issuers differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// At least one.
    parts: Vec<&'static str>,
    /// `true` if one name may have been meant for the other.
    is_near: bool,
}

impl Difference {
    /// Compares two names. Returns nothing if they are equal.
    pub fn between(one: &str, other: &str) -> Option<Self> {
        if one == other {
            return None;
        }
        let (Ok(own), Ok(others)) = (Url::parse(one.trim()), Url::parse(other.trim())) else {
            return Some(Self::between_names(one, other));
        };
        let mut parts = Vec::new();
        if own.scheme() != others.scheme() {
            parts.push("the scheme");
        }
        let same_host = own.host_str() == others.host_str();
        if !same_host {
            parts.push("the host");
        }
        if own.port() != others.port() {
            parts.push("the port");
        }
        let bare = |url: &Url| url.path().trim_end_matches('/').to_owned();
        let (path, other_path) = (bare(&own), bare(&others));
        if path != other_path {
            parts.push(if path.eq_ignore_ascii_case(&other_path) {
                "upper and lower case"
            } else {
                "the path"
            });
        }
        if one.trim().ends_with('/') != other.trim().ends_with('/') {
            parts.push("a slash at the end");
        }
        if own.query() != others.query() || own.fragment() != others.fragment() {
            parts.push("what follows the path");
        }
        if parts.is_empty() {
            // A URL forgives what a comparison byte by byte does not.
            parts.push(if one.trim().eq_ignore_ascii_case(other.trim()) {
                if one.eq_ignore_ascii_case(other) {
                    "upper and lower case"
                } else {
                    "blanks around it"
                }
            } else {
                "spelling"
            });
        }
        Some(Self {
            parts,
            is_near: same_host || path == other_path && !path.is_empty(),
        })
    }

    /// Returns how much the names differ: another host or path counts more than a slip.
    fn weight(&self) -> usize {
        let is_large = |part: &&&str| matches!(**part, "the host" | "the path");
        self.parts.len() + 2 * self.parts.iter().filter(is_large).count()
    }

    /// Compares names that are no URLs.
    fn between_names(one: &str, other: &str) -> Self {
        let is_near = one.trim().eq_ignore_ascii_case(other.trim());
        let part = match is_near {
            true if one.eq_ignore_ascii_case(other) => "upper and lower case",
            true => "blanks around it",
            false => "the name",
        };
        Self {
            parts: vec![part],
            is_near,
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.parts.join(", "))
    }
}

/// Returns the name that is most like this one, and how it differs. Returns nothing if none is
/// like it.
pub fn nearest<'a>(
    name: &str,
    known: impl Iterator<Item = &'a str>,
) -> Option<(&'a str, Difference)> {
    known
        .filter_map(|known| Some((known, Difference::between(name, known)?)))
        .filter(|(_, difference)| difference.is_near)
        .min_by_key(|(known, difference)| (difference.weight(), *known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_in_parts() {
        let configured = "https://idp.example/realms/main";
        for (found, parts) in [
            ("https://idp.example/realms/main/", "a slash at the end"),
            ("http://idp.example/realms/main", "the scheme"),
            ("https://idp.example:8443/realms/main", "the port"),
            ("https://idp.example/realms/Main", "upper and lower case"),
            ("https://IDP.example/realms/main", "upper and lower case"),
            (" https://idp.example/realms/main", "blanks around it"),
            ("https://idp.example:443/realms/main", "spelling"),
            ("https://idp.example/realms/other", "the path"),
            (
                "http://keycloak:8080/realms/main",
                "the scheme, the host, the port",
            ),
            ("https://idp.example/realms/main?x", "what follows the path"),
        ] {
            let difference = Difference::between(found, configured).unwrap();
            assert_eq!(difference.to_string(), parts, "{found}");
            assert!(difference.is_near, "{found}");
        }
        assert_eq!(Difference::between(configured, configured), None);
    }

    #[test]
    fn the_nearest_name_is_the_one_with_the_fewest_differences() {
        let known = [
            "https://a.example/",
            "https://a.example/x",
            "https://b.example/x/",
        ];
        let found = nearest("https://b.example/x", known.into_iter());
        assert_eq!(found.unwrap().0, "https://b.example/x/");
        for stranger in [
            "https://c.example/",
            "https://c.example/y",
            "me",
            "",
            "https://c.example/\u{202e}",
        ] {
            assert_eq!(nearest(stranger, known.into_iter()), None, "{stranger}");
        }
        assert_eq!(nearest("ME", ["me"].into_iter()).unwrap().0, "me");
    }
}
