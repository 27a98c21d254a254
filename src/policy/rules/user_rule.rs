//! The rule about the user directory.

/// The rule of a route about the user directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserRule {
    /// The user is not looked up, and has no row.
    Ignored,
    /// The user is looked up, if there is a directory. A principal of an issuer without users there
    /// passes, and has no row.
    LookedUp,
    /// The user must be in the directory. A principal of an issuer without users there is denied.
    Required,
}
