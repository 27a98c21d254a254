//! A principal that a route accepted.

use std::sync::Arc;

use crate::policy::{Principal, UserRow};

/// A principal that a route accepted for the request at hand, and its user's row. Only
/// [`Rules::accept`](super::Rules::accept) makes one, so that nothing is authorized that was not
/// accepted.
#[derive(Debug)]
pub struct Identity {
    pub(super) principal: Arc<Principal>,
    pub(super) user: Option<Arc<UserRow>>,
}

impl Identity {
    /// Returns the principal.
    pub const fn principal(&self) -> &Arc<Principal> {
        &self.principal
    }

    /// Returns the user's row, if it was looked up.
    pub fn user(&self) -> Option<&UserRow> {
        self.user.as_deref()
    }

    /// Adds the user's row.
    #[must_use]
    pub fn with_user(self, row: Arc<UserRow>) -> Self {
        Self {
            user: Some(row),
            ..self
        }
    }
}
