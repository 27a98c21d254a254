//! Points in time, written for people.

use std::fmt;

use super::Timestamp;

/// The distance of a point in time from now, as `12 min ago` or `in 3 h`.
///
/// It is rounded down to one unit: seconds up to two minutes, then minutes up to two hours, then
/// hours up to two days, then days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeDistance {
    millis: i64,
}

impl TimeDistance {
    /// Returns whether the point is now or was before.
    pub const fn is_past(self) -> bool {
        self.millis <= 0
    }
}

impl fmt::Display for TimeDistance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.millis.unsigned_abs() / 1000;
        let (number, unit) = match seconds {
            0 => return f.write_str("just now"),
            1..120 => (seconds, "s"),
            120..7_200 => (seconds / 60, "min"),
            7_200..172_800 => (seconds / 3600, "h"),
            _ => (seconds / 86_400, "d"),
        };
        if self.is_past() {
            write!(f, "{number} {unit} ago")
        } else {
            write!(f, "in {number} {unit}")
        }
    }
}

impl Timestamp {
    /// Returns how far this point is from `now`.
    pub const fn distance_from(self, now: Self) -> TimeDistance {
        TimeDistance {
            millis: self.as_millis().saturating_sub(now.as_millis()),
        }
    }

    /// Returns the point and its distance from `now` behind the verb that fits, such as `expired
    /// 12 min ago, at 2026-01-31T12:00:00Z`.
    pub fn describe(self, now: Self, past: &str, future: &str) -> String {
        let distance = self.distance_from(now);
        let verb = if distance.is_past() { past } else { future };
        format!("{verb} {distance}, at {}", self.to_readable())
    }

    /// Returns the point as RFC 3339 writes it, in UTC and to the second. A point outside of the
    /// years 1970 to 9999, which RFC 3339 cannot write, is a `NumericDate`.
    pub fn to_readable(self) -> String {
        if (0..=LAST_MILLISECOND).contains(&self.as_millis()) {
            self.to_rfc3339().to_string()
        } else {
            self.to_string()
        }
    }
}

/// The last millisecond of the year 9999.
const LAST_MILLISECOND: i64 = 253_402_300_799_999;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_have_one_unit_that_fits() {
        let now = Timestamp::from_secs(1_780_000_000);
        for (seconds, shown) in [
            (0, "just now"),
            (-1, "1 s ago"),
            (1, "in 1 s"),
            (-119, "119 s ago"),
            (-120, "2 min ago"),
            (-750, "12 min ago"),
            (7199, "in 119 min"),
            (7200, "in 2 h"),
            (-172_799, "47 h ago"),
            (-172_800, "2 d ago"),
            (i64::MAX, "in 106751970565 d"),
        ] {
            let then = Timestamp::from_secs(now.as_secs().saturating_add(seconds));
            assert_eq!(then.distance_from(now).to_string(), shown, "{seconds}");
        }
    }

    #[test]
    fn the_verb_goes_with_the_distance() {
        let now = Timestamp::from_secs(1_780_000_000);
        let at = |seconds: i64| {
            let then = Timestamp::from_secs(1_780_000_000 + seconds);
            then.describe(now, "expired", "expires")
        };
        assert_eq!(at(-750), "expired 12 min ago, at 2026-05-28T20:14:10Z");
        assert_eq!(at(0), "expired just now, at 2026-05-28T20:26:40Z");
        assert_eq!(at(5), "expires in 5 s, at 2026-05-28T20:26:45Z");
    }

    #[test]
    fn what_rfc_3339_cannot_write_stays_a_number() {
        for (millis, shown) in [
            (1_780_000_000_999, "2026-05-28T20:26:40Z"),
            (0, "1970-01-01T00:00:00Z"),
            (-1000, "-1"),
            (LAST_MILLISECOND, "9999-12-31T23:59:59Z"),
            (LAST_MILLISECOND + 1, "253402300800"),
        ] {
            assert_eq!(Timestamp::from_millis(millis).to_readable(), shown);
        }
    }
}
