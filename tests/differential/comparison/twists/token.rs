//! The token as a whole: damage on the way, or an attack.
//!
//! Blanks in front are left out: doorward takes them for those between scheme and token.

use fastrand::Rng;

use super::super::twist::Effect::Fatal;
use super::super::twist::Twist;

pub static TWISTS: &[Twist] = &[
    Twist::new("token", "padded", Fatal, |draft, _| {
        draft.spoil_token = |token, rng| in_one_part(&token, rng, |part| format!("{part}="));
    }),
    Twist::new(
        "token",
        "stray bits in the last character of a part",
        Fatal,
        |draft, _| {
            draft.spoil_token = |token, _| with_stray_bits(&token);
        },
    ),
    Twist::new("token", "of the other alphabet", Fatal, |draft, _| {
        draft.spoil_token = |token, _| {
            let other = token.replace('-', "+").replace('_', "/");
            if other == token {
                format!("{token}+")
            } else {
                other
            }
        };
    }),
    Twist::new("token", "a character more", Fatal, |draft, _| {
        draft.spoil_token = |mut token, rng| {
            let position = rng.usize(1..=token.len());
            token.insert(
                position,
                rng.choice(['.', ' ', '\n', '\t', '=', '!', '%', ',', '\0', 'A', 'é'])
                    .unwrap(),
            );
            token
        };
    }),
    Twist::new("token", "a character less", Fatal, |draft, _| {
        draft.spoil_token = |mut token, rng| {
            // Never near the end: an extended signature without its last character can be the
            // original signature again, and so can one without an equal character before it.
            token.remove(rng.usize(..token.len() / 3 * 2));
            token
        };
    }),
    Twist::new("token", "a character changed", Fatal, |draft, _| {
        draft.spoil_token = |token, rng| {
            let position = rng.usize(..token.len());
            let others: Vec<char> = ('-'..='z')
                .filter(|other| !token[position..].starts_with(*other))
                .collect();
            let other = rng.choice(others).unwrap();
            format!("{}{other}{}", &token[..position], &token[position + 1..])
        };
    }),
    Twist::new("token", "cut off", Fatal, |draft, _| {
        draft.spoil_token = |mut token, rng| {
            token.truncate(rng.usize(..token.len()));
            token
        };
    }),
    Twist::new("token", "another number of parts", Fatal, |draft, _| {
        draft.spoil_token = |token, rng| match rng.u8(..6) {
            0 => format!("{token}."),
            1 => format!(".{token}"),
            2 => token.replacen('.', "..", 1),
            3 => format!("{token}.AAAA"),
            4 => format!("{token}.AAAA.AAAA"),
            _ => token.replace('.', ""),
        };
    }),
    Twist::new("token", "a part left empty", Fatal, |draft, _| {
        draft.spoil_token = |token, rng| in_one_part(&token, rng, |_| String::new());
    }),
    Twist::new("token", "the parts in another order", Fatal, |draft, _| {
        draft.spoil_token = |token, rng| {
            let mut parts: Vec<_> = token.split('.').collect();
            if rng.bool() {
                parts.swap(0, 1);
            } else {
                parts.rotate_left(1);
            }
            parts.join(".")
        };
    }),
    Twist::new("token", "two tokens", Fatal, |draft, _| {
        draft.spoil_token = |token, rng| {
            let between = rng.choice([",", " ", ", ", ".", "\n", ";"]).unwrap();
            format!("{token}{between}{token}")
        };
    }),
    Twist::new("token", "in another dress", Fatal, |draft, _| {
        draft.spoil_token = |token, rng| match rng.u8(..4) {
            0 => format!("\"{token}\""),
            1 => token.replace('.', "%2E"),
            2 => format!("Bearer {token}"),
            _ => {
                let parts: Vec<_> = token.split('.').collect();
                format!(
                    "{{\"protected\":\"{}\",\"payload\":\"{}\",\"signature\":\"{}\"}}",
                    parts[0], parts[1], parts[2]
                )
            }
        };
    }),
];

fn in_one_part(token: &str, rng: &mut Rng, change: fn(&str) -> String) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let chosen = rng.usize(..parts.len());
    parts[chosen] = change(&parts[chosen]);
    parts.join(".")
}

/// Changes a bit without a meaning, in the last part that has one.
fn with_stray_bits(token: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut parts: Vec<Vec<u8>> = token
        .split('.')
        .map(|part| part.as_bytes().to_vec())
        .collect();
    let Some(part) = parts.iter_mut().rev().find(|part| part.len() % 4 >= 2) else {
        return format!("{token}A");
    };
    let last = part.last_mut().unwrap();
    *last = ALPHABET[ALPHABET.iter().position(|byte| byte == last).unwrap() ^ 1];
    String::from_utf8(parts.join(&b'.')).unwrap()
}

/// One byte replaced, removed or added.
pub fn mutated(mut bytes: Vec<u8>, rng: &mut Rng) -> Vec<u8> {
    let position = rng.usize(..bytes.len());
    let byte = match rng.u8(..3) {
        0 => *rng.choice(b"0123456789-+.eE").unwrap(),
        1 => *rng.choice(b"{}[]\",:\\/ \nu").unwrap(),
        _ => rng.u8(..),
    };
    match rng.u8(..3) {
        0 => bytes[position] = byte,
        1 => drop(bytes.remove(position)),
        _ => bytes.insert(position, byte),
    }
    bytes
}
