//! Methods that a route is for.

use std::fmt;

use super::RoutePatternError;
use crate::domain::RequestMethod;

/// Methods, compared exactly: HEAD is not GET.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Methods(Box<[Box<str>]>);

impl Methods {
    /// Reads a list of methods. Small letters are taken for a mistake: `get` is another method than
    /// `GET` (RFC 9110 section 9.1), and no client sends it.
    pub fn parse<'a>(list: impl IntoIterator<Item = &'a str>) -> Result<Self, RoutePatternError> {
        let is_method_byte = |byte: u8| {
            byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_')
        };
        let is_method = |text: &str| !text.is_empty() && text.bytes().all(is_method_byte);
        let methods: Box<[Box<str>]> = list.into_iter().map(Box::from).collect();
        let are_methods = !methods.is_empty() && methods.iter().all(|method| is_method(method));
        are_methods
            .then_some(Self(methods))
            .ok_or(RoutePatternError::Methods)
    }

    pub(super) fn contains(&self, method: RequestMethod<'_>) -> bool {
        self.has(method.as_str())
    }

    pub(super) fn has(&self, method: &str) -> bool {
        self.0.iter().any(|own| &**own == method)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(AsRef::as_ref)
    }
}

impl fmt::Display for Methods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" or "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Field;

    #[test]
    fn methods_are_exact() {
        let methods = Methods::parse(["GET", "M-SEARCH"]).unwrap();
        for (method, expected) in [
            ("GET", true),
            ("M-SEARCH", true),
            ("HEAD", false),
            ("get", false),
            ("GETS", false),
        ] {
            let method = RequestMethod::from_field(Field::Once(method.as_bytes())).unwrap();
            assert_eq!(methods.contains(method), expected, "{method:?}");
        }
        for list in [
            &[][..],
            &[""],
            &["get"],
            &["GET", "POST "],
            &["*"],
            &["GET,POST"],
        ] {
            assert_eq!(
                Methods::parse(list.iter().copied()),
                Err(RoutePatternError::Methods),
                "{list:?}"
            );
        }
    }
}
