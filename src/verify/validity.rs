//! `exp`, `nbf` and `iat` (RFC 7519 sections 4.1.4 to 4.1.6).

use std::time::Duration;

use serde_json::Number;

use crate::domain::{Denial, Explain, ExplainStep, Reason, Timestamp};
use crate::jose::{Claims, Json};

/// A token that is outside its time by more than this, beyond the leeway, is old or early and no
/// matter of clocks.
const SUSPECTED_SKEW: Duration = Duration::from_mins(5);

/// When a token is valid, as it says itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    expires_at: Option<Timestamp>,
    not_before: Option<Timestamp>,
    issued_at: Option<Timestamp>,
    /// The same, rounded down: what counts for an age.
    old_since: Option<Timestamp>,
}

/// What an issuer's tokens must say about time, and how far clocks may differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRules {
    /// How far the clocks of issuer and service may differ.
    pub leeway: Duration,
    /// Whether a token must end at all.
    pub require_exp: bool,
    /// How old a token may get, whatever it says about its end.
    pub max_token_age: Option<Duration>,
}

impl Validity {
    /// Reads the three claims. Each must be a number; text that looks like one is not.
    pub(super) fn from_claims(claims: &Claims, explain: &mut impl Explain) -> Result<Self, Reason> {
        // Those that are numbers are told about where they are compared.
        let mut date = |name| {
            let told = |_: &Reason| {
                explain.step(|| ExplainStep::failed(name, "a number", claims.describe(name)));
            };
            date(claims, name).inspect_err(told)
        };
        let iat = date("iat")?;
        Ok(Self {
            expires_at: date("exp")?.map(|exp| Timestamp::floor(&exp)),
            not_before: date("nbf")?.map(|nbf| Timestamp::ceil(&nbf)),
            issued_at: iat.as_ref().map(Timestamp::ceil),
            old_since: iat.as_ref().map(Timestamp::floor),
        })
    }

    /// The moment the token ends, without leeway.
    pub const fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }
}

impl TimeRules {
    /// Judges the token at this time; it is repeated whenever the token is seen again.
    ///
    /// A denial tells whether clocks would explain it: the token would pass with five more minutes
    /// of leeway.
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
        let end = match validity.expires_at {
            // "On or after" (section 4.1.4): at the very second of `exp` a token is over.
            Some(expires_at) if now >= expires_at.plus(self.leeway) => Err(Reason::TokenExpired),
            None if self.require_exp => Err(Reason::ClaimMissing),
            _ => Ok(()),
        };
        explain.outcome("exp", end, || {
            let absent = if self.require_exp { "" } else { "absent, or " };
            let earliest = now.minus(self.leeway);
            (
                format!("{absent}after {earliest} (now {now}, leeway {leeway} s)"),
                describe(validity.expires_at),
            )
        })?;
        let latest_start = now.plus(self.leeway);
        let starts = |start: Option<Timestamp>, reason| match start {
            Some(start) if start > latest_start => Err(reason),
            _ => Ok(()),
        };
        let expected =
            || format!("absent, or at most {latest_start} (now {now}, leeway {leeway} s)");
        let not_before = starts(validity.not_before, Reason::TokenNotYetValid);
        explain.outcome("nbf", not_before, || {
            (expected(), describe(validity.not_before))
        })?;
        let issued_at = starts(validity.issued_at, Reason::TokenIssuedInFuture);
        explain.outcome("iat", issued_at, || {
            (expected(), describe(validity.issued_at))
        })?;
        self.max_token_age.map_or(Ok(()), |max_age| {
            let age = match validity.old_since {
                None => Err(Reason::ClaimMissing),
                Some(old_since) if now > old_since.plus(max_age).plus(self.leeway) => Err(Reason::TokenTooOld),
                Some(_) => Ok(()),
            };
            explain.outcome("age", age, || {
                let (oldest, max_age) = (now.minus(self.leeway).minus(max_age), max_age.as_secs());
                (
                    format!("iat at least {oldest} (now {now}, max_token_age {max_age} s, leeway {leeway} s)"),
                    describe(validity.old_since),
                )
            })
        })
    }
}

fn describe(date: Option<Timestamp>) -> String {
    date.map_or_else(|| "absent".to_owned(), |date| date.to_string())
}

/// `null` is refused, not taken for absent: an issuer that means "for ever" has to leave the claim
/// out.
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
            old_since: at(iat),
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
    fn the_second_of_exp_is_over() {
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
    fn beginnings_may_lie_ahead_by_the_leeway() {
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
    fn clocks_are_suspected_of_five_minutes_and_no_more() {
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
                old_since: iat,
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
            // A life of a minute, over and out a minute ago; and a token that is both early and
            // long over.
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
    fn age_is_bounded_where_asked() {
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
