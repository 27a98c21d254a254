//! All micro-benchmarks, in one binary. `make bench` measures the running service instead.
#![allow(clippy::disallowed_methods)] // of the service
#![allow(clippy::unwrap_used, missing_docs)]
// A benchmark has no outside, so `pub` says only "for the neighbours".
#![allow(unreachable_pub)]

mod gate;
mod jose;
mod routes;
mod scale;
mod support;

use criterion::{criterion_group, criterion_main};

criterion_group!(
    benches,
    jose::parse,
    gate::render,
    gate::cached,
    routes::find,
    scale::issuers,
    scale::routes,
    scale::condition
);
criterion_main!(benches);
