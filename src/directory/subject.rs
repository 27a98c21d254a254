//! The values by which a user is looked up.

use std::sync::Arc;

use crate::domain::{ClaimPath, Reason};
use crate::jose::Json;
use crate::outbound::dependency::HeapBytes;
use crate::verify::VerifiedToken;

/// The values that are bound to the parameters of the query, in order. They are the key of the
/// cache as well: the same values have the same row, whichever token they come from.
pub(super) type SubjectKey = Arc<[Box<str>]>;

impl HeapBytes for SubjectKey {
    fn heap_bytes(&self) -> usize {
        let values = self.iter().map(|value| size_of::<Box<str>>() + value.len());
        2 * size_of::<usize>() + values.sum::<usize>()
    }
}

/// The greatest length of a value. No row is looked up by a longer one: keys of the cache must stay
/// small, however long a claim is.
const MAX_BYTES: usize = 1024;

/// The values of a token for the parameters of the query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    /// They may be those of a row.
    Key(SubjectKey),
    /// No row has them.
    NoRow,
}

impl Subject {
    /// Reads the values of these claims.
    ///
    /// Fails with [`Reason::ClaimMissing`] if one is absent or null, and with
    /// [`Reason::ClaimInvalid`] if one is an array or an object: it would otherwise be compared
    /// with a text that no issuer has written.
    pub(super) fn of(token: &VerifiedToken, paths: &[ClaimPath]) -> Result<Self, Reason> {
        let mut values = Vec::with_capacity(paths.len());
        for path in paths {
            let claim = token.find(path).ok_or(Reason::ClaimMissing)?;
            let value = scalar(claim).ok_or(Reason::ClaimInvalid)?;
            if value.len() > MAX_BYTES {
                return Ok(Self::NoRow);
            }
            values.push(value);
        }
        Ok(Self::Key(values.into()))
    }
}

/// Returns the text of a scalar; a number or a boolean as it is written.
pub(super) fn scalar(value: Json<'_>) -> Option<Box<str>> {
    if let Some(text) = value.string() {
        return Some(text.into());
    }
    let written = value.as_written();
    (!written.starts_with(['[', '{', '"'])).then(|| written.into())
}
