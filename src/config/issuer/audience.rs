//! The audiences that an issuer's tokens must name.

use crate::config_reader::{Invalid, Reader, Reported, Setting, Shape, value};
use crate::verify::{AcceptedAudience, AudienceMatch, AudienceRule, TokenTypeRule};

pub(super) const AUDIENCE: Setting = Setting::optional(
    "audience",
    "**required**, unless a preset fills it in",
    "Names of this API. The `aud` of a token must have one of them (RFC 8725 section 3.9). `*` alone accepts tokens for any audience.",
).shaped(Shape::List(&Shape::Text));
pub(super) const AUDIENCE_MATCH: Setting = Setting::new(
    "audience_match",
    "any",
    "`any`: `aud` must have one of the names in `audience`. `all`: it must have every one.",
)
.shaped(Shape::Word(&value::words(MATCHES)));
pub(super) const AUDIENCE_FALLBACK: Setting = Setting::optional(
    "audience_fallback",
    "none",
    "Claims that are compared with `audience` if a token has no `aud`. A list of `client_id` and `azp`.",
)
.shaped(Shape::List(&Shape::Word(&value::words(FALLBACKS))));

pub(super) const HINT: &str = "set the audiences this API accepts, or \"*\"";

/// Reads the section. `hint` says what to do if no audience is set.
pub(super) fn read(
    reader: &mut Reader,
    hint: Result<&str, Reported>,
) -> Result<AudienceRule, Reported> {
    let names = reader.optional_list(&AUDIENCE, value::text);
    let quantity = reader.read(&AUDIENCE_MATCH, value::one_of(MATCHES));
    let fallback = reader.optional_list(&AUDIENCE_FALLBACK, fallback_claim);
    let Some(names) = names? else {
        return Err(reader.refuse(&AUDIENCE, Invalid::new("missing").hint(hint?)));
    };
    let accepted = accepted(reader, &AUDIENCE, names, quantity?)?;
    Ok(AudienceRule {
        accepted,
        fallback: fallback?.unwrap_or_default(),
    })
}

/// Checks the audiences of a setting: `*` must be the only one.
pub(crate) fn accepted(
    reader: &mut Reader,
    setting: &Setting,
    names: Vec<String>,
    quantity: AudienceMatch,
) -> Result<AcceptedAudience, Reported> {
    match names.iter().any(|name| name == "*") {
        true if names.len() == 1 => Ok(AcceptedAudience::Everyone),
        true => {
            let invalid = Invalid::new("`*` beside other audiences").hint("write `*` alone");
            Err(reader.refuse(setting, invalid))
        }
        false => Ok(AcceptedAudience::Listed { names, quantity }),
    }
}

/// Returns `true` if the audience of an access token of RFC 9068 would not be checked, which
/// section 4 requires.
pub(crate) fn is_unchecked_profile(
    accepted: &AcceptedAudience,
    token_type: &TokenTypeRule,
) -> bool {
    *accepted == AcceptedAudience::Everyone && *token_type == TokenTypeRule::AccessToken
}

const MATCHES: &[(&str, AudienceMatch); 2] =
    &[("any", AudienceMatch::Any), ("all", AudienceMatch::All)];

const FALLBACKS: &[(&str, &str); 2] = &[("client_id", "client_id"), ("azp", "azp")];

fn fallback_claim(text: &str) -> Result<String, Invalid> {
    value::one_of(FALLBACKS)(text).map(str::to_owned)
}
