//! Claims that every token of an issuer must have.

use std::fmt;

use super::role_claims::Roles;
use crate::domain::{ClaimPath, Explain, Reason};
use crate::jose::{Claims, Json};

/// A claim that must be present, and may have to have a certain value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequiredClaim {
    /// The path to the claim.
    pub path: ClaimPath,
    /// The value that it must equal, or contain if it is an array.
    pub value: Option<String>,
}

impl RequiredClaim {
    pub(super) fn validate(
        &self,
        claims: &Claims,
        roles: &Roles,
        explain: &mut impl Explain,
    ) -> Result<(), Reason> {
        let outcome = self.compare(roles.find(claims, &self.path));
        explain.outcome("required claim", outcome, || {
            (self, roles.describe_at(claims, &self.path))
        })
    }

    fn compare(&self, found: Option<Json<'_>>) -> Result<(), Reason> {
        let found = found
            .filter(|found| !is_empty_text(*found))
            .ok_or(Reason::ClaimMissing)?;
        let Some(value) = &self.value else {
            return Ok(());
        };
        let satisfied = match found.elements() {
            Some(elements) => elements.into_iter().any(|element| equals(element, value)),
            None => equals(found, value),
        };
        if satisfied {
            Ok(())
        } else {
            Err(Reason::PolicyDenied)
        }
    }
}

/// Formats the claim as in the settings, followed by `, not empty` if any value will do.
impl fmt::Display for RequiredClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{}={value}", self.path),
            None => write!(f, "{}, not empty", self.path),
        }
    }
}

/// Returns `true` for an empty string. It identifies nothing, so it does not satisfy a rule that
/// requires a subject.
pub(super) fn is_empty_text(value: Json<'_>) -> bool {
    value.as_written() == "\"\""
}

/// Compares exactly: without case folding or trimming. Numbers and booleans are compared as the
/// issuer wrote them, because two different numbers, such as customer numbers, can be one as a
/// double.
fn equals(found: Json<'_>, value: &str) -> bool {
    match found.string() {
        Some(text) => text == value,
        None => !found.is_null() && found.elements().is_none() && found.as_written() == value,
    }
}
