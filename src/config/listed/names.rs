//! The names of lists of credentials, which no issuer may have.

/// The name and the `iss` of API keys.
pub(crate) const API_KEYS: &str = "api-keys";

/// The name and the `iss` of users with passwords.
pub(crate) const BASIC: &str = "basic";

/// Names and values of `iss` that no issuer may have: its tokens could pass for a listed
/// credential.
pub(crate) const RESERVED: [&str; 2] = [API_KEYS, BASIC];
