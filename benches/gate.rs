//! What a decision costs: for a token that was seen before, for one that was not, and for making its headers.

use std::hint::black_box;

use crate::jose::bare_key;
use crate::support::{Authorization, ISSUER, configuration, decide, gate, key, token};
use criterion::Criterion;
use doorward::clock::SystemClock;
use doorward::domain::{BearerToken, Clock};
use doorward::jose::{Algorithm, Algorithms, CompactJws, decode_base64url};
use doorward::policy::Principal;

pub fn cached(criterion: &mut Criterion) {
    let key = key(Algorithm::RS256);
    let authorization = Authorization::bearer(&token(&key));
    let gate = gate(configuration(&key, &[]));
    decide(&gate, &authorization);
    criterion.bench_function("decide/cached", |bencher| bencher.iter(|| decide(&gate, black_box(&authorization))));
}

/// The whole judgement of a token that was never seen (extraction, digest, parsing, choice of the key, signature, claims,
/// rendered headers), beside its signature alone.
pub fn judge(criterion: &mut Criterion) {
    for algorithm in Algorithms::asymmetric().iter() {
        let key = key(algorithm);
        let token = token(&key);
        let authorization = Authorization::bearer(&token);
        let gate = gate(configuration(&key, &[("TOKEN_CACHE_CAPACITY", "0")]));
        let (message, signature) = token.rsplit_once('.').unwrap();
        let (public, signature) = (bare_key(&key), decode_base64url(signature).unwrap());
        let mut group = criterion.benchmark_group(format!("judge/{algorithm}"));
        group.bench_function("doorward", |bencher| bencher.iter(|| decide(&gate, black_box(&authorization))));
        group.bench_function("signature alone", |bencher| {
            bencher.iter(|| public.verify_sig(black_box(message).as_bytes(), &signature).unwrap());
        });
    }
}

pub fn render(criterion: &mut Criterion) {
    let key = key(Algorithm::ES256);
    let token = token(&key);
    let configuration = configuration(&key, &[]);
    let claim_headers = configuration.claim_headers.clone();
    let gate = gate(configuration);
    let issuer = gate.verifier.issuers.at(0).unwrap();
    let parsed = CompactJws::parse(BearerToken::parse(token.as_bytes(), 16_384).unwrap()).unwrap();
    let candidates = issuer.keys.snapshot().keys().candidates(Some("bench"), Algorithm::ES256).unwrap();
    let verified = issuer.expectations.judge(parsed.into_signed(&candidates).unwrap(), SystemClock.now()).unwrap();
    assert_eq!(Principal::new(&verified, &claim_headers).unwrap().claim_values().get(1).unwrap(), ISSUER);
    criterion.bench_function("render", |bencher| {
        bencher.iter(|| Principal::new(black_box(&verified), &claim_headers).unwrap());
    });
}
