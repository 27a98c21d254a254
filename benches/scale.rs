//! What a decision about a known token costs with few and with very many issuers and routes, and
//! with a condition.

use std::fmt::Write;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion};
use doorward::config::{Configuration, Source};
use doorward::domain::{Field, ForwardedRequest, OriginalRequest};
use doorward::gate::{DecisionRecord, Gate};
use doorward::jose::{Algorithm, SigningKey};
use serde_json::json;

use crate::support::{Authorization, ISSUER, gate, key, ready, token};

pub fn issuers(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("issuers");
    let key = key(Algorithm::RS256);
    let authorization = Authorization::bearer(&token(&key));
    for issuers in [1, 100, 1_000] {
        let gate = gate(configuration(&key, issuers, ""));
        let request = authorization.request();
        decide(&gate, &request);
        group.bench_function(BenchmarkId::from_parameter(issuers), |bencher| {
            bencher.iter(|| decide(&gate, black_box(&request)));
        });
    }
}

/// Each round asks for the last exact path, the last tree, the last star and the last host: a
/// quarter each.
pub fn routes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("routes");
    let key = key(Algorithm::RS256);
    let authorization = Authorization::bearer(&token(&key));
    for routes in [4, 100, 1_000, 10_000] {
        let gate = gate(configuration(&key, 1, &routing(routes)));
        let last = routes - 4;
        let asked = [
            (
                "api.example.com".to_owned(),
                format!("/v1/exact-{last}/status"),
            ),
            (
                "api.example.com".to_owned(),
                format!("/v1/tree-{}/a/b/c?d=e", last + 1),
            ),
            (
                "api.example.com".to_owned(),
                format!("/v1/star-{}/alice/keys", last + 2),
            ),
            (
                format!("tenant-{}.example.com", last + 3),
                "/v1/anything".to_owned(),
            ),
        ];
        let requests = asked
            .each_ref()
            .map(|(host, uri)| described(&authorization, host, uri));
        for request in &requests {
            decide(&gate, request);
        }
        group.bench_function(BenchmarkId::new("four decisions", routes), |bencher| {
            bencher.iter(|| {
                for request in &requests {
                    decide(&gate, black_box(request));
                }
            });
        });
    }
}

pub fn condition(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("condition");
    let key = key(Algorithm::RS256);
    let authorization = Authorization::bearer(&token(&key));
    let request = described(&authorization, "api.example.com", "/v1/alice/keys");
    for (what, require) in [
        ("none", "{}"),
        (
            "claim",
            "{claims: [{claim: groups, contains: engineering}]}",
        ),
        ("comparison", "{when: \"claims.client_id == 'bench'\"}"),
        (
            "request",
            "{when: \"claims.sub == request.path.split('/')[2]\"}",
        ),
        (
            "loop",
            "{when: \"claims.groups.exists(group, group == 'on-call')\"}",
        ),
        (
            "pattern",
            "{when: \"claims.email.matches('@example[.]com$')\"}",
        ),
    ] {
        let gate = gate(configuration(
            &key,
            1,
            &format!("routes:\n  - {{name: all, require: {require}, match: {{}}}}\n"),
        ));
        decide(&gate, &request);
        group.bench_function(what, |bencher| {
            bencher.iter(|| decide(&gate, black_box(&request)));
        });
    }
}

/// A quarter each: exact paths, trees, one star, hosts of their own.
fn routing(routes: usize) -> String {
    (0..routes).fold("routes:\n".to_owned(), |mut file, number| {
        let matched = match number % 4 {
            0 => format!("path: '/v1/exact-{number}/status'"),
            1 => format!("path: '/v1/tree-{number}/**'"),
            2 => format!("path: '/v1/star-{number}/*/keys'"),
            _ => format!("host: tenant-{number}.example.com"),
        };
        writeln!(file, "  - {{name: route-{number}, match: {{{matched}}}}}").unwrap();
        file
    })
}

/// As many issuers, of which the last is the one that the tokens are from.
fn configuration(key: &SigningKey, issuers: usize, more: &str) -> Configuration {
    let jwks = json!({"keys": [key.to_public_jwk(None)]}).to_string();
    let others = (1..issuers).map(|number| format!("https://issuer-{number}.example"));
    let entries = others
        .chain([ISSUER.to_owned()])
        .enumerate()
        .map(|(number, issuer)| {
            format!(
                "  - {{name: i{number}, issuer: '{issuer}', audience: [bench], jwks: '{jwks}'}}\n"
            )
        });
    let file = format!(
        "proxy: traefik\nissuers:\n{}{more}",
        entries.collect::<String>()
    );
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("doorward.yaml");
    std::fs::write(&path, file).unwrap();
    Source::new(Some(path), []).read().unwrap()
}

fn described<'a>(
    authorization: &'a Authorization,
    host: &'a str,
    uri: &'a str,
) -> ForwardedRequest<'a> {
    let field = |text: &'a str| Field::Once(text.as_bytes());
    let original = OriginalRequest {
        method: field("GET"),
        host: field(host),
        uri: field(uri),
    };
    ForwardedRequest {
        original,
        peer_trusted: true,
        ..authorization.request()
    }
}

/// Decides about a request that must pass.
fn decide(gate: &Gate, request: &ForwardedRequest<'_>) {
    let mut record = DecisionRecord::default();
    black_box(ready(gate.decide(request, &mut record))).unwrap();
}
