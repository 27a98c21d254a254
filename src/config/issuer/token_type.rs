//! The type of the tokens of an issuer.

use super::accepted_issuers::{AcceptedIssuers, ISSUER};
use super::audience::{self, AUDIENCE};
use crate::config_reader::{Invalid, Reader, Reported, Setting, Shape, value};
use crate::verify::{AudienceRule, TokenTypeRule};

pub(super) const TOKEN_TYPE: Setting = Setting::new(
    "token_type",
    "any",
    "`any`: the header `typ` is absent, `JWT`, `at+jwt` or one of `accepted_types`. `at+jwt`: the token must follow RFC 9068 (JWT access tokens), with `typ` and all seven required claims.",
).shaped(Shape::Word(&value::words(TOKEN_TYPES)));
pub(super) const ACCEPTED_TYPES: Setting = Setting::optional(
    "accepted_types",
    "none",
    "Additional values of `typ` that `token_type: any` accepts.",
)
.shaped(Shape::List(&Shape::Text));

/// The values of `token_type`; `true` means the access token profile of RFC 9068.
const TOKEN_TYPES: &[(&str, bool); 2] = &[("any", false), ("at+jwt", true)];

/// Reads the rule for the type.
pub(super) fn read(reader: &mut Reader) -> Result<TokenTypeRule, Reported> {
    let profile = reader.read(&TOKEN_TYPE, value::one_of(TOKEN_TYPES));
    let accepted = reader.optional_list(&ACCEPTED_TYPES, value::text);
    let (profile, accepted) = (profile?, accepted?);
    if profile && accepted.is_some() {
        let hint = "leave it out, or set $token_type=any";
        let invalid = Invalid::new("has no meaning beside $token_type=at+jwt").hint(hint);
        return Err(reader.refuse(&ACCEPTED_TYPES, invalid));
    }
    Ok(if profile {
        TokenTypeRule::AccessToken
    } else {
        TokenTypeRule::Any {
            accepted: accepted.unwrap_or_default(),
        }
    })
}

/// Reports the profile of RFC 9068 for an issuer whose tokens need no audience.
pub(super) fn refuse_unchecked_profile(
    reader: &mut Reader,
    audience: AudienceRule,
    token_type: &TokenTypeRule,
) -> Result<AudienceRule, Reported> {
    if audience::is_unchecked_profile(&audience.accepted, token_type) {
        let hint = "name the audiences of this API, or set $token_type=any";
        let invalid =
            Invalid::new("`*` beside $token_type=at+jwt, which demands an audience").hint(hint);
        return Err(reader.refuse(&AUDIENCE, invalid));
    }
    Ok(audience)
}

/// Reports the profile of RFC 9068 for an issuer without `issuer`. The profile requires `iss`
/// (section 2.2), so every token would be denied.
pub(super) fn refuse_profile_without_issuer(
    reader: &mut Reader,
    accepted: &AcceptedIssuers,
    token_type: &TokenTypeRule,
) -> Result<(), Reported> {
    if *accepted == AcceptedIssuers::Absent && *token_type == TokenTypeRule::AccessToken {
        let hint = "set the issuer's `iss`, or $token_type=any";
        return Err(reader.refuse(
            &ISSUER,
            Invalid::new("missing beside $token_type=at+jwt").hint(hint),
        ));
    }
    Ok(())
}
