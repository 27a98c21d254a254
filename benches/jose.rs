//! What parsing a token costs.

use std::hint::black_box;

use crate::support::{key, token};
use criterion::Criterion;
use doorward::domain::BearerToken;
use doorward::jose::{Algorithm, CompactJws};

fn bearer(token: &str) -> BearerToken<'_> {
    BearerToken::parse(token.as_bytes(), 16_384).unwrap()
}

pub fn parse(criterion: &mut Criterion) {
    let token = token(&key(Algorithm::RS256));
    assert!((880..920).contains(&token.len()), "{} bytes", token.len());
    criterion.bench_function("parse", |bencher| {
        bencher.iter(|| CompactJws::parse(bearer(black_box(&token))).unwrap());
    });
}
