//! Credentials as a client presented them.

use std::borrow::Cow;

use super::credential_scheme::CredentialScheme;
use super::denial::Denial;
use super::index::SourceIndex;
use super::reason::Reason;

/// A bearer token as a client presented it: not empty, within the size limit, and not verified.
///
/// It has no `Debug` on purpose: a token must never reach a log.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BearerToken<'a>(&'a [u8]);

impl<'a> BearerToken<'a> {
    /// Accepts bytes that were presented as a token.
    ///
    /// Fails with [`Reason::TokenTooLarge`] if there are more than `max_bytes`, and with
    /// [`Reason::TokenMalformed`] if there are none. The size is checked before anything is
    /// decoded: an attacker who sends an oversized token wants it to be decoded.
    pub fn parse(bytes: &'a [u8], max_bytes: usize) -> Result<Self, Denial> {
        if bytes.len() > max_bytes {
            return Err(Reason::TokenTooLarge.into());
        }
        if bytes.is_empty() {
            return Err(Reason::TokenMalformed.into());
        }
        Ok(Self(bytes))
    }

    /// Returns the bytes of the token.
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }
}

/// A credential as a client presented it: not empty, within the size limit, and not verified. It is
/// borrowed from the request or decoded from it.
///
/// It has no `Debug` on purpose: a credential must never reach a log.
#[derive(Clone)]
pub struct Credential<'a> {
    /// The scheme that it was presented with.
    pub scheme: CredentialScheme,
    value: Cow<'a, [u8]>,
    /// The source that it was found in.
    pub source: SourceIndex,
}

impl<'a> Credential<'a> {
    /// Accepts bytes that were found in a request or decoded from it; fails like
    /// [`BearerToken::parse`].
    pub fn parse(
        scheme: CredentialScheme,
        value: impl Into<Cow<'a, [u8]>>,
        source: SourceIndex,
        max_bytes: usize,
    ) -> Result<Self, Denial> {
        let value = value.into();
        BearerToken::parse(&value, max_bytes)?;
        Ok(Self {
            scheme,
            value,
            source,
        })
    }

    /// Returns the bytes of the credential.
    pub fn as_bytes(&self) -> &[u8] {
        &self.value
    }

    /// Returns the credential as a bearer token.
    pub fn as_bearer(&self) -> BearerToken<'_> {
        BearerToken(&self.value)
    }

    /// Returns whether both are one credential, wherever they were found.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.scheme == other.scheme && self.value == other.value
    }
}
