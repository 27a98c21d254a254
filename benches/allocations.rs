//! `make allocations`: what a judgement takes from the heap, counted by dhat.
//!
//! A program of its own, because dhat takes the place of the allocator. Memory that aws-lc takes is
//! not counted.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod support;

use doorward::jose::{Algorithm, Algorithms};

use crate::support::{Authorization, configuration, decide, gate, key, token};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// So many judgements that what happens once among them does not show.
const ROUNDS: u32 = 1000;

fn main() {
    let _profiler = dhat::Profiler::builder().testing().build();
    println!("| decision | allocations | bytes |\n| --- | --- | --- |");
    for algorithm in Algorithms::asymmetric().iter() {
        print(
            &algorithm.to_string(),
            algorithm,
            &[("TOKEN_CACHE_CAPACITY", "0")],
        );
    }
    print("RS256, token cached", Algorithm::RS256, &[]);
}

fn print(what: &str, algorithm: Algorithm, settings: &[(&str, &str)]) {
    let key = key(algorithm);
    let authorization = Authorization::bearer(&token(&key));
    let gate = gate(configuration(&key, settings));
    decide(&gate, &authorization);
    let before = dhat::HeapStats::get();
    (0..ROUNDS).for_each(|_| decide(&gate, &authorization));
    let after = dhat::HeapStats::get();
    let each = |before: u64, after: u64| {
        f64::from(u32::try_from(after - before).unwrap()) / f64::from(ROUNDS)
    };
    let blocks = each(before.total_blocks, after.total_blocks);
    let bytes = each(before.total_bytes, after.total_bytes);
    println!("| {what} | {blocks:.2} | {bytes:.0} |");
}
