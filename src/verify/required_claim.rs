//! Claims that every token of an issuer must have.

use serde_json::Value;

use crate::domain::{ClaimPath, Reason};
use crate::jose::Claims;

/// A claim that must be there, and may have to have a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequiredClaim {
    /// Where the claim stands.
    pub path: ClaimPath,
    /// What it must equal, or contain if it is an array.
    pub value: Option<String>,
}

impl RequiredClaim {
    pub(super) fn judge(&self, claims: &Claims) -> Result<(), Reason> {
        let found = claims.find(&self.path).filter(|found| !is_empty_text(found)).ok_or(Reason::ClaimMissing)?;
        let satisfied = match (&self.value, found) {
            (None, _) => true,
            (Some(value), Value::Array(elements)) => elements.iter().any(|element| equals(element, value)),
            (Some(value), single) => equals(single, value),
        };
        if satisfied { Ok(()) } else { Err(Reason::PolicyDenied) }
    }
}

/// An empty text names nobody and nothing: whoever requires a subject does not mean this one.
pub(super) fn is_empty_text(value: &Value) -> bool {
    value.as_str() == Some("")
}

/// Exact: no case folding, no trimming. Numbers and booleans are compared in their shortest JSON form.
fn equals(found: &Value, value: &str) -> bool {
    match found {
        Value::String(text) => text == value,
        Value::Bool(stated) => value == if *stated { "true" } else { "false" },
        Value::Number(stated) => stated.to_string().as_str() == value,
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}
