//! Bytes as a key set, and as a PEM file: no key is in it that should not be, and none of them
//! takes garbage for a signature.

use doorward::jose::{Algorithm, Algorithms, KeySet, VerificationKey};

/// Judges the bytes as a key set and as a PEM file.
pub fn check(data: &[u8]) {
    let all = Algorithms::asymmetric();
    if let Ok(set) = KeySet::from_jwks(data, &all) {
        check_set(&set, data, &all);
        assert!(
            set.len() + set.refused().len() <= 100,
            "a set without bounds"
        );
        assert!(
            KeySet::from_jwks(data, &all)
                .unwrap()
                .has_same_keys_as(&set),
            "read twice, and not the same"
        );
    }
    // A shorter list leaves keys out, and changes nothing about the others.
    let some = Algorithms::new(vec![
        Algorithm::ES256,
        Algorithm::EdDSA,
        Algorithm::ML_DSA_44,
    ]);
    if let Ok(set) = KeySet::from_jwks(data, &some) {
        check_set(&set, data, &some);
        let wider = KeySet::from_jwks(data, &all).unwrap();
        assert!(
            set.iter().all(|key| wider.contains(key)),
            "a shorter list let in more"
        );
    }
    if let Ok(set) = KeySet::from_pem(data, &all) {
        check_set(&set, data, &all);
        assert!(
            set.iter().all(|key| key.id().is_none()),
            "a PEM file names no keys"
        );
    }
}

fn check_set(set: &KeySet, data: &[u8], allowed: &Algorithms) {
    assert!(!set.is_empty(), "a set without keys is none");
    for key in set.iter() {
        assert!(
            allowed.contains(key.algorithm()),
            "{key:?} is not on the list"
        );
        assert!(
            !key.algorithm().name().starts_with("HS"),
            "{key:?} is a published secret"
        );
        assert!(!has_twin(set, key), "two keys go by one name: {key:?}");
        assert!(set.contains(key));
        let candidates = set.candidates(key.id(), key.algorithm()).unwrap();
        let count = candidates.iter().count();
        assert!((1..=5).contains(&count), "{count} candidates");
        assert!(
            candidates
                .iter()
                .all(|candidate| candidate.algorithm() == key.algorithm())
        );
        check_key(key, data);
    }
}

fn has_twin(set: &KeySet, key: &VerificationKey) -> bool {
    let is_twin = |other: &VerificationKey| {
        other.id() == key.id()
            && other.algorithm() == key.algorithm()
            && other.fingerprint() != key.fingerprint()
    };
    key.id().is_some() && set.iter().any(is_twin)
}

/// Nobody has signed anything with these keys: whatever they verify is a signature that anyone can
/// make.
fn check_key(key: &VerificationKey, data: &[u8]) {
    for length in signature_lengths(key.algorithm()) {
        let zeros = vec![0; *length];
        let (mut one, mut neutral) = (zeros.clone(), zeros.clone());
        // As a number of RSA it is 1; the same at the front is the neutral element of Ed25519.
        one.last_mut().into_iter().for_each(|last| *last = 1);
        neutral.first_mut().into_iter().for_each(|first| *first = 1);
        for signature in [&zeros, &one, &neutral] {
            assert!(
                !key.verify(data, signature),
                "{key:?} takes {length} bytes of nothing for a signature"
            );
        }
    }
    assert!(
        !key.verify(b"", data),
        "{key:?} takes its own document for a signature"
    );
}

/// The lengths that get past the first look; of RSA keys the usual ones.
fn signature_lengths(algorithm: Algorithm) -> &'static [usize] {
    match algorithm {
        Algorithm::ES256 | Algorithm::ES256K | Algorithm::EdDSA => &[0, 64],
        Algorithm::ES384 => &[0, 96],
        Algorithm::ES512 => &[0, 132],
        Algorithm::ML_DSA_44 => &[0, 2420],
        Algorithm::ML_DSA_65 => &[0, 3309],
        Algorithm::ML_DSA_87 => &[0, 4627],
        _ => &[0, 256, 384, 512],
    }
}
