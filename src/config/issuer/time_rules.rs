//! The rules for the times of the tokens of an issuer.

use std::time::Duration;

use crate::config_reader::{Reader, Reported, Setting, Shape, value};
use crate::verify::TimeRules;

pub(super) const LEEWAY: Setting = Setting::new(
    "leeway",
    "30s",
    "Tolerated difference between the clocks of the issuer and of this service. It applies to `exp`, `nbf` and `iat`. At most one hour.",
)
.shaped(Shape::Duration);
pub(super) const REQUIRE_EXP: Setting = Setting::new(
    "require_exp",
    "true",
    "`true`: a token must have `exp`. `false`: a token without `exp` never expires.",
)
.shaped(Shape::Boolean);
pub(super) const MAX_TOKEN_AGE: Setting = Setting::optional(
    "max_token_age",
    "–",
    "Greatest age of a token, counted from its `iat`. With this setting a token must have `iat`.",
)
.shaped(Shape::Duration);

/// Reads the rules.
pub(super) fn read(reader: &mut Reader) -> Result<TimeRules, Reported> {
    let leeway = reader.read(
        &LEEWAY,
        value::duration_within(Duration::ZERO, Duration::from_hours(1)),
    );
    let require_exp = reader.read(&REQUIRE_EXP, value::boolean);
    let max_token_age = reader.optional(&MAX_TOKEN_AGE, value::duration);
    Ok(TimeRules {
        leeway: leeway?,
        require_exp: require_exp?,
        max_token_age: max_token_age?,
    })
}
