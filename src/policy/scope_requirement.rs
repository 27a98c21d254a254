//! Scopes that a token must have.

use std::fmt;
use std::sync::Arc;

use crate::domain::{Denial, Scopes};

/// The scopes that a token must have, all of them.
#[derive(Debug, Clone)]
pub struct ScopeRequirement {
    scopes: Scopes,
    /// The same as text, for the challenge.
    text: Arc<str>,
}

impl ScopeRequirement {
    /// Asks for all of these; for nothing, if there is none.
    pub fn all_of(scopes: Scopes) -> Self {
        let text = scopes.to_string().into();
        Self { scopes, text }
    }

    /// Judges what a token grants.
    pub fn judge(&self, granted: &Scopes) -> Result<(), Denial> {
        if granted.contains_all(&self.scopes) { Ok(()) } else { Err(Denial::scope_insufficient(self.text.clone())) }
    }
}

impl fmt::Display for ScopeRequirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.text.is_empty() { f.write_str("none") } else { write!(f, "all of {}", self.text) }
    }
}
