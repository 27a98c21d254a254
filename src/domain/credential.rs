//! A token as it was presented.

use std::borrow::Cow;

use super::denial::Denial;
use super::reason::Reason;

/// A token as a client presented it: not empty, within the size limit, otherwise unjudged.
///
/// It has no `Debug` on purpose: a token must never reach a log.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BearerToken<'a>(&'a [u8]);

impl<'a> BearerToken<'a> {
    /// Takes what stood in the token's place.
    ///
    /// The size is judged before anything is decoded: decoding an oversized token is what the
    /// attacker wants.
    pub fn parse(bytes: &'a [u8], max_bytes: usize) -> Result<Self, Denial> {
        if bytes.len() > max_bytes {
            return Err(Reason::TokenTooLarge.into());
        }
        if bytes.is_empty() {
            return Err(Reason::TokenMalformed.into());
        }
        Ok(Self(bytes))
    }

    /// The bytes of the token.
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }
}

/// What a client presented as its token: still where it stood in the request, or decoded from
/// there.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential<'a>(Cow<'a, [u8]>);

impl<'a> Credential<'a> {
    /// Takes what stood in the token's place, or was decoded from there; see
    /// [`BearerToken::parse`].
    pub fn parse(bytes: impl Into<Cow<'a, [u8]>>, max_bytes: usize) -> Result<Self, Denial> {
        let bytes = bytes.into();
        BearerToken::parse(&bytes, max_bytes)?;
        Ok(Self(bytes))
    }

    /// The token.
    pub fn as_bearer(&self) -> BearerToken<'_> {
        BearerToken(&self.0)
    }
}
