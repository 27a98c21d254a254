//! Any JSON, for members that are not read.

use std::iter::repeat_with;

use fastrand::Rng;

use super::members::quoted;

/// A value of any type; names in it are unique.
pub fn value(rng: &mut Rng, depth: usize) -> String {
    match rng.u8(..if depth == 0 { 5 } else { 8 }) {
        0 => ["null", "true", "false"][rng.usize(..3)].into(),
        1 => rng.i64(..).to_string(),
        2 => format!("{}", rng.f64() * 10_f64.powi(rng.i32(-20..20))),
        3 => format!("{}e{}", rng.i16(..), rng.i32(-300..300)),
        4 | 5 => quoted(&text(rng)),
        6 => {
            let elements: Vec<_> = repeat_with(|| value(rng, depth - 1)).take(depth).collect();
            format!("[{}]", elements.join(","))
        }
        _ => {
            let members = (0..depth).map(|index| format!("\"{index}\":{}", value(rng, depth - 1)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
    }
}

/// A text of characters that programs trip over, and of ordinary ones.
pub fn text(rng: &mut Rng) -> String {
    const ODD: &[char] = &[
        '\0', '\n', '\u{7f}', '"', '\\', '/', '%', 'é', '中', '\u{202e}', '\u{feff}', '😀',
        '\u{e000}',
    ];
    let length = rng.usize(..20);
    repeat_with(|| {
        if rng.u8(..4) == 0 {
            ODD[rng.usize(..ODD.len())]
        } else {
            rng.alphanumeric()
        }
    })
    .take(length)
    .collect()
}

/// An array in an array and so on, with a number in the innermost.
pub fn nested(arrays: usize) -> String {
    format!("{}1{}", "[".repeat(arrays), "]".repeat(arrays))
}
