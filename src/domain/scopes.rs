//! OAuth scopes.

/// A list of scopes (RFC 6749 section 3.3), in the order of the token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scopes(Box<[Box<str>]>);

impl Scopes {
    /// Parses a space-separated list.
    pub fn parse(list: &str) -> Self {
        list.split(' ').collect()
    }

    /// Returns `true` if the list has this scope; scopes are case-sensitive.
    pub fn contains(&self, scope: &str) -> bool {
        self.0.iter().any(|own| &**own == scope)
    }

    /// Returns `true` if the list has all of these scopes.
    pub fn contains_all(&self, required: &Self) -> bool {
        required.iter().all(|scope| self.contains(scope))
    }

    /// Returns an iterator over the scopes.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|scope| &**scope)
    }
}

impl<'a> FromIterator<&'a str> for Scopes {
    fn from_iter<I: IntoIterator<Item = &'a str>>(scopes: I) -> Self {
        // An empty scope names nothing (RFC 6749 section 3.3), and would leave a space at the end
        // of a header.
        Self(
            scopes
                .into_iter()
                .filter(|scope| !scope.is_empty())
                .map(Box::from)
                .collect(),
        )
    }
}

impl std::fmt::Display for Scopes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}
