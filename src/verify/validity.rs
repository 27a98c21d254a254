//! `exp`, `nbf` and `iat` (RFC 7519 sections 4.1.4 to 4.1.6).

use std::time::Duration;

use serde_json::Number;

use crate::domain::{Denial, Explain, ExplainStep, Reason, Timestamp};
use crate::jose::{Claims, Json};

/// The largest difference between clocks that is suspected, beyond the leeway. A token that is
/// further outside its validity period is simply expired or early.
const SUSPECTED_SKEW: Duration = Duration::from_mins(5);

/// The validity period of a token, as the token states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    expires_at: Option<Timestamp>,
    not_before: Option<Timestamp>,
    issued_at: Option<Timestamp>,
    /// The value of `iat`, rounded down; the age counts from it.
    issued_at_floor: Option<Timestamp>,
    /// `true` if `exp` may be absent, because the issuer was asked about the token.
    may_lack_end: bool,
}

/// The rules for the time claims of an issuer's tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRules {
    /// The accepted difference between the clocks of issuer and service.
    pub leeway: Duration,
    /// `true` if a token must have `exp`.
    pub require_exp: bool,
    /// The maximum age of a token since its `iat`, whatever its `exp`.
    pub max_token_age: Option<Duration>,
}

impl Validity {
    /// Reads `exp`, `nbf` and `iat` (RFC 7519 sections 4.1.4 to 4.1.6).
    ///
    /// Fails with [`Reason::ClaimInvalid`] if one of them is not a number; a string that looks like
    /// a number is not one.
    pub(super) fn from_claims(claims: &Claims, explain: &mut impl Explain) -> Result<Self, Reason> {
        // Claims that are numbers are explained where they are compared.
        let mut date = |name| {
            let explain_failure = |_: &Reason| {
                explain.step(|| ExplainStep::failed(name, "a number", claims.describe(name)));
            };
            date(claims, name).inspect_err(explain_failure)
        };
        let iat = date("iat")?;
        Ok(Self {
            expires_at: date("exp")?.map(|exp| Timestamp::floor(&exp)),
            not_before: date("nbf")?.map(|nbf| Timestamp::ceil(&nbf)),
            issued_at: iat.as_ref().map(Timestamp::ceil),
            issued_at_floor: iat.as_ref().map(Timestamp::floor),
            may_lack_end: false,
        })
    }

    /// Returns the validity period of a token about which the issuer was asked: it needs no `exp`
    /// (RFC 7662 section 2.2), because the issuer is asked again.
    pub(super) const fn that_may_lack_end(self) -> Self {
        Self {
            may_lack_end: true,
            ..self
        }
    }

    /// Returns the time at which the token expires, without leeway; `None` if it has no `exp`.
    pub const fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }
}

impl TimeRules {
    /// Validates `exp`, `nbf` and `iat` at this time (RFC 7519 sections 4.1.4 to 4.1.6). This is
    /// repeated each time that a token is presented.
    ///
    /// Fails with [`Reason::TokenExpired`], [`Reason::TokenNotYetValid`],
    /// [`Reason::TokenIssuedInFuture`], [`Reason::TokenTooOld`], or [`Reason::ClaimMissing`] if a
    /// required claim is absent. The denial suspects clock skew if the token would pass with five
    /// more minutes of leeway.
    pub fn validate(
        &self,
        validity: &Validity,
        now: Timestamp,
        explain: &mut impl Explain,
    ) -> Result<(), Denial> {
        self.compare(validity, now, explain).map_err(|reason| {
            let lenient = Self {
                leeway: self.leeway.saturating_add(SUSPECTED_SKEW),
                ..*self
            };
            let is_near = lenient.compare(validity, now, &mut ()).is_ok();
            if is_near {
                Denial::by_suspected_clock_skew(reason)
            } else {
                reason.into()
            }
        })
    }

    fn compare(
        &self,
        validity: &Validity,
        now: Timestamp,
        explain: &mut impl Explain,
    ) -> Result<(), Reason> {
        let leeway = self.leeway.as_secs();
        let requires_end = self.require_exp && !validity.may_lack_end;
        let end = match validity.expires_at {
            // "On or after" (section 4.1.4): a token is expired in the very second of `exp`.
            Some(expires_at) if now >= expires_at.plus(self.leeway) => Err(Reason::TokenExpired),
            None if requires_end => Err(Reason::ClaimMissing),
            _ => Ok(()),
        };
        explain.step(|| {
            let absent = if requires_end { "" } else { "absent, or " };
            let earliest = now.minus(self.leeway);
            EXP.step(end, now, validity.expires_at, |time| {
                let (earliest, now) = (time(earliest), time(now));
                format!("{absent}after {earliest} (now {now}, leeway {leeway} s)")
            })
        });
        end?;
        let latest_start = now.plus(self.leeway);
        let starts = |start: Option<Timestamp>, reason| match start {
            Some(start) if start > latest_start => Err(reason),
            _ => Ok(()),
        };
        let expected = |time: fn(Timestamp) -> String| {
            let (latest, now) = (time(latest_start), time(now));
            format!("absent, or at most {latest} (now {now}, leeway {leeway} s)")
        };
        let not_before = starts(validity.not_before, Reason::TokenNotYetValid);
        explain.step(|| NBF.step(not_before, now, validity.not_before, expected));
        not_before?;
        let issued_at = starts(validity.issued_at, Reason::TokenIssuedInFuture);
        explain.step(|| IAT.step(issued_at, now, validity.issued_at, expected));
        issued_at?;
        self.compare_age(validity, now, explain)
    }

    fn compare_age(
        &self,
        validity: &Validity,
        now: Timestamp,
        explain: &mut impl Explain,
    ) -> Result<(), Reason> {
        let Some(max_age) = self.max_token_age else {
            return Ok(());
        };
        let age = match validity.issued_at_floor {
            None => Err(Reason::ClaimMissing),
            Some(issued_at) if now > issued_at.plus(max_age).plus(self.leeway) => {
                Err(Reason::TokenTooOld)
            }
            Some(_) => Ok(()),
        };
        explain.step(|| {
            let oldest = now.minus(self.leeway).minus(max_age);
            let (max_age, leeway) = (max_age.as_secs(), self.leeway.as_secs());
            AGE.step(age, now, validity.issued_at_floor, |time| {
                let (oldest, now) = (time(oldest), time(now));
                format!("iat at least {oldest} (now {now}, max_token_age {max_age} s, leeway {leeway} s)")
            })
        });
        age
    }
}

/// The explanation of a date: the name of the stage, and the verbs for a past and a future one.
struct ExplainedDate {
    stage: &'static str,
    past: &'static str,
    future: &'static str,
}

const EXP: ExplainedDate = ExplainedDate {
    stage: "exp",
    past: "expired",
    future: "expires",
};
const NBF: ExplainedDate = ExplainedDate {
    stage: "nbf",
    past: "began",
    future: "begins",
};
const IAT: ExplainedDate = ExplainedDate {
    stage: "iat",
    past: "issued",
    future: "to be issued",
};
const AGE: ExplainedDate = ExplainedDate {
    stage: "age",
    ..IAT
};

impl ExplainedDate {
    /// Describes a comparison twice: programs get a `NumericDate` as the token has it, people
    /// RFC 3339 and the distance from now.
    fn step(
        &self,
        outcome: Result<(), Reason>,
        now: Timestamp,
        date: Option<Timestamp>,
        expected: impl Fn(fn(Timestamp) -> String) -> String,
    ) -> ExplainStep {
        let readable = date.map(|date| date.describe(now, self.past, self.future));
        let absent = || "absent".to_owned();
        ExplainStep::of(
            self.stage,
            &outcome,
            expected(|time| time.to_string()),
            date.map_or_else(absent, |date| date.to_string()),
        )
        .for_people(
            expected(Timestamp::to_readable),
            readable.unwrap_or_else(absent),
        )
    }
}

/// Reads a `NumericDate` (RFC 7519 section 2). `null` is refused and does not count as absent: an
/// issuer whose tokens do not expire has to omit the claim.
pub(super) fn date(claims: &Claims, name: &str) -> Result<Option<Number>, Reason> {
    if !claims.has(name) {
        return Ok(None);
    }
    claims
        .member(name)
        .and_then(Json::number)
        .ok_or(Reason::ClaimInvalid)
        .map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn validate(
        rules: TimeRules,
        exp: Option<i64>,
        nbf: Option<i64>,
        iat: Option<i64>,
    ) -> Result<(), Reason> {
        let at = |secs: Option<i64>| secs.map(Timestamp::from_secs);
        let validity = Validity {
            expires_at: at(exp),
            not_before: at(nbf),
            issued_at: at(iat),
            issued_at_floor: at(iat),
            may_lack_end: false,
        };
        rules
            .validate(&validity, Timestamp::from_secs(1000), &mut ())
            .map_err(|denial| denial.reason())
    }

    fn rules(leeway: u64) -> TimeRules {
        TimeRules {
            leeway: Duration::from_secs(leeway),
            require_exp: true,
            max_token_age: None,
        }
    }

    #[test]
    fn a_token_is_expired_in_the_second_of_exp() {
        assert_eq!(validate(rules(0), Some(1001), None, None), Ok(()));
        assert_eq!(
            validate(rules(0), Some(1000), None, None),
            Err(Reason::TokenExpired)
        );
        assert_eq!(validate(rules(30), Some(971), None, None), Ok(()));
        assert_eq!(
            validate(rules(30), Some(970), None, None),
            Err(Reason::TokenExpired)
        );
        assert_eq!(
            validate(rules(0), None, None, None),
            Err(Reason::ClaimMissing)
        );
        assert_eq!(
            validate(
                TimeRules {
                    require_exp: false,
                    ..rules(0)
                },
                None,
                None,
                None
            ),
            Ok(())
        );
    }

    #[test]
    fn a_start_may_be_ahead_by_the_leeway() {
        assert_eq!(
            validate(rules(30), Some(9999), Some(1030), Some(1030)),
            Ok(())
        );
        assert_eq!(
            validate(rules(30), Some(9999), Some(1031), None),
            Err(Reason::TokenNotYetValid)
        );
        assert_eq!(
            validate(rules(30), Some(9999), None, Some(1031)),
            Err(Reason::TokenIssuedInFuture)
        );
        assert_eq!(
            validate(rules(30), Some(9999), Some(i64::MAX), None),
            Err(Reason::TokenNotYetValid)
        );
    }

    #[test]
    fn clock_skew_is_suspected_up_to_five_minutes() {
        let rules = TimeRules {
            max_token_age: Some(Duration::from_secs(100)),
            ..rules(30)
        };
        let suspected = |exp, nbf, iat| {
            let at = Timestamp::from_secs;
            let (expires_at, not_before, iat) = (Some(at(exp)), Some(at(nbf)), Some(at(iat)));
            let validity = Validity {
                expires_at,
                not_before,
                issued_at: iat,
                issued_at_floor: iat,
                may_lack_end: false,
            };
            rules
                .validate(&validity, at(1000), &mut ())
                .unwrap_err()
                .clock_skew_suspected()
        };
        for (near, far) in [
            ([671, 0, 990], [670, 0, 990]),
            ([9999, 1330, 990], [9999, 1331, 990]),
            ([9999, 0, 1330], [9999, 0, 1331]),
            ([9999, 0, 570], [9999, 0, 569]),
            // A token that was valid for a minute, until a minute ago; and a token that is both
            // early and long expired.
            ([940, 880, 880], [600, 1100, 990]),
        ] {
            assert_eq!(
                [near, far].map(|[exp, nbf, iat]| suspected(exp, nbf, iat)),
                [true, false],
                "{near:?} {far:?}"
            );
        }
    }

    #[test]
    fn age_is_limited_by_max_token_age() {
        let rules = TimeRules {
            max_token_age: Some(Duration::from_secs(100)),
            ..rules(0)
        };
        assert_eq!(validate(rules, Some(9999), None, Some(900)), Ok(()));
        assert_eq!(
            validate(rules, Some(9999), None, Some(899)),
            Err(Reason::TokenTooOld)
        );
        assert_eq!(
            validate(rules, Some(9999), None, None),
            Err(Reason::ClaimMissing)
        );
        assert_eq!(
            validate(rules, Some(9999), None, Some(i64::MIN)),
            Err(Reason::TokenTooOld)
        );
    }
}
