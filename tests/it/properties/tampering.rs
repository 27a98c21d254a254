//! A token that was touched is refused, with one exception that the algorithm makes.

use doorward::jose::{Algorithm, Family, decode_base64url, encode_base64url};
use proptest::prelude::*;
use proptest::sample::Index;

use super::{Subject, cases, good, trusted};
use crate::support::TestClock;

/// A gate without a cache, which would answer for the good token, and a good token of this
/// algorithm.
fn fixture(algorithm: Algorithm) -> (Subject, String) {
    let clock = TestClock::new();
    let (key, settings) = trusted(algorithm);
    let subject = Subject::new(&settings.set("TOKEN_CACHE_CAPACITY", "0"), &clock);
    let token = good(&key, &clock).sign();
    assert!(subject.verdict(&token).is_ok(), "{algorithm}");
    (subject, token)
}

fn assert_denied(subject: &Subject, token: &[u8], what: impl std::fmt::Display) {
    assert!(
        subject.verdict(token).is_err(),
        "{what}: {}",
        String::from_utf8_lossy(token)
    );
}

/// The algorithms whose signatures are quickly checked.
const QUICK: [Algorithm; 3] = [Algorithm::HS256, Algorithm::EdDSA, Algorithm::ES256];

#[test]
fn every_flipped_bit_is_noticed() {
    for algorithm in QUICK {
        let (subject, token) = fixture(algorithm);
        for at in 0..token.len() {
            for bit in 0..8 {
                assert_denied(
                    &subject,
                    &flipped(&token, at, bit),
                    format!("{algorithm}: bit {bit} of byte {at}"),
                );
            }
        }
    }
}

/// One bit each: five of the eight mostly make another letter of the alphabet, which only the
/// signature can notice.
#[test]
fn a_flipped_bit_in_any_byte_is_noticed_by_every_algorithm() {
    for &algorithm in Algorithm::ALL {
        let (subject, token) = fixture(algorithm);
        // The signatures of lattices have thousands of bytes, of which every fourth will do.
        let step = if algorithm.family() == Family::Lattice {
            4
        } else {
            1
        };
        for at in (0..token.len()).step_by(step) {
            let bit = u8::try_from(at % 5).unwrap();
            assert_denied(
                &subject,
                &flipped(&token, at, bit),
                format!("{algorithm}: bit {bit} of byte {at}"),
            );
        }
    }
}

#[test]
fn every_truncation_and_every_byte_more_is_noticed() {
    for algorithm in QUICK {
        let (subject, token) = fixture(algorithm);
        for length in 0..token.len() {
            assert_denied(
                &subject,
                &token.as_bytes()[..length],
                format!("{algorithm}: the first {length} bytes"),
            );
            assert_denied(
                &subject,
                &token.as_bytes()[token.len() - length..],
                format!("{algorithm}: the last {length}"),
            );
        }
        for byte in 0..=255 {
            let behind = [token.as_bytes(), &[byte]].concat();
            assert_denied(&subject, &behind, format!("{algorithm}: {byte} behind"));
            // A blank in front belongs to the scheme.
            if byte != b' ' {
                assert_denied(
                    &subject,
                    &[&[byte], token.as_bytes()].concat(),
                    format!("{algorithm}: {byte} in front"),
                );
            }
        }
    }
}

#[test]
fn tokens_of_every_algorithm_notice_every_kind_of_change() {
    for &algorithm in Algorithm::ALL {
        let (subject, token) = fixture(algorithm);
        proptest!(cases(48), |(change in any_change())| {
            let changed = change.of(&token);
            prop_assert!(subject.verdict(&changed).is_err(), "{}: {}", algorithm, String::from_utf8_lossy(&changed));
        });
    }
}

/// RFC 8725 says nothing about it, FIPS 186-5 makes it so: with (r, s) also (r, n − s) is a
/// signature.
#[test]
fn the_ecdsa_twin_is_the_same_identity_and_there_is_no_third() {
    for (algorithm, order) in ORDERS {
        let (subject, token) = fixture(algorithm);
        let (input, signature) = token.rsplit_once('.').unwrap();
        let signature = decode_base64url(signature).unwrap();
        let (r, s) = signature.split_at(signature.len() / 2);
        let order = bytes_of(order);
        assert_eq!(order.len(), r.len(), "{algorithm}");
        let with = |r: &[u8], s: &[u8]| format!("{input}.{}", encode_base64url([r, s].concat()));
        let twin = with(r, &difference(&order, s));
        assert_ne!(twin, token, "{algorithm}");
        assert_eq!(
            subject.verdict(&twin),
            subject.verdict(&token),
            "{algorithm}: the same claims"
        );
        for other in [
            with(&difference(&order, r), s),
            with(s, r),
            with(&order, s),
            with(r, &order),
        ] {
            assert_denied(&subject, other.as_bytes(), algorithm);
        }
        // Only with P-521 there is room for numbers above the order, which mean the same modulo it.
        if let (Some(high_r), Some(high_s)) = (sum(&order, r), sum(&order, s)) {
            assert_denied(
                &subject,
                with(&high_r, s).as_bytes(),
                format!("{algorithm}: r above the order"),
            );
            assert_denied(
                &subject,
                with(r, &high_s).as_bytes(),
                format!("{algorithm}: s above the order"),
            );
        }
    }
}

#[derive(Debug, Clone)]
enum Change {
    Flip(Index, u8),
    Replace(Index, u8),
    Cut(Index),
    Begin(Index),
    Without(Index),
    Insert(Index, u8),
    Append(Vec<u8>),
    Swap(Index, Index),
}

fn any_change() -> impl Strategy<Value = Change> {
    // Three times out of four a letter of the alphabet, so that more than the decoder is asked.
    let byte = || prop_oneof![3 => proptest::char::range('A', 'Z').prop_map(|letter| letter as u8), 1 => any::<u8>()];
    let at = any::<Index>;
    prop_oneof![
        (at(), 0..8_u8).prop_map(|(at, bit)| Change::Flip(at, bit)),
        (at(), byte()).prop_map(|(at, byte)| Change::Replace(at, byte)),
        at().prop_map(Change::Cut),
        at().prop_map(Change::Begin),
        at().prop_map(Change::Without),
        (at(), byte()).prop_map(|(at, byte)| Change::Insert(at, byte)),
        proptest::collection::vec(byte(), 1..8).prop_map(Change::Append),
        (at(), at()).prop_map(|(one, other)| Change::Swap(one, other)),
    ]
}

impl Change {
    /// The token with the change, which is another one: a replacement by the same byte becomes a
    /// flipped bit.
    fn of(&self, token: &str) -> Vec<u8> {
        let mut bytes = token.as_bytes().to_vec();
        let length = bytes.len();
        match self {
            Self::Flip(at, bit) => bytes[at.index(length)] ^= 1 << bit,
            Self::Replace(at, byte) => bytes[at.index(length)] = *byte,
            Self::Cut(at) => bytes.truncate(at.index(length)),
            Self::Begin(at) => drop(bytes.drain(..=at.index(length))),
            Self::Without(at) => drop(bytes.remove(at.index(length))),
            Self::Insert(at, byte) => bytes.insert(1 + at.index(length), *byte),
            Self::Append(more) => bytes.extend(more),
            Self::Swap(one, other) => bytes.swap(one.index(length), other.index(length)),
        }
        if bytes == token.as_bytes() {
            bytes[length / 2] ^= 1;
        }
        bytes
    }
}

fn flipped(token: &str, at: usize, bit: u8) -> Vec<u8> {
    let mut bytes = token.as_bytes().to_vec();
    bytes[at] ^= 1 << bit;
    bytes
}

/// The orders of the curves (SP 800-186 section 3.2.1, SEC 2 section 2.4.1).
const ORDERS: [(Algorithm, &str); 4] = [
    (
        Algorithm::ES256,
        "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551",
    ),
    (
        Algorithm::ES384,
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973",
    ),
    (
        Algorithm::ES512,
        concat!(
            "01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
            "FA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409",
        ),
    ),
    (
        Algorithm::ES256K,
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141",
    ),
];

fn bytes_of(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}

/// The larger number less the smaller one, both big-endian and of the same length.
fn difference(larger: &[u8], smaller: &[u8]) -> Vec<u8> {
    let mut borrow = 0;
    let digits = larger
        .iter()
        .zip(smaller)
        .rev()
        .map(|(minuend, subtrahend)| {
            let digit = i16::from(*minuend) - i16::from(*subtrahend) - borrow;
            borrow = i16::from(digit < 0);
            u8::try_from(digit.rem_euclid(256)).unwrap()
        });
    let mut difference: Vec<u8> = digits.collect();
    assert_eq!(borrow, 0, "the first number is the larger one");
    difference.reverse();
    difference
}

/// The sum, if it fits into as many bytes.
fn sum(one: &[u8], other: &[u8]) -> Option<Vec<u8>> {
    let mut carry = 0;
    let digits = one.iter().zip(other).rev().map(|(one, other)| {
        let digit = u16::from(*one) + u16::from(*other) + carry;
        carry = digit / 256;
        u8::try_from(digit % 256).unwrap()
    });
    let mut sum: Vec<u8> = digits.collect();
    sum.reverse();
    (carry == 0).then_some(sum)
}
