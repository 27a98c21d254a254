//! `exp`, `nbf` and `iat` (RFC 7519 sections 4.1.4 to 4.1.6).

use std::time::Duration;

use serde_json::Number;

use crate::domain::{Denial, Reason, Timestamp};
use crate::jose::{Claims, Json};

/// A token that is outside its time by more than this, beyond the leeway, is old or early and no matter of clocks.
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
    pub(super) fn from_claims(claims: &Claims) -> Result<Self, Reason> {
        let iat = date(claims, "iat")?;
        Ok(Self {
            expires_at: date(claims, "exp")?.map(|exp| Timestamp::floor(&exp)),
            not_before: date(claims, "nbf")?.map(|nbf| Timestamp::ceil(&nbf)),
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
    /// A denial tells whether clocks would explain it: the token would pass with five more minutes of leeway.
    pub fn judge(&self, validity: &Validity, now: Timestamp) -> Result<(), Denial> {
        self.compare(validity, now).map_err(|reason| {
            let lenient = Self { leeway: self.leeway.saturating_add(SUSPECTED_SKEW), ..*self };
            let is_near = lenient.compare(validity, now).is_ok();
            if is_near { Denial::by_suspected_clock_skew(reason) } else { reason.into() }
        })
    }

    fn compare(&self, validity: &Validity, now: Timestamp) -> Result<(), Reason> {
        match validity.expires_at {
            // "On or after" (section 4.1.4): at the very second of `exp` a token is over.
            Some(expires_at) if now >= expires_at.plus(self.leeway) => return Err(Reason::TokenExpired),
            None if self.require_exp => return Err(Reason::ClaimMissing),
            _ => {}
        }
        let latest_start = now.plus(self.leeway);
        if validity.not_before.is_some_and(|not_before| not_before > latest_start) {
            return Err(Reason::TokenNotYetValid);
        }
        if validity.issued_at.is_some_and(|issued_at| issued_at > latest_start) {
            return Err(Reason::TokenIssuedInFuture);
        }
        self.max_token_age.map_or(Ok(()), |max_age| {
            let old_since = validity.old_since.ok_or(Reason::ClaimMissing)?;
            let too_old = now > old_since.plus(max_age).plus(self.leeway);
            if too_old { Err(Reason::TokenTooOld) } else { Ok(()) }
        })
    }
}

/// `null` is refused, not taken for absent: an issuer that means "for ever" has to leave the claim out.
pub(super) fn date(claims: &Claims, name: &str) -> Result<Option<Number>, Reason> {
    if !claims.has(name) {
        return Ok(None);
    }
    claims.member(name).and_then(Json::number).ok_or(Reason::ClaimInvalid).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(rules: TimeRules, exp: Option<i64>, nbf: Option<i64>, iat: Option<i64>) -> Result<(), Reason> {
        let at = |secs: Option<i64>| secs.map(Timestamp::from_secs);
        let validity = Validity { expires_at: at(exp), not_before: at(nbf), issued_at: at(iat), old_since: at(iat) };
        rules.judge(&validity, Timestamp::from_secs(1000)).map_err(|denial| denial.reason())
    }

    fn rules(leeway: u64) -> TimeRules {
        TimeRules { leeway: Duration::from_secs(leeway), require_exp: true, max_token_age: None }
    }

    #[test]
    fn the_second_of_exp_is_over() {
        assert_eq!(judge(rules(0), Some(1001), None, None), Ok(()));
        assert_eq!(judge(rules(0), Some(1000), None, None), Err(Reason::TokenExpired));
        assert_eq!(judge(rules(30), Some(971), None, None), Ok(()));
        assert_eq!(judge(rules(30), Some(970), None, None), Err(Reason::TokenExpired));
        assert_eq!(judge(rules(0), None, None, None), Err(Reason::ClaimMissing));
        assert_eq!(judge(TimeRules { require_exp: false, ..rules(0) }, None, None, None), Ok(()));
    }

    #[test]
    fn beginnings_may_lie_ahead_by_the_leeway() {
        assert_eq!(judge(rules(30), Some(9999), Some(1030), Some(1030)), Ok(()));
        assert_eq!(judge(rules(30), Some(9999), Some(1031), None), Err(Reason::TokenNotYetValid));
        assert_eq!(judge(rules(30), Some(9999), None, Some(1031)), Err(Reason::TokenIssuedInFuture));
        assert_eq!(judge(rules(30), Some(9999), Some(i64::MAX), None), Err(Reason::TokenNotYetValid));
    }

    #[test]
    fn clocks_are_suspected_of_five_minutes_and_no_more() {
        let rules = TimeRules { max_token_age: Some(Duration::from_secs(100)), ..rules(30) };
        let suspected = |exp, nbf, iat| {
            let at = Timestamp::from_secs;
            let (expires_at, not_before, iat) = (Some(at(exp)), Some(at(nbf)), Some(at(iat)));
            let validity = Validity { expires_at, not_before, issued_at: iat, old_since: iat };
            rules.judge(&validity, at(1000)).unwrap_err().clock_skew_suspected()
        };
        for (near, far) in [
            ([671, 0, 990], [670, 0, 990]),
            ([9999, 1330, 990], [9999, 1331, 990]),
            ([9999, 0, 1330], [9999, 0, 1331]),
            ([9999, 0, 570], [9999, 0, 569]),
            // A life of a minute, over and out a minute ago; and a token that is both early and long over.
            ([940, 880, 880], [600, 1100, 990]),
        ] {
            assert_eq!([near, far].map(|[exp, nbf, iat]| suspected(exp, nbf, iat)), [true, false], "{near:?} {far:?}");
        }
    }

    #[test]
    fn age_is_bounded_where_asked() {
        let rules = TimeRules { max_token_age: Some(Duration::from_secs(100)), ..rules(0) };
        assert_eq!(judge(rules, Some(9999), None, Some(900)), Ok(()));
        assert_eq!(judge(rules, Some(9999), None, Some(899)), Err(Reason::TokenTooOld));
        assert_eq!(judge(rules, Some(9999), None, None), Err(Reason::ClaimMissing));
        assert_eq!(judge(rules, Some(9999), None, Some(i64::MIN)), Err(Reason::TokenTooOld));
    }
}
