//! What fuzzing has kept, judged anew: `fuzz/corpus/` holds at least one input for each way through
//! the code that it found.

use std::panic::catch_unwind;
use std::path::PathBuf;

use crate::support::repository;

#[path = "../../fuzz/src/lib.rs"]
mod fuzz;

#[test]
fn compact_tokens() {
    replay("compact_token", fuzz::compact_token::check);
}

#[test]
fn key_sets() {
    replay("jwk_set", fuzz::jwk_set::check);
}

#[test]
fn claims() {
    replay("claims", fuzz::claims::check);
}

#[test]
fn forwarded_requests() {
    replay("forwarded_request", fuzz::forwarded_request::check);
}

#[test]
fn claims_to_headers() {
    replay("claim_to_header", fuzz::claim_to_header::check);
}

#[test]
fn introspection_answers() {
    replay("introspection_answer", fuzz::introspection_answer::check);
}

fn replay(target: &str, check: fn(&[u8])) {
    let files = corpus(target);
    assert!(files.len() >= 20, "{target}: only {} inputs", files.len());
    for file in files {
        let input = std::fs::read(&file).unwrap();
        let verdict = catch_unwind(|| check(&input));
        assert!(
            verdict.is_ok(),
            "{} does not hold; what was found stands above",
            file.display()
        );
    }
}

fn corpus(target: &str) -> Vec<PathBuf> {
    let folder = repository().join("fuzz/corpus").join(target);
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}
