//! The scopes and claims that every token of an issuer must have.

use crate::config_reader::{Invalid, Reader, Reported, Setting, Shape, value};
use crate::domain::ClaimPath;
use crate::domain::Scopes;
use crate::policy::ScopeRequirement;
use crate::verify::RequiredClaim;

pub(super) const REQUIRED_SCOPES: Setting = Setting::optional(
    "required_scopes",
    "none",
    "Scopes that every token of this issuer must have. If one is missing, the response is 403 with `scope_insufficient`.",
)
.shaped(Shape::List(&Shape::Text));
pub(super) const REQUIRED_CLAIMS: Setting = Setting::optional(
    "required_claims",
    "none",
    "Claims that every token of this issuer must have. A list of `path` and `path=value`. `path`: the claim must be there, and be neither `null` nor an empty text. `path=value`: the claim must equal the value, or be an array that contains it. The text is split at the first `=` outside quotes. A value cannot have a comma. With a preset, `roles` is the list of roles in the form of that provider.",
).shaped(Shape::List(&Shape::Text));

/// Reads the scopes.
pub(super) fn read_scopes(reader: &mut Reader) -> Result<ScopeRequirement, Reported> {
    let scopes = reader.optional_list(&REQUIRED_SCOPES, scope)?;
    let scopes = scopes.unwrap_or_default();
    let scopes = scopes.iter().map(String::as_str).collect::<Scopes>();
    Ok(ScopeRequirement::all_of(scopes))
}

/// Reads the claims.
pub(super) fn read_claims(reader: &mut Reader) -> Result<Vec<RequiredClaim>, Reported> {
    let claims = reader.optional_list(&REQUIRED_CLAIMS, required_claim)?;
    Ok(claims.unwrap_or_default())
}

/// Parses a scope.
pub(in crate::config) fn scope(text: &str) -> Result<String, Invalid> {
    // RFC 6749 section 3.3; a quote could end the challenge's parameter.
    let is_scope = text
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\');
    if is_scope {
        value::text(text)
    } else {
        Err(
            Invalid::new(format!("{text:?} is no scope (RFC 6749 section 3.3)"))
                .hint("separate scopes by commas"),
        )
    }
}

fn required_claim(text: &str) -> Result<RequiredClaim, Invalid> {
    let (path, value) = match ClaimPath::split_value(text) {
        Some((_, value)) if value.trim().is_empty() => {
            return Err(Invalid::new("an empty text never counts as a claim")
                .hint("write path, or path=value"));
        }
        Some((path, value)) => (path, Some(value.trim().to_owned())),
        None => (text, None),
    };
    let path = value::claim_path(path)?;
    if path.segments().is_empty() {
        return Err(Invalid::new("`$` is all claims, which are always there").hint("name a claim"));
    }
    Ok(RequiredClaim { path, value })
}
