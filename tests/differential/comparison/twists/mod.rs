//! The catalogue of twists.

mod claims;
mod claims_text;
mod dates;
mod header;
mod header_text;
mod signature;
mod token;

use super::twist::{Effect, Twist};

/// Those whose effect is known.
pub fn all() -> impl Iterator<Item = &'static Twist> {
    [
        dates::TWISTS,
        claims::TWISTS,
        claims_text::TWISTS,
        header::TWISTS,
        header_text::TWISTS,
        signature::TWISTS,
        token::TWISTS,
    ]
    .into_iter()
    .flatten()
}

/// A byte changed by chance and then signed. The place is everywhere, so that nothing else is
/// twisted.
pub static OPEN: [Twist; 2] = [
    Twist::new(
        "",
        "a byte of the claims changed, and signed",
        Effect::Open,
        |draft, _| {
            draft.write_claims = |members, rng| token::mutated(members.written(rng).into(), rng);
        },
    ),
    Twist::new(
        "",
        "a byte of the header changed, and signed",
        Effect::Open,
        |draft, _| {
            draft.write_header = |members, rng| token::mutated(members.written(rng).into(), rng);
        },
    ),
];
