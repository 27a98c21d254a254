//! The scheme and the form of a credential.

/// The authentication scheme of a credential (RFC 9110 section 11.1). A token from a header,
/// cookie, parameter or WebSocket protocol counts as `Bearer`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialScheme {
    /// RFC 6750.
    Bearer,
    /// RFC 7617: a user and a password.
    Basic,
}

impl CredentialScheme {
    /// Every scheme, in the usual order of challenges.
    pub const ALL: &[Self] = &[Self::Bearer, Self::Basic];

    /// Returns the name of the scheme, as challenges have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer",
            Self::Basic => "Basic",
        }
    }
}

/// The form of a credential: what its bytes mean. Equal bytes of two forms are two credentials: a
/// password must never pass for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CredentialForm {
    /// A token, whichever scheme it was presented with.
    Token,
    /// An API key.
    ApiKey,
    /// A user and a password.
    Password,
}
