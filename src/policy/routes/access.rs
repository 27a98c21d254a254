//! Who may pass.

/// Who may pass where a route leads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Access {
    /// Everyone; tokens are not looked at.
    Anonymous,
    /// Everyone without a token, and whoever has a good one.
    Optional,
    /// Whoever has a good token.
    #[default]
    Authenticated,
    /// Nobody.
    Denied,
}
