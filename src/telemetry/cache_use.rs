//! What the token cache had to do with a decision.

/// What the token cache had to do with a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CacheUse {
    /// It was not asked.
    #[default]
    None,
    /// It knew the token.
    Hit,
    /// It did not.
    Miss,
}

impl CacheUse {
    /// As a label.
    pub const fn label(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Hit => "hit",
            Self::Miss => "miss",
        }
    }
}
