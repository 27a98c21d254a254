//! The scopes that a token grants (RFC 9068 section 2.2.3; some providers call the claim `scp`).

use crate::domain::{Explain, Reason, Scopes};
use crate::jose::{Claims, Json};

/// Reads `scope`, or `scp` where there is no `scope`, as a space-separated string or an array of
/// strings.
pub(super) fn scopes(claims: &Claims, explain: &mut impl Explain) -> Result<Scopes, Reason> {
    explain.outcome("scope", read(claims), || {
        let name = if claims.member("scope").is_some() {
            "scope"
        } else {
            "scp"
        };
        (
            "scope, or else scp: absent, a text, or an array of texts",
            format!("{name} {}", claims.describe(name)),
        )
    })
}

fn read(claims: &Claims) -> Result<Scopes, Reason> {
    let Some(claim) = claims.member("scope").or_else(|| claims.member("scp")) else {
        return Ok(Scopes::default());
    };
    if let Some(list) = claim.string() {
        return Ok(Scopes::parse(&list));
    }
    let scopes: Option<Vec<_>> = claim
        .elements()
        .and_then(|scopes| scopes.into_iter().map(Json::string).collect());
    scopes
        .map(|scopes| scopes.iter().map(AsRef::as_ref).collect())
        .ok_or(Reason::ClaimInvalid)
}
