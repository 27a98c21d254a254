//! The name of a route.

use std::fmt;
use std::sync::Arc;

/// The maximum length of a name, in bytes.
const MAX_BYTES: usize = 64;

/// The name of a route, fit for a URL path (`/policy/NAME/verify`), a log line and the label of a
/// metric.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RouteName(Arc<str>);

/// The error for a text that cannot be the name of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RouteNameError {
    /// The text is empty, too long, or has other characters.
    #[error("not 1 to 64 letters, digits, `-`, `_` and `.` with a letter or digit first")]
    Malformed,
    /// The name is reserved: in metrics it means that there is no route.
    #[error("`none` is no name: in metrics it stands for requests without a route")]
    Reserved,
}

impl RouteNameError {
    /// Returns a hint about what to do.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Malformed => {
                "it is a part of a URL and of metrics: write a name such as admin-api"
            }
            Self::Reserved => "choose another name",
        }
    }
}

impl RouteName {
    /// Parses a name.
    ///
    /// Fails with [`RouteNameError`] if the text cannot be the name of a route.
    pub fn parse(text: &str) -> Result<Self, RouteNameError> {
        let is_name_byte =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let starts_well = text.starts_with(|first: char| first.is_ascii_alphanumeric());
        match text {
            "none" => Err(RouteNameError::Reserved),
            _ if starts_well && text.len() <= MAX_BYTES && text.bytes().all(is_name_byte) => {
                Ok(Self(text.into()))
            }
            _ => Err(RouteNameError::Malformed),
        }
    }

    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the name as a label that logs can keep.
    pub fn label(&self) -> Arc<str> {
        self.0.clone()
    }
}

impl fmt::Display for RouteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for name in ["a", "everything-else", "v1.2_x", "0"] {
            assert_eq!(RouteName::parse(name).unwrap().to_string(), name);
        }
        let long = "a".repeat(65);
        for text in [
            "", ".", "..", "-a", "a b", "a/b", "a%2f", "\u{e9}", "a\n", &long,
        ] {
            assert_eq!(
                RouteName::parse(text),
                Err(RouteNameError::Malformed),
                "{text:?}"
            );
        }
        assert_eq!(RouteName::parse("none"), Err(RouteNameError::Reserved));
    }
}
