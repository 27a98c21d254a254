use std::sync::Arc;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::domain::{Field, OriginalRequest, RouteIndex};
use crate::extract::TokenSources;
use crate::policy::routes::{HostPattern, Methods, PathPattern, RoutePart};
use crate::policy::{Preflight, Rules};

fn route(name: &str, host: Option<&str>, path: Option<&str>, methods: &[&str]) -> Route {
    Route {
        name: RouteName::parse(name).unwrap(),
        host: host.map(|host| HostPattern::parse(host).unwrap()),
        path: path.map(|path| PathPattern::parse(path).unwrap()),
        methods: (!methods.is_empty()).then(|| Methods::parse(methods.iter().copied()).unwrap()),
        allow_path_parameters: false,
        index: RouteIndex::new(0),
        rules: Rules::authenticated(
            Arc::new(TokenSources::new(Vec::new(), 0)),
            Preflight::Judged,
        ),
    }
}

fn parts<'a>(method: &'a str, host: &'a str, uri: &'a str) -> RequestParts<'a> {
    let field = |text: &'a str| Field::Once(text.as_bytes());
    RequestParts::parse(&OriginalRequest {
        method: field(method),
        host: field(host),
        uri: field(uri),
    })
}

fn found<'t>(table: &'t RouteTable, request: &RequestParts<'_>) -> Result<&'t str, Reason> {
    table.find(request).map(|route| route.name.as_str())
}

/// Returns the result of a walk through all routes.
fn walked<'t>(table: &'t RouteTable, request: &RequestParts<'_>) -> Result<&'t str, Reason> {
    let decision = table
        .explain(request)
        .find(|(_, verdict)| !matches!(verdict, RouteVerdict::Differs(_)));
    match decision {
        None => Err(Reason::RouteDenied),
        Some((_, RouteVerdict::Refuses(_, reason))) => Err(reason),
        Some((route, _)) => Ok(route.name.as_str()),
    }
}

fn house() -> RouteTable {
    RouteTable::new(vec![
        route("health", None, Some("/healthz"), &[]),
        route(
            "admin",
            Some("*.example.com"),
            Some("/admin/**"),
            &["GET", "POST"],
        ),
        route("admin-else", Some("*.example.com"), Some("/admin/**"), &[]),
        route("user-keys", None, Some("/users/*/keys"), &["GET"]),
        route("me", None, Some("/users/me/**"), &[]),
        Route {
            allow_path_parameters: true,
            ..route("matrix", Some("m.example"), Some("/m/**"), &[])
        },
        route("app", Some("app.example"), None, &[]),
        route("get", None, None, &["GET"]),
    ])
    .unwrap()
}

#[test]
fn the_first_match_counts() {
    let table = house();
    for (method, host, uri, expected) in [
        ("GET", "x", "/healthz", Ok("health")),
        ("GET", "x", "/healthz?/admin", Ok("health")),
        ("POST", "A.Example.com:8443", "/%61dmin//users", Ok("admin")),
        ("HEAD", "a.b.example.com.", "/admin", Ok("admin-else")),
        ("HEAD", "example.com", "/admin", Err(Reason::RouteDenied)),
        ("GET", "x", "/users/me/keys", Ok("user-keys")),
        ("PUT", "x", "/users/me/keys", Ok("me")),
        ("PUT", "app.example", "/", Ok("app")),
        ("GET", "other", "/", Ok("get")),
        ("POST", "other", "/", Err(Reason::RouteDenied)),
    ] {
        assert_eq!(
            found(&table, &parts(method, host, uri)),
            expected,
            "{method} {host} {uri}"
        );
    }
}

#[test]
fn a_route_that_looks_at_what_is_not_known_refuses() {
    let blind_first = RouteTable::new(vec![
        route("head", None, None, &["HEAD"]),
        route("app", Some("app.example"), None, &[]),
        route("files", Some("b.example"), Some("/files/**"), &[]),
        route("rest", None, None, &[]),
    ]);
    let table = blind_first.unwrap();
    let (missing, ambiguous) = (
        Err(Reason::ForwardedHeadersMissing),
        Err(Reason::ForwardedHeadersAmbiguous),
    );
    let once = |text: &'static str| Field::Once(text.as_bytes());
    for (method, host, uri, expected) in [
        (once("GET"), once("app.example"), once("/a/../b"), Ok("app")),
        (once("GET"), once("b.example"), once("/a/../b"), ambiguous),
        (once("GET"), once("c.example"), once("/a/../b"), Ok("rest")),
        (once("GET"), once("b.example"), Field::Absent, missing),
        (once("GET"), once("b.example"), once("/files;x"), ambiguous),
        (once("HEAD"), Field::Repeated, Field::Absent, Ok("head")),
        (once("GET"), Field::Absent, once("/"), missing),
        (once("GET"), Field::Repeated, once("/"), ambiguous),
        (Field::Absent, once("c.example"), once("/"), missing),
    ] {
        let request = RequestParts::parse(&OriginalRequest { method, host, uri });
        assert_eq!(found(&table, &request), expected, "{request:?}");
    }
}

#[test]
fn parameters_are_for_routes_that_allow_them() {
    let allowed = || Route {
        allow_path_parameters: true,
        ..route("allowed", None, Some("/a/**"), &[])
    };
    let strict = || route("strict", None, Some("/b"), &[]);
    let table = RouteTable::new(vec![allowed(), strict()]).unwrap();
    assert_eq!(
        found(&table, &parts("GET", "x", "/a;v=1/b;w")),
        Ok("allowed")
    );
    assert_eq!(
        found(&table, &parts("GET", "x", "/c;v=1")),
        Err(Reason::ForwardedHeadersAmbiguous)
    );
    assert_eq!(
        found(&table, &parts("GET", "x", "/a/..;/b")),
        Err(Reason::ForwardedHeadersAmbiguous)
    );
    let table = RouteTable::new(vec![strict(), allowed()]).unwrap();
    assert_eq!(
        found(&table, &parts("GET", "x", "/a;v=1")),
        Err(Reason::ForwardedHeadersAmbiguous)
    );
}

#[test]
fn each_route_says_what_differs() {
    let table = house();
    let request = parts("PUT", "a.example.com", "/admin/x");
    let verdicts: Vec<_> = table
        .explain(&request)
        .map(|(_, verdict)| verdict)
        .collect();
    let [path, method, host] =
        [RoutePart::Path, RoutePart::Method, RoutePart::Host].map(RouteVerdict::Differs);
    assert_eq!(
        verdicts,
        [
            path,
            method,
            RouteVerdict::Matches,
            path,
            path,
            host,
            host,
            method
        ]
    );
}

#[test]
fn names_are_unique_and_found() {
    let again = ["a", "b", "a", "b", "a"]
        .map(|name| route(name, None, None, &[]))
        .to_vec();
    let taken = |first, again, name| RouteNameTaken {
        first: RouteIndex::new(first),
        again: RouteIndex::new(again),
        name: RouteName::parse(name).unwrap(),
    };
    assert_eq!(
        RouteTable::new(again).unwrap_err(),
        [taken(0, 2, "a"), taken(1, 3, "b"), taken(0, 4, "a")]
    );
    let table = house();
    assert_eq!(table.named("me").unwrap().name.as_str(), "me");
    assert!(table.named("Me").is_none() && table.named("").is_none());
}

#[test]
fn a_table_knows_whether_it_looks() {
    assert!(house().needs_request());
    let all = RouteTable::new(vec![route("all", None, None, &[])]).unwrap();
    assert!(!all.needs_request());
    assert_eq!(
        found(
            &RouteTable::new(Vec::new()).unwrap(),
            &parts("GET", "x", "/")
        ),
        Err(Reason::RouteDenied)
    );
}

fn any_route() -> impl Strategy<Value = (Option<String>, Option<String>, Vec<&'static str>, bool)> {
    let host = "(\\*\\.)?[ab](\\.[ab]){0,2}";
    let path = "(/(a|b|\\*|a\\*|\\*b)){0,3}/(a|\\*|\\*\\*)?";
    let methods = prop_oneof![Just(vec![]), Just(vec!["GET"]), Just(vec!["GET", "PUT"])];
    (option::of(host), option::of(path), methods, any::<bool>())
}

fn any_method() -> impl Strategy<Value = &'static str> {
    prop_oneof![4 => Just("GET"), 2 => Just("PUT"), 1 => Just("POST"), 1 => Just("")]
}

fn any_table() -> impl Strategy<Value = RouteTable> {
    let numbered = |(number, (host, path, methods, allow_path_parameters)): (
        usize,
        (Option<String>, Option<String>, Vec<_>, _),
    )| {
        let route = route(
            &format!("r{number}"),
            host.as_deref(),
            path.as_deref(),
            &methods,
        );
        Route {
            allow_path_parameters,
            ..route
        }
    };
    vec(any_route(), 0..12).prop_map(move |routes| {
        RouteTable::new(routes.into_iter().enumerate().map(numbered).collect()).unwrap()
    })
}

/// Returns the routes that are not reached, and those that cover them.
fn unreached(routes: Vec<Route>) -> Vec<String> {
    RouteTable::new(routes)
        .unwrap()
        .unreached()
        .iter()
        .map(|unreached| {
            let behind: Vec<_> = unreached
                .behind
                .iter()
                .map(|earlier| earlier.name.as_str())
                .collect();
            format!("{} behind {}", unreached.name, behind.join(", "))
        })
        .collect()
}

#[test]
fn a_route_behind_one_for_all_that_it_is_for_is_not_reached() {
    let all = || ("all", None, None, &[][..]);
    for (earlier, later, expected) in [
        (vec![all()], all(), true),
        (
            vec![all()],
            ("x", Some("a.example"), Some("/admin/**"), &["GET"][..]),
            true,
        ),
        (
            vec![("e", None, Some("/**"), &[])],
            ("x", Some("a.example"), None, &["GET"]),
            true,
        ),
        (vec![("e", None, Some("/"), &[])], all(), false),
        (vec![("e", None, None, &["GET"])], all(), false),
        (vec![("e", Some("a.example"), None, &[])], all(), false),
        (
            vec![("e", Some("a.example"), None, &[])],
            ("x", Some("A.example."), None, &[]),
            true,
        ),
        (
            vec![("e", Some("a.example"), None, &[])],
            ("x", Some("*.a.example"), None, &[]),
            false,
        ),
        (
            vec![("e", Some("*.a.example"), None, &[])],
            ("x", Some("a.example"), None, &[]),
            false,
        ),
        (
            vec![("e", Some("*.a.example"), None, &[])],
            ("x", Some("b.a.example"), None, &[]),
            true,
        ),
        (
            vec![("e", Some("*.a.example"), None, &[])],
            ("x", Some("*.a.example"), None, &[]),
            true,
        ),
        (
            vec![("e", Some("*.a.example"), None, &[])],
            ("x", Some("*.c.b.a.example"), None, &[]),
            true,
        ),
        (
            vec![("e", Some("*.b.example"), None, &[])],
            ("x", Some("*.example"), None, &[]),
            false,
        ),
        (
            vec![("e", Some("*.a.example"), None, &[])],
            ("x", Some("ba.example"), None, &[]),
            false,
        ),
        (
            vec![("e", None, Some("/a/**"), &[])],
            ("x", None, Some("/a"), &[]),
            true,
        ),
        (
            vec![("e", None, Some("/a/**"), &[])],
            ("x", None, Some("/a/*/b/**"), &[]),
            true,
        ),
        (
            vec![("e", None, Some("/a/**"), &[])],
            ("x", None, Some("/**"), &[]),
            false,
        ),
        (
            vec![("e", None, Some("/a/b/**"), &[])],
            ("x", None, Some("/a/**"), &[]),
            false,
        ),
        (
            vec![("e", None, Some("/a"), &[])],
            ("x", None, Some("/a/"), &[]),
            false,
        ),
        (
            vec![("e", None, Some("/a/*"), &[])],
            ("x", None, Some("/a/"), &[]),
            false,
        ),
        (
            vec![("e", None, Some("/a/*"), &[])],
            ("x", None, Some("/a/b"), &[]),
            true,
        ),
        (
            vec![("e", None, Some("/a/*"), &[])],
            ("x", None, Some("/a/b/**"), &[]),
            false,
        ),
        (
            vec![("e", None, Some("/*/b"), &[])],
            ("x", None, Some("/a*/b"), &[]),
            true,
        ),
        (
            vec![("e", None, Some("/a*c"), &[])],
            ("x", None, Some("/ab*bc"), &[]),
            true,
        ),
        (
            vec![("e", None, Some("/ab*bc"), &[])],
            ("x", None, Some("/a*c"), &[]),
            false,
        ),
        (
            vec![("e", None, Some("/ab*bc"), &[])],
            ("x", None, Some("/abc"), &[]),
            false,
        ),
        (
            vec![("e", None, Some("/a"), &[])],
            ("x", None, Some("/*"), &[]),
            false,
        ),
        (
            vec![("e", None, None, &["GET", "PUT"])],
            ("x", None, None, &["PUT"]),
            true,
        ),
        (
            vec![("e", None, None, &["GET"])],
            ("x", None, None, &["GET", "HEAD"]),
            false,
        ),
        (
            vec![
                ("e", None, None, &["HEAD", "PUT"]),
                ("f", None, None, &["GET"]),
            ],
            ("x", None, None, &["GET", "HEAD"]),
            true,
        ),
        (
            vec![
                ("e", None, Some("/a"), &["HEAD"]),
                ("f", None, None, &["GET"]),
            ],
            ("x", None, None, &["GET", "HEAD"]),
            false,
        ),
    ] {
        let behind: Vec<_> = earlier.iter().map(|(name, ..)| *name).collect();
        let made = |(name, host, path, methods)| route(name, host, path, methods);
        let later = Route {
            name: RouteName::parse("later").unwrap(),
            ..made(later)
        };
        let routes: Vec<_> = earlier
            .into_iter()
            .map(made)
            .chain([later.clone()])
            .collect();
        let expected = expected.then(|| format!("later behind {}", behind.join(", ")));
        assert_eq!(unreached(routes), Vec::from_iter(expected), "{later:?}");
    }
}

#[test]
fn the_first_that_takes_all_is_named() {
    let names = ["a", "b", "c"]
        .map(|name| route(name, None, None, &[]))
        .to_vec();
    assert_eq!(unreached(names), ["b behind a", "c behind a"]);
    assert_eq!(
        unreached(house().iter().cloned().collect()),
        Vec::<String>::new()
    );
    // One that takes parameters is in front of one that does not, and the other way round: what
    // the first refuses does not come to the second.
    let allowed = || Route {
        allow_path_parameters: true,
        ..route("allowed", None, Some("/a/**"), &[])
    };
    let strict = || route("strict", None, Some("/a/**"), &[]);
    assert_eq!(
        unreached(vec![allowed(), strict()]),
        ["strict behind allowed"]
    );
    assert_eq!(
        unreached(vec![strict(), allowed()]),
        ["allowed behind strict"]
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_search_finds_what_the_walk_finds(
        table in any_table(),
        method in any_method(),
        host in "[ab](\\.[ab]){0,3}|",
        uri in "(/(a|b|ab|a;b|%61|%2e)?){1,4}",
    ) {
        let request = parts(method, &host, &uri);
        prop_assert_eq!(found(&table, &request), walked(&table, &request));
    }

    #[test]
    fn no_request_comes_to_a_route_that_is_not_reached(
        table in any_table(),
        requests in vec((any_method(), "[ab](\\.[ab]){0,3}|", "(/(a|b|ab|a;b|%61|%2e)?){1,4}"), 1..32),
    ) {
        let unreached = table.unreached();
        for (method, host, uri) in &requests {
            if let Ok(name) = found(&table, &parts(method, host, uri)) {
                prop_assert!(unreached.iter().all(|route| route.name.as_str() != name), "{} {} {}", method, host, uri);
            }
        }
    }

    #[test]
    fn a_route_that_earlier_ones_take_is_found_out(table in any_table(), number in any::<proptest::sample::Index>()) {
        let mut routes: Vec<_> = table.iter().cloned().collect();
        let Some(last) = (!routes.is_empty()).then(|| number.get(&routes).clone()) else { return Ok(()) };
        routes.push(Route { name: RouteName::parse("again").unwrap(), ..last });
        let unreached = RouteTable::new(routes).unwrap().unreached();
        prop_assert!(unreached.iter().any(|route| route.name.as_str() == "again"));
    }

    #[test]
    fn however_a_path_is_written_it_takes_the_same_route(
        table in any_table(),
        path in "(/[ab]{1,2}){1,4}",
        choices in vec(any::<bool>(), 16),
    ) {
        let written: String = path.chars().zip(choices.iter().cycle()).map(|(character, encode)| match character {
            '/' if *encode => "//".to_owned(),
            letter if *encode && letter != '/' => format!("%{:02X}", u32::from(letter)),
            plain => plain.to_string(),
        }).collect();
        prop_assert_eq!(found(&table, &parts("GET", "a", &path)), found(&table, &parts("GET", "a", &written)));
    }
}
