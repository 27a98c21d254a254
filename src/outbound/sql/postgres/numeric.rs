//! Numbers of any length, in the binary form of `numeric`.

use std::fmt::Write;

use crate::outbound::sql::json_row::Unrendered;

const POSITIVE: u16 = 0;
const NEGATIVE: u16 = 0x4000;

/// Appends a number with all of its digits. NaN and the infinities have no form in JSON.
pub(super) fn push(out: &mut String, bytes: &[u8]) -> Result<(), Unrendered> {
    let (header, digits) = bytes.split_at_checked(8).ok_or(Unrendered::Value)?;
    let &[
        _,
        _,
        weight_high,
        weight_low,
        sign_high,
        sign_low,
        scale_high,
        scale_low,
    ] = header
    else {
        return Err(Unrendered::Value);
    };
    let weight = i64::from(i16::from_be_bytes([weight_high, weight_low]));
    let scale = usize::from(u16::from_be_bytes([scale_high, scale_low]));
    match u16::from_be_bytes([sign_high, sign_low]) {
        POSITIVE => {}
        NEGATIVE => out.push('-'),
        _ => return Err(Unrendered::Value),
    }
    // Four decimal digits in each group; the first has the weight 10000^weight.
    let group = |position: i64| {
        let at = usize::try_from(position).ok()? * 2;
        let &[high, low] = digits.get(at..at + 2)? else {
            return None;
        };
        Some(u16::from_be_bytes([high, low]))
    };
    let mut whole = String::new();
    for position in 0..=weight {
        // Writing to a String cannot fail.
        let _ = write!(whole, "{:04}", group(position).unwrap_or(0));
    }
    let whole = whole.trim_start_matches('0');
    out.push_str(if whole.is_empty() { "0" } else { whole });
    if scale > 0 {
        let groups = i64::try_from(scale.div_ceil(4)).unwrap_or(0);
        let mut fraction = String::new();
        for position in weight + 1..=weight + groups {
            let _ = write!(fraction, "{:04}", group(position).unwrap_or(0));
        }
        out.push('.');
        out.push_str(fraction.get(..scale).unwrap_or_default());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(weight: i16, sign: u16, scale: u16, groups: &[u16]) -> Result<String, Unrendered> {
        let count = u16::try_from(groups.len()).unwrap();
        let mut bytes = Vec::new();
        bytes.extend(count.to_be_bytes());
        bytes.extend(weight.to_be_bytes());
        bytes.extend(sign.to_be_bytes());
        bytes.extend(scale.to_be_bytes());
        for group in groups {
            bytes.extend(group.to_be_bytes());
        }
        let mut out = String::new();
        push(&mut out, &bytes).map(|()| out)
    }

    #[test]
    fn every_digit_is_kept() {
        for (weight, sign, scale, groups, text) in [
            (0, 0, 0, &[][..], "0"),
            (0, 0, 2, &[], "0.00"),
            (0, 0, 0, &[42], "42"),
            (1, 0, 0, &[1], "10000"),
            (1, 0x4000, 3, &[1, 2, 5000], "-10002.500"),
            (-1, 0, 4, &[7], "0.0007"),
            (-2, 0, 8, &[7], "0.00000007"),
            (0, 0, 1, &[1, 5000], "1.5"),
        ] {
            assert_eq!(number(weight, sign, scale, groups).as_deref(), Ok(text));
        }
        for sign in [0xC000, 0xD000, 0xF000] {
            assert!(number(0, sign, 0, &[]).is_err());
        }
        assert!(push(&mut String::new(), &[0; 7]).is_err());
    }
}
