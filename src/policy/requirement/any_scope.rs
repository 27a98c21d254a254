//! Scopes of which a token must have one.

use std::fmt;
use std::sync::Arc;

use crate::domain::{Denial, Scopes};

/// Scopes of which a token must have one or more.
#[derive(Debug, Clone)]
pub struct AnyScope {
    scopes: Scopes,
    /// The same as text, for the challenge.
    text: Arc<str>,
}

impl AnyScope {
    /// Asks for one of these; nobody has one of none.
    pub fn of(scopes: Scopes) -> Self {
        let text = scopes.to_string().into();
        Self { scopes, text }
    }

    pub(super) fn judge(&self, granted: &Scopes) -> Result<(), Denial> {
        let has_one = self.scopes.iter().any(|scope| granted.contains(scope));
        if has_one { Ok(()) } else { Err(Denial::scope_insufficient(self.text.clone())) }
    }
}

impl fmt::Display for AnyScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "one of {}", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_scope_is_enough() {
        let any = AnyScope::of(Scopes::parse("read write"));
        for (granted, expected) in
            [("write", true), ("a read", true), ("", false), ("Read", false), ("readwrite", false)]
        {
            assert_eq!(any.judge(&Scopes::parse(granted)).is_ok(), expected, "{granted}");
        }
        let denial = any.judge(&Scopes::default()).unwrap_err();
        assert_eq!((denial.code(), denial.required_scopes()), ("scope_insufficient", Some("read write")));
        assert!(AnyScope::of(Scopes::default()).judge(&Scopes::parse("read")).is_err());
    }
}
