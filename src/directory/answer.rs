//! The answer of the directory about one subject.

use std::sync::Arc;

use crate::domain::Moment;
use crate::policy::UserRow;

/// The answer of the directory about one subject. It is kept until its time is over.
#[derive(Debug, Clone)]
pub(super) struct UserAnswer {
    pub(super) user: UserState,
    /// The time at which the database was asked. The age of the answer is counted from it.
    pub(super) asked: Moment,
    pub(super) until: Moment,
}

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
