//! Signatures that are none.

use doorward::jose::{Algorithm, Family, SigningKey};

use super::super::members::quoted;
use super::super::twist::Effect::Fatal;
use super::super::twist::Twist;

pub static TWISTS: &[Twist] = &[
    Twist::new("signature", "a bit flipped", Fatal, |draft, _| {
        draft.spoil_signature = |signature, rng| {
            let position = rng.usize(..signature.len());
            signature[position] ^= 1 << rng.u8(..8);
        };
    }),
    Twist::new("signature", "truncated", Fatal, |draft, _| {
        draft.spoil_signature = |signature, rng| signature.truncate(rng.usize(1..signature.len()));
    }),
    Twist::new("signature", "empty", Fatal, |draft, _| {
        draft.spoil_signature = |signature, _| signature.clear();
    }),
    Twist::new("signature", "extended", Fatal, |draft, _| {
        draft.spoil_signature =
            |signature, rng| signature.push(if rng.bool() { 0 } else { rng.u8(..) });
    }),
    Twist::new("signature", "a zero in front", Fatal, |draft, _| {
        draft.spoil_signature = |signature, _| signature.insert(0, 0);
    }),
    Twist::new("signature", "all bits the same", Fatal, |draft, _| {
        draft.spoil_signature = |signature, rng| signature.fill(if rng.bool() { 0 } else { 0xff });
    }),
    Twist::new("signature", "any bytes", Fatal, |draft, _| {
        draft.spoil_signature = |signature, rng| rng.fill(signature);
    }),
    Twist::new("signature", "turned around", Fatal, |draft, _| {
        draft.spoil_signature = |signature, _| signature.reverse();
    }),
    Twist::new("signature", "by another key", Fatal, |draft, _| {
        draft.sign = |keys, text| keys.other.signature(text.as_bytes()).unwrap();
    }),
    Twist::new(
        "signature",
        "by another key, which it brings along",
        Fatal,
        |draft, _| {
            draft.sign = |keys, text| keys.other.signature(text.as_bytes()).unwrap();
            draft.header.set("jwk", draft.other_public_key.as_str());
        },
    ),
    Twist::new("signature", "of another algorithm", Fatal, |draft, _| {
        draft.sign = |keys, text| keys.sibling.signature(text.as_bytes()).unwrap();
    }),
    Twist::new(
        "signature",
        "of another algorithm, as the header says",
        Fatal,
        |draft, _| {
            draft.sign = |keys, text| keys.sibling.signature(text.as_bytes()).unwrap();
            draft.header.set("alg", quoted(draft.other_algorithm));
        },
    ),
    Twist::new(
        "signature",
        "an HMAC with the public key, as the header says",
        Fatal,
        |draft, _| {
            draft.sign = |keys, text| {
                let public_key = keys.public_key().unwrap().to_string();
                SigningKey::secret(Algorithm::HS256, public_key.as_bytes())
                    .signature(text.as_bytes())
                    .unwrap()
            };
            draft.header.set("alg", "\"HS256\"");
        },
    )
    .only(|algorithm| algorithm.family() != Family::Secret),
    Twist::new("signature", "of the claims alone", Fatal, |draft, _| {
        draft.sign = |keys, text| {
            keys.own
                .signature(text.split('.').nth(1).unwrap().as_bytes())
                .unwrap()
        };
    }),
    Twist::new("signature", "of a longer text", Fatal, |draft, _| {
        draft.sign = |keys, text| keys.own.signature(format!("{text}.").as_bytes()).unwrap();
    }),
];
