//! Points in time.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::Number;

/// A point in time in milliseconds since the Unix epoch.
///
/// All arithmetic saturates, so that a claim of `1e300` is far in the future and never an overflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(i64);

/// The error of a text that is not a time in RFC 3339, or lies before 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write a time such as 2026-01-31T12:00:00Z, not before 1970")]
pub struct InvalidTime;

impl Timestamp {
    /// Creates the timestamp that is this many milliseconds after the Unix epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Creates the timestamp that is this many seconds after the Unix epoch.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// Returns the milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Returns the whole seconds since the Unix epoch, rounded down.
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Returns the timestamp that is this much later.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }

    /// Returns the timestamp that is this much earlier.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis(duration)))
    }

    /// Returns the time that passed since `earlier`; zero if `earlier` is later.
    ///
    /// Only a [`Moment`](super::Moment) measures durations, because the date alone can be set.
    pub(super) fn since(self, earlier: Self) -> Duration {
        let millis = self.0.saturating_sub(earlier.0);
        Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    }

    /// Converts a `NumericDate` (RFC 7519 section 2), rounded down to the millisecond.
    ///
    /// This is the rounding for an end (`exp`): it never extends the validity period.
    pub fn floor(date: &Number) -> Self {
        Self::from_number(date, f64::floor)
    }

    /// Converts a `NumericDate` (RFC 7519 section 2), rounded up to the millisecond.
    ///
    /// This is the rounding for a beginning (`nbf`, `iat`): the validity period never starts
    /// earlier.
    pub fn ceil(date: &Number) -> Self {
        Self::from_number(date, f64::ceil)
    }

    fn from_number(date: &Number, round: fn(f64) -> f64) -> Self {
        if let Some(secs) = date.as_i64() {
            return Self::from_secs(secs);
        }
        // Only fractions, and integers that do not fit into an `i64`, are left.
        match date.as_f64() {
            // A cast from a float saturates, which is right at both ends.
            #[allow(clippy::cast_possible_truncation)]
            Some(secs) => Self(round(secs * 1000.0) as i64),
            None => Self(i64::MAX),
        }
    }
}

/// Formats the time as a `NumericDate` (RFC 7519 section 2).
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.rem_euclid(1000) {
            0 => write!(f, "{}", self.as_secs()),
            millis => write!(f, "{}.{millis:03}", self.as_secs()),
        }
    }
}

/// Parses a time as RFC 3339 writes it, in UTC.
impl FromStr for Timestamp {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        // The library passes over an offset behind a fraction: the time would be another one.
        let behind_date = text
            .trim_end_matches("+00:00")
            .get(10..)
            .unwrap_or_default();
        if behind_date.contains(['+', '-']) {
            return Err(InvalidTime);
        }
        let time = humantime::parse_rfc3339_weak(text).map_err(|_| InvalidTime)?;
        let since = time.duration_since(UNIX_EPOCH).map_err(|_| InvalidTime)?;
        i64::try_from(since.as_millis())
            .map(Self::from_millis)
            .map_err(|_| InvalidTime)
    }
}

impl Timestamp {
    /// Formats the time as RFC 3339 writes it, in UTC and to the second. A time outside of the
    /// years 1970 to 9999 is shown as the nearer limit.
    pub fn to_rfc3339(self) -> impl fmt::Display {
        let seconds = u64::try_from(self.as_secs()).unwrap_or(0).min(LAST_SECOND);
        humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds))
    }
}

/// The last second of the year 9999.
const LAST_SECOND: u64 = 253_402_300_799;

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn rounding_never_extends_the_validity_period() {
        assert_eq!(
            Timestamp::floor(&number("1.0009")),
            Timestamp::from_millis(1000)
        );
        assert_eq!(
            Timestamp::ceil(&number("1.0001")),
            Timestamp::from_millis(1001)
        );
    }

    #[test]
    fn times_are_formatted_as_numeric_dates() {
        for (millis, formatted) in [
            (1_769_860_800_000, "1769860800"),
            (1500, "1.500"),
            (7, "0.007"),
            (0, "0"),
        ] {
            assert_eq!(Timestamp::from_millis(millis).to_string(), formatted);
        }
    }

    #[test]
    fn times_with_an_offset_from_utc_are_refused() {
        let noon = Ok(Timestamp::from_millis(1_769_860_800_500));
        for text in ["2026-01-31T12:00:00.5Z", "2026-01-31T12:00:00.5+00:00"] {
            assert_eq!(text.parse::<Timestamp>().map_err(drop), noon, "{text}");
        }
        for text in ["2026-01-31T12:00:00.5+05:00", "2026-01-31T12:00:00-05:00"] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    #[test]
    fn huge_and_negative_numbers_saturate() {
        for text in ["1e300", "18446744073709551615", "9223372036854775807"] {
            assert_eq!(
                Timestamp::floor(&number(text)).as_millis(),
                i64::MAX,
                "{text}"
            );
        }
        assert_eq!(Timestamp::floor(&number("-1e300")).as_millis(), i64::MIN);
        assert_eq!(
            Timestamp::from_millis(i64::MAX)
                .plus(Duration::MAX)
                .as_millis(),
            i64::MAX
        );
        assert_eq!(
            Timestamp::from_millis(i64::MIN)
                .minus(Duration::MAX)
                .as_millis(),
            i64::MIN
        );
    }

    #[test]
    fn times_are_parsed_as_rfc_3339_writes_them() {
        for text in [
            "2026-01-31T12:00:00Z",
            "2026-01-31 12:00:00",
            "2026-01-31T12:00:00.000Z",
        ] {
            assert_eq!(
                text.parse(),
                Ok(Timestamp::from_secs(1_769_860_800)),
                "{text}"
            );
        }
        for text in [
            "",
            "now",
            "1769860800",
            "2026-01-31",
            "2026-13-01T00:00:00Z",
            "1969-12-31T23:59:59Z",
        ] {
            assert_eq!(text.parse::<Timestamp>(), Err(InvalidTime), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in r"[0-9TZ:. +é-]{0,30}") {
            let _ = text.parse::<Timestamp>();
        }
    }

    #[test]
    fn times_are_formatted_as_rfc_3339_writes_them() {
        assert_eq!(
            Timestamp::from_secs(1_769_860_800).to_rfc3339().to_string(),
            "2026-01-31T12:00:00Z"
        );
        assert_eq!(
            Timestamp::from_millis(i64::MIN).to_rfc3339().to_string(),
            "1970-01-01T00:00:00Z"
        );
        assert_eq!(
            Timestamp::from_millis(i64::MAX).to_rfc3339().to_string(),
            "9999-12-31T23:59:59Z"
        );
    }

    #[test]
    fn since_is_never_negative() {
        assert_eq!(
            Timestamp::from_secs(1).since(Timestamp::from_secs(2)),
            Duration::ZERO
        );
    }
}
