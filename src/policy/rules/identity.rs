//! A principal that a route accepted.

use std::sync::Arc;

use crate::policy::Principal;

/// A principal that a route accepted for the request at hand. Only
/// [`Rules::accept`](super::Rules::accept) makes one, so that nothing is authorized that was not
/// accepted.
///
/// The user's row in a directory, which is looked up with each request, would be here beside the
/// principal.
#[derive(Debug)]
pub struct Identity {
    pub(super) principal: Arc<Principal>,
}
