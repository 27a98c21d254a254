//! The header as a whole, and what can be done to any JSON text.

use fastrand::Rng;

use super::super::twist::Effect::{Fatal, Harmless};
use super::super::twist::Twist;

pub static TWISTS: &[Twist] = &[
    Twist::new("header", "white space around", Harmless, |draft, _| {
        draft.write_header = |members, rng| in_white_space(&members.written(rng), rng);
    }),
    Twist::new(
        "header",
        "something around that is no white space",
        Fatal,
        |draft, _| {
            draft.write_header = |members, rng| in_other_space(&members.written(rng), rng);
        },
    ),
    Twist::new("header", "something behind", Fatal, |draft, _| {
        draft.write_header = |members, rng| with_trailing(&members.written(rng), rng);
    }),
    Twist::new("header", "no JSON any more", Fatal, |draft, _| {
        draft.write_header = |members, rng| broken(&members.written(rng), rng);
    }),
    Twist::new("header", "no UTF-8", Fatal, |draft, _| {
        draft.write_header = |members, rng| not_utf8(&members.written(rng), rng);
    }),
    Twist::new("header", "no object", Fatal, |draft, _| {
        draft.write_header = |members, rng| {
            let alg = members.get("alg").unwrap();
            let (list, pair) = (format!("[{alg}]"), format!("[\"JWT\",{alg}]"));
            rng.choice(["", "{}", "[]", "null", "1", alg, &list, &pair])
                .unwrap()
                .as_bytes()
                .to_vec()
        };
    }),
];

/// JSON's own white space.
pub fn in_white_space(json: &str, rng: &mut Rng) -> Vec<u8> {
    let mut blank = || [" ", "\n", "\t", "\r", "\r\n  \t"][rng.usize(..5)];
    format!("{}{json}{}", blank(), blank()).into()
}

/// What others take for white space.
pub fn in_other_space(json: &str, rng: &mut Rng) -> Vec<u8> {
    let other = rng
        .choice([
            "\u{feff}", "\u{b}", "\u{c}", "\u{a0}", "\u{2028}", "\0", "/**/", "//\n",
        ])
        .unwrap();
    if rng.bool() {
        format!("{other}{json}").into()
    } else {
        format!("{json}{other}").into()
    }
}

pub fn with_trailing(json: &str, rng: &mut Rng) -> Vec<u8> {
    let trailing = rng
        .choice(["{}", "}", ",", "x", " null", "\"", ";", "\n{}"])
        .unwrap();
    if rng.u8(..8) == 0 {
        format!("{json}{json}").into()
    } else {
        format!("{json}{trailing}").into()
    }
}

/// Cut off anywhere, or written as JSON's relatives are.
pub fn broken(json: &str, rng: &mut Rng) -> Vec<u8> {
    let inside = &json[1..json.len() - 1];
    match rng.u8(..5) {
        0 => format!("{{{inside},}}").into(),
        1 => format!("{{,{inside}}}").into(),
        2 => json.replace('"', "'").into(),
        3 => json.replace(':', "=").into(),
        _ => json.as_bytes()[..rng.usize(..json.len())].to_vec(),
    }
}

pub fn not_utf8(json: &str, rng: &mut Rng) -> Vec<u8> {
    if rng.u8(..4) == 0 {
        return json.encode_utf16().flat_map(u16::to_le_bytes).collect();
    }
    let inside = &json[1..];
    let sequence: &[u8] = rng
        .choice([
            b"\xff" as &[u8],
            b"\xc0\xaf",
            b"\xed\xa0\x80",
            b"\xf5\x80\x80\x80",
            b"\xe2\x82",
        ])
        .unwrap();
    [b"{\"" as &[u8], sequence, b"\":1,", inside.as_bytes()].concat()
}
