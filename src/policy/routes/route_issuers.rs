//! Whose tokens a route accepts.

/// Whose tokens are accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteIssuers {
    /// Those of every issuer.
    All,
    /// Those of the issuers at these positions.
    These(Box<[usize]>),
}

impl RouteIssuers {
    /// Whether it is the issuer at this position too.
    pub(crate) fn contain(&self, position: usize) -> bool {
        match self {
            Self::All => true,
            Self::These(positions) => positions.contains(&position),
        }
    }
}
