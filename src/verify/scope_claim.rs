//! The scopes a token grants (RFC 9068 section 2.2.3; `scp` as some providers call it).

use serde_json::Value;

use crate::domain::{Reason, Scopes};
use crate::jose::Claims;

/// Reads `scope`, or `scp` where there is no `scope`, as a space-separated string or an array of strings.
pub(super) fn scopes(claims: &Claims) -> Result<Scopes, Reason> {
    match claims.member("scope").or_else(|| claims.member("scp")) {
        None => Ok(Scopes::default()),
        Some(Value::String(list)) => Ok(Scopes::parse(list)),
        Some(Value::Array(scopes)) => {
            let scopes: Option<Scopes> =
                scopes.iter().map(Value::as_str).collect::<Option<Vec<_>>>().map(Scopes::from_iter);
            scopes.ok_or(Reason::ClaimInvalid)
        }
        Some(_) => Err(Reason::ClaimInvalid),
    }
}
