//! One API key of the list, and its state.

use crate::domain::Timestamp;
use crate::policy::LineFingerprint;

/// One API key. The key itself is not in it.
#[derive(Debug, Clone)]
pub struct ApiKeyLine {
    /// Its name.
    pub id: String,
    /// Its claims, as a JSON object.
    pub claims: String,
    /// The time at which it expires, if it does.
    pub expires: Option<Timestamp>,
    /// `true` if it is refused.
    pub disabled: bool,
    /// The digest of all that the line says.
    pub fingerprint: LineFingerprint,
}

/// The state of a presented key. The response to a client shows only whether it is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiKeyState {
    /// The key is accepted.
    Good,
    /// The list has no such key.
    Unknown,
    /// The key has expired.
    Expired,
    /// The key is disabled.
    Disabled,
}

impl ApiKeyState {
    /// Returns the state of the key with this line, or of a key without one.
    pub fn of(line: Option<&ApiKeyLine>, now: Timestamp) -> Self {
        match line {
            None => Self::Unknown,
            Some(line) if line.disabled => Self::Disabled,
            Some(line) if line.expires.is_some_and(|end| now >= end) => Self::Expired,
            Some(_) => Self::Good,
        }
    }

    /// Returns the word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Unknown => "unknown",
            Self::Expired => "expired",
            Self::Disabled => "disabled",
        }
    }
}
