//! Mistakes in routes.

use super::{Mistake, made};

fn route(name: &'static str, route: &str) -> Mistake {
    let file = format!("proxy: traefik\nroutes:\n- {route}\n");
    Mistake::checking(name).beside_good().file(file)
}

#[test]
fn of_routes() {
    let told = made(vec![
        route("no match", "{name: a}"),
        route("no name", "{match: {}}"),
        route("a name with a blank", "{name: 'a b', match: {}}"),
        route("a path without slash", "{name: a, match: {path: admin}}"),
        route(
            "a regular expression as path",
            "{name: a, match: {path: '/admin/.*'}}",
        ),
        route("stars in the middle", "{name: a, match: {path: '/**/x'}}"),
        route("a query in the path", "{name: a, match: {path: '/a?b=c'}}"),
        route(
            "a URL as host",
            "{name: a, match: {host: 'https://a.example'}}",
        ),
        route(
            "a method in small letters",
            "{name: a, match: {methods: [get]}}",
        ),
        route(
            "a method that is none",
            "{name: a, match: {methods: ['GET,POST']}}",
        ),
        route("an unknown access", "{name: a, match: {}, access: public}"),
        route(
            "an issuer that is not there",
            "{name: a, match: {}, issuers: [other]}",
        ),
        route(
            "a rule where no token is read",
            "{name: a, match: {}, access: anonymous, require: {scopes: [x]}}",
        ),
        route("an empty rule", "{name: a, match: {}, require: {}}"),
        route(
            "a rule that is none",
            "{name: a, match: {}, require: {roles: [admin]}}",
        ),
        route(
            "a claim without rule",
            "{name: a, match: {}, require: {claims: [{claim: tenant}]}}",
        ),
        route(
            "a condition that does not parse",
            "{name: a, match: {}, require: {when: 'claims.tenant =='}}",
        ),
        route(
            "a condition of no truth value",
            "{name: a, match: {}, require: {when: 'claims.tenant + 1'}}",
        ),
        route(
            "an unknown name in a condition",
            "{name: a, match: {}, require: {when: 'claim.tenant == \"a\"'}}",
        ),
        route(
            "a broken pattern",
            "{name: a, match: {}, require: {claims: [{claim: a, matches: '['}]}}",
        ),
        route(
            "a name twice",
            "{name: a, match: {path: /a}}\n- {name: a, match: {path: /b}}",
        ),
        route(
            "a route that is never reached",
            "{name: a, match: {}}\n- {name: b, match: {path: /b}}",
        ),
    ]);
    insta::assert_snapshot!("routes", told);
}
