//! Headers that a proxy removes before it asks.

/// What a proxy that removes before it asks takes away whatever is mapped; in lower case.
pub(super) struct EarlyRemoval {
    pub(super) prefixes: &'static [&'static str],
    pub(super) names: &'static [&'static str],
}

impl EarlyRemoval {
    /// Whether a name in lower case is among them.
    pub(super) fn takes(&self, name: &str) -> bool {
        self.prefixes.iter().any(|prefix| name.starts_with(prefix)) || self.names.contains(&name)
    }
}
