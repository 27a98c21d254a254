//! Exact comparison of numbers.

use std::fmt;

/// A decimal number: its significant digits, and the power of ten behind them. Two of them are
/// equal if and only if the numbers are equal, however they are written and however long they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    /// Parses a number as JSON writes it (RFC 8259 section 6). Returns `None` if its exponent needs
    /// more than 64 bits.
    pub(super) fn parse(json: &str) -> Option<Self> {
        let (negative, rest) = json
            .strip_prefix('-')
            .map_or((false, json), |rest| (true, rest));
        let (mantissa, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let digits = all.trim_end_matches('0');
        let shift =
            i64::try_from(all.len() - digits.len()).ok()? - i64::try_from(fraction.len()).ok()?;
        let digits = digits.trim_start_matches('0').to_owned();
        // Zero has no digits, and then the power of ten says nothing, however long it is.
        let exponent = if digits.is_empty() {
            0
        } else {
            exponent.parse::<i64>().ok()?.checked_add(shift)?
        };
        // Neither is zero less than itself.
        Some(Self {
            negative: negative && !digits.is_empty(),
            digits,
            exponent,
        })
    }
}

/// Returns the double that equals a JSON number exactly, if there is one.
pub fn exact_double(json: &str) -> Option<f64> {
    let double: f64 = json
        .parse()
        .ok()
        .filter(|double: &f64| double.is_finite())?;
    let shortest = serde_json::Number::from_f64(double)?.to_string();
    (Decimal::parse(&shortest)? == Decimal::parse(json)?).then_some(double)
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.negative { "-" } else { "" };
        match (self.digits.as_str(), self.exponent) {
            ("", _) => f.write_str("0"),
            (digits, 0) => write!(f, "{sign}{digits}"),
            (digits, exponent) => write!(f, "{sign}{digits}e{exponent}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_equal_by_value() {
        for (one, other, expected) in [
            ("1", "1.0", true),
            ("100", "1e2", true),
            ("0.1", "1E-1", true),
            ("0", "-0.0", true),
            ("0", "0e99999999999999999999", true),
            ("1", "-1", false),
            ("9007199254740993", "9007199254740992", false),
            ("18446744073709551616", "18446744073709551617", false),
            ("0.1", "0.10000000000000001", false),
        ] {
            assert_eq!(
                Decimal::parse(one) == Decimal::parse(other),
                expected,
                "{one} {other}"
            );
        }
        assert_eq!(Decimal::parse("1e99999999999999999999"), None);
    }
}
