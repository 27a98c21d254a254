//! Credentials as a client presented them.

use std::borrow::Cow;

use super::denial::Denial;
use super::reason::Reason;

/// A token as a client presented it: not empty, within the size limit, and not verified.
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

/// The token that a client presented, borrowed from the request or decoded from it.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential<'a>(Cow<'a, [u8]>);

impl<'a> Credential<'a> {
    /// Accepts bytes that were found in a request or decoded from it; fails like
    /// [`BearerToken::parse`].
    pub fn parse(bytes: impl Into<Cow<'a, [u8]>>, max_bytes: usize) -> Result<Self, Denial> {
        let bytes = bytes.into();
        BearerToken::parse(&bytes, max_bytes)?;
        Ok(Self(bytes))
    }

    /// Returns the token.
    pub fn as_bearer(&self) -> BearerToken<'_> {
        BearerToken(&self.0)
    }
}
