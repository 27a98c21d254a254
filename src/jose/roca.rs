//! Detects RSA moduli of a library whose keys can be factored (ROCA, CVE-2017-15361).

/// The primes of the published test. Each of them divides the product from which that library
/// builds its primes, for every key size.
const PRIMES: [u32; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
    101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/// The number whose powers that library uses.
const GENERATOR: u32 = 65_537;

/// Returns `true` if a big-endian modulus looks like one of that library.
///
/// Its primes are `k * M + (65537^a mod M)`, where `M` is a product of small primes. So they are
/// powers of 65537 modulo each of these small primes, and so is their product (Nemec and others,
/// "The Return of Coppersmith's Attack", section 2). Of all other moduli one in 240 million has
/// this property.
pub(super) fn has_fingerprint(modulus: &[u8]) -> bool {
    PRIMES
        .iter()
        .all(|prime| is_power(remainder(modulus, *prime), *prime))
}

/// Returns a big-endian number modulo `prime`.
fn remainder(number: &[u8], prime: u32) -> u32 {
    number
        .iter()
        .fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % prime)
}

/// Returns `true` if `number` is a power of [`GENERATOR`] modulo `prime`.
fn is_power(number: u32, prime: u32) -> bool {
    let mut power = 1;
    for _ in 1..prime {
        if power == number {
            return true;
        }
        power = power * GENERATOR % prime;
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn powers_of_the_generator() {
        // 65537 is 2 modulo 5 and 4 modulo 13.
        let made = |prime| {
            (0..prime)
                .filter(|number| is_power(*number, prime))
                .collect::<Vec<_>>()
        };
        assert_eq!(made(5), [1, 2, 3, 4]);
        assert_eq!(made(13), [1, 3, 4, 9, 10, 12]);
    }

    #[test]
    fn small_numbers_of_the_structure() {
        for number in [&[1][..], &[1, 0, 1], &[0, 1, 0, 1], &[1, 0, 2, 0, 1]] {
            assert!(has_fingerprint(number), "{number:?} is a power of 65537");
        }
        for number in [&[][..], &[0], &[2], &[1, 0, 3]] {
            assert!(!has_fingerprint(number), "{number:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn other_moduli_do_not_have_it(modulus in proptest::collection::vec(any::<u8>(), 256..=512)) {
            prop_assert!(!has_fingerprint(&modulus));
        }
    }
}
