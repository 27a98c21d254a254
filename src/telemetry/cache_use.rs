//! The part of the token cache in a decision.

/// The part of the token cache in a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CacheUse {
    /// The cache was not asked.
    #[default]
    None,
    /// The cache had the token.
    Hit,
    /// The cache did not have the token.
    Miss,
}

impl CacheUse {
    /// Returns the value for a label or a log field.
    pub const fn label(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Hit => "hit",
            Self::Miss => "miss",
        }
    }
}
