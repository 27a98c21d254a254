//! Scopes that a token must have.

use std::fmt;
use std::sync::Arc;

use crate::domain::{Denial, Scopes};

/// Scopes that a token must have: all of them, or one of them.
#[derive(Debug, Clone)]
pub struct ScopeRequirement {
    scopes: Scopes,
    /// The scopes as text, for the challenge.
    text: Arc<str>,
    one_is_enough: bool,
}

impl ScopeRequirement {
    /// Requires all of these; every token satisfies it if there is none.
    pub fn all_of(scopes: Scopes) -> Self {
        let text = scopes.to_string().into();
        Self {
            scopes,
            text,
            one_is_enough: false,
        }
    }

    /// Requires one of these; no token satisfies it if there is none.
    pub fn one_of(scopes: Scopes) -> Self {
        Self {
            one_is_enough: true,
            ..Self::all_of(scopes)
        }
    }

    /// Checks the scopes that a token grants.
    pub fn check(&self, granted: &Scopes) -> Result<(), Denial> {
        let is_enough = if self.one_is_enough {
            self.scopes.iter().any(|scope| granted.contains(scope))
        } else {
            granted.contains_all(&self.scopes)
        };
        if is_enough {
            Ok(())
        } else {
            Err(Denial::scope_insufficient(self.text.clone()))
        }
    }
}

impl fmt::Display for ScopeRequirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.text {
            "" => f.write_str("none"),
            text if self.one_is_enough => write!(f, "one of {text}"),
            text => write!(f, "all of {text}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_scope_is_enough_or_all_are_asked_for() {
        let one = ScopeRequirement::one_of(Scopes::parse("read write"));
        let all = ScopeRequirement::all_of(Scopes::parse("read write"));
        for (granted, of_one, of_all) in [
            ("write", true, false),
            ("a read", true, false),
            ("write a read", true, true),
            ("", false, false),
            ("Read", false, false),
            ("readwrite", false, false),
        ] {
            let granted = Scopes::parse(granted);
            assert_eq!(
                (one.check(&granted).is_ok(), all.check(&granted).is_ok()),
                (of_one, of_all),
                "{granted}"
            );
        }
        let denial = one.check(&Scopes::default()).unwrap_err();
        assert_eq!(
            (denial.code(), denial.required_scopes()),
            ("scope_insufficient", Some("read write"))
        );
        assert!(
            ScopeRequirement::one_of(Scopes::default())
                .check(&Scopes::parse("read"))
                .is_err()
        );
        assert!(
            ScopeRequirement::all_of(Scopes::default())
                .check(&Scopes::default())
                .is_ok()
        );
    }
}
