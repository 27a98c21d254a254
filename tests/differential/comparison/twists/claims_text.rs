//! The payload as a whole.

use super::super::Difference;
use super::super::members::Members;
use super::super::twist::Effect::{Differs, Fatal, Harmless};
use super::super::twist::Twist;
use super::header_text;

pub static TWISTS: &[Twist] = &[
    Twist::new("claims", "white space around", Harmless, |draft, _| {
        draft.write_claims = |members, rng| header_text::in_white_space(&members.written(rng), rng);
    }),
    Twist::new(
        "claims",
        "something around that is no white space",
        Fatal,
        |draft, _| {
            draft.write_claims =
                |members, rng| header_text::in_other_space(&members.written(rng), rng);
        },
    ),
    Twist::new("claims", "something behind", Fatal, |draft, _| {
        draft.write_claims = |members, rng| header_text::with_trailing(&members.written(rng), rng);
    }),
    Twist::new("claims", "no JSON any more", Fatal, |draft, _| {
        draft.write_claims = |members, rng| header_text::broken(&members.written(rng), rng);
    }),
    Twist::new("claims", "no UTF-8", Fatal, |draft, _| {
        draft.write_claims = |members, rng| header_text::not_utf8(&members.written(rng), rng);
    }),
    Twist::new("claims", "no object", Fatal, |draft, _| {
        draft.write_claims = |members, rng| {
            let object = members.written(rng);
            let wrapped = format!("[{object}]");
            let quoted = super::super::members::quoted(&object);
            let choice = [
                "", "{}", "[]", "null", "true", "1", "\"\"", &wrapped, &quoted,
            ];
            rng.choice(choice).unwrap().as_bytes().to_vec()
        };
    }),
    Twist::new(
        "claims",
        "the values in an array",
        Differs(Difference::ClaimsArray),
        |draft, _| {
            draft.write_claims = |members, _| values(&members);
        },
    ),
];

/// In the order in which the other implementation would read them.
fn values(members: &Members) -> Vec<u8> {
    let values = ["exp", "nbf", "sub", "iss", "aud"].map(|name| members.get(name).unwrap());
    format!("[{}]", values.join(",")).into()
}
