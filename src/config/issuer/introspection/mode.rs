//! The tokens that an issuer is asked about.

/// The tokens that an issuer is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntrospectionMode {
    /// Those that are no JWT.
    Opaque,
    /// All. The signature of a JWT is verified before, and the answer adds claims.
    Always,
    /// All. The signature of a JWT is not looked at.
    Only,
}

impl IntrospectionMode {
    /// Returns the word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Opaque => "opaque",
            Self::Always => "always",
            Self::Only => "only",
        }
    }
}

/// The values of `introspection`; `None` is off.
pub(super) const MODES: &[(&str, Option<IntrospectionMode>); 4] = &[
    ("off", None),
    ("opaque", Some(IntrospectionMode::Opaque)),
    ("always", Some(IntrospectionMode::Always)),
    ("only", Some(IntrospectionMode::Only)),
];
