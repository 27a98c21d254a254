//! The authenticator of a credential: its form decides, and never a trial.

use super::CredentialDigest;
use super::listed::{ApiKeys, Listed, Passwords};
use crate::domain::{Credential, CredentialForm, CredentialScheme};

/// The authenticator of a credential. No other one is tried.
#[derive(Clone, Copy)]
pub(super) enum Authenticator<'a> {
    /// A user and a password; `None` if there is no list of users.
    Passwords(Option<&'a Passwords>),
    /// A credential that begins as API keys do.
    ApiKeys(&'a ApiKeys),
    /// Any other token.
    Jwt,
}

impl<'a> Authenticator<'a> {
    /// Returns the authenticator of a credential. The first that fits is the only one.
    pub(super) fn of(credential: &Credential<'_>, listed: &'a Listed) -> Self {
        if credential.scheme == CredentialScheme::Basic {
            return Self::Passwords(listed.passwords.as_ref());
        }
        match &listed.api_keys {
            Some(keys) if keys.form().is_begun_by(credential.as_bytes()) => Self::ApiKeys(keys),
            _ => Self::Jwt,
        }
    }

    /// Computes the digest by which a credential of this kind is remembered; `None` if it must not
    /// be.
    pub(super) fn digest(self, credential: &Credential<'_>) -> Option<CredentialDigest> {
        match self {
            Self::Passwords(passwords) => passwords?.digest(credential),
            Self::ApiKeys(_) => Some(CredentialDigest::of(CredentialForm::ApiKey, credential)),
            Self::Jwt => Some(CredentialDigest::of(CredentialForm::Token, credential)),
        }
    }
}
