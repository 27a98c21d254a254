//! Headers that a proxy removes before it asks doorward.

/// The headers, in lower case, that a proxy always removes before it asks doorward.
pub(super) struct EarlyRemoval {
    pub(super) prefixes: &'static [&'static str],
    pub(super) names: &'static [&'static str],
}

impl EarlyRemoval {
    /// Returns `true` if this name, in lower case, is removed.
    pub(super) fn removes(&self, name: &str) -> bool {
        self.prefixes.iter().any(|prefix| name.starts_with(prefix)) || self.names.contains(&name)
    }
}
