//! What finding the route of a request costs, with few and with very many routes.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion};
use doorward::domain::{Field, OriginalRequest, RequestParts, RouteIndex};
use doorward::extract::TokenSources;
use doorward::policy::{HostPattern, PathPattern, Preflight, Route, RouteName, RouteTable, Rules};

/// A quarter each: exact paths, trees, one star, hosts of their own.
pub fn find(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("routes/find");
    for routes in [8, 1_000, 10_000] {
        let table = RouteTable::new((0..routes).map(route).collect()).unwrap();
        let last = routes - 4;
        for (what, host, uri) in [
            (
                "exact",
                "api.example.com".to_owned(),
                format!("/v1/exact-{last}/status"),
            ),
            (
                "tree",
                "api.example.com".to_owned(),
                format!("/v1/tree-{}/a/b/c?d=e", last + 1),
            ),
            (
                "star",
                "api.example.com".to_owned(),
                format!("/v1/star-{}/alice/keys", last + 2),
            ),
            (
                "host",
                format!("tenant-{}.example.com", last + 3),
                "/v1/anything".to_owned(),
            ),
            (
                "encoded",
                "API.example.com:8443".to_owned(),
                format!("//v1/%65xact-{last}/status"),
            ),
            (
                "none",
                "api.example.com".to_owned(),
                "/v2/nothing".to_owned(),
            ),
        ] {
            let (host, uri) = (Field::Once(host.as_bytes()), Field::Once(uri.as_bytes()));
            let original = OriginalRequest {
                method: Field::Once(b"GET"),
                host,
                uri,
            };
            assert_eq!(
                table.find(&RequestParts::parse(&original)).is_ok(),
                what != "none",
                "{what}"
            );
            group.bench_function(BenchmarkId::new(what, routes), |bencher| {
                bencher.iter(|| {
                    table
                        .find(&RequestParts::parse(black_box(&original)))
                        .is_ok()
                });
            });
        }
    }
}

fn route(number: usize) -> Route {
    let (host, path) = match number % 4 {
        0 => (None, Some(format!("/v1/exact-{number}/status"))),
        1 => (None, Some(format!("/v1/tree-{number}/**"))),
        2 => (None, Some(format!("/v1/star-{number}/*/keys"))),
        _ => (Some(format!("tenant-{number}.example.com")), None),
    };
    Route {
        name: RouteName::parse(&format!("route-{number}")).unwrap(),
        host: host.map(|host| HostPattern::parse(&host).unwrap()),
        path: path.map(|path| PathPattern::parse(&path).unwrap()),
        methods: None,
        allow_path_parameters: false,
        index: RouteIndex::new(number),
        rules: Rules::authenticated(
            Arc::new(TokenSources::new(Vec::new(), 0)),
            Preflight::Judged,
        ),
    }
}
