//! What a decision costs for a token that was seen before, and what making its headers costs.

use std::hint::black_box;

use crate::support::{Authorization, ISSUER, configuration, decide, gate, key, token};
use criterion::Criterion;
use doorward::domain::{BearerToken, Clock, IssuerIndex};
use doorward::jose::{Algorithm, CompactJws};
use doorward::platform::SystemClock;

pub fn cached(criterion: &mut Criterion) {
    // No two signatures by ES256 are alike, so that no two tokens are.
    for (what, algorithm, count) in [
        ("decide/cached", Algorithm::RS256, 1),
        ("decide/cached, 10,000 in turn", Algorithm::ES256, 10_000),
    ] {
        let key = key(algorithm);
        let requests: Vec<_> = (0..count)
            .map(|_| Authorization::bearer(&token(&key)))
            .collect();
        let gate = gate(configuration(&key, &[]));
        for request in &requests {
            decide(&gate, request);
        }
        let mut turns = requests.iter().cycle();
        criterion.bench_function(what, |bencher| {
            bencher.iter(|| decide(&gate, black_box(turns.next().unwrap())));
        });
    }
}

pub fn render(criterion: &mut Criterion) {
    let key = key(Algorithm::ES256);
    let token = token(&key);
    let configuration = configuration(&key, &[]);
    let claim_headers = configuration.claim_headers.clone();
    let gate = gate(configuration);
    let issuer = gate.authenticators.issuers.at(IssuerIndex::new(0)).unwrap();
    let parsed = CompactJws::parse(BearerToken::parse(token.as_bytes(), 16_384).unwrap()).unwrap();
    let candidates = issuer
        .keys
        .snapshot()
        .keys()
        .candidates(Some("bench"), Algorithm::ES256)
        .unwrap();
    let verified = issuer
        .profile
        .expectations
        .validate(
            parsed.into_signed(&candidates).unwrap(),
            SystemClock.now(),
            &mut (),
        )
        .unwrap();
    assert_eq!(
        claim_headers
            .render(&verified)
            .unwrap()
            .values
            .get(1)
            .unwrap(),
        ISSUER
    );
    criterion.bench_function("render", |bencher| {
        bencher.iter(|| claim_headers.render(black_box(&verified)).unwrap());
    });
}
