//! The answer of the directory about one subject.

use std::sync::Arc;

use crate::outbound::dependency::HeapBytes;
use crate::policy::UserRow;

/// The state of a subject in the directory.
#[derive(Debug, Clone)]
pub(super) enum UserState {
    /// The subject may pass, with these attributes.
    Known(Arc<UserRow>),
    /// There is no row, or none whose key is the subject to the byte.
    Unknown,
    /// There is a row, and it says that the user is not active.
    Disabled,
}

impl UserState {
    /// Returns the label for the metrics.
    pub(super) const fn label(&self) -> &'static str {
        match self {
            Self::Known(_) => "found",
            Self::Unknown => "unknown",
            Self::Disabled => "disabled",
        }
    }
}

impl HeapBytes for UserState {
    fn heap_bytes(&self) -> usize {
        match self {
            Self::Known(row) => row.size(true),
            Self::Unknown | Self::Disabled => 0,
        }
    }
}
