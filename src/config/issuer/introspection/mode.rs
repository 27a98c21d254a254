//! The tokens that an issuer is asked about.

/// The tokens that an issuer is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntrospectionMode {
    /// Only tokens that are no JWT.
    Opaque,
    /// All JWTs of the issuer, and tokens with its `token_prefixes`. The signature of a JWT is
    /// verified first, and the answer adds claims.
    Always,
    /// All JWTs of the issuer, and tokens with its `token_prefixes`. Signatures are not verified.
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
