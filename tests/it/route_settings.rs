//! Routes in the configuration file: what operators are told when they are wrong.

use crate::support::TestGate;

const ISSUERS: &str = "
issuers:
  - {name: main, issuer: 'https://idp.example', audience: [api]}
  - {name: strict, issuer: 'https://strict.example', audience: [api], token_type: at+jwt}
";

/// Everything that is wrong with routes of these, behind this proxy.
fn problems(proxy: &str, routes: &str) -> String {
    let file = format!("proxy: {proxy}\n{}\nroutes:\n{routes}", ISSUERS.trim());
    TestGate::new()
        .file(file)
        .configuration()
        .map(drop)
        .unwrap_err()
}

#[test]
fn problems_of_matches_are_told() {
    let told = problems(
        "traefik",
        "  - {name: a, match: {host: 'a.example:80', path: admin/**, methods: [get]}}
  - {name: b, match: {host: '**.example', path: /a/**/b, methods: []}}
  - {name: c, match: {path: /a*b*c}}
  - {name: d, match: {path: /a/./b}}
  - {name: e, match: {path: /%61dmin, pth: /x}}
  - {name: f, match: /admin}
  - {name: g, match: {path: '/a?b'}}
  - {name: h, match: {path: '/a//b'}}
",
    );
    insta::assert_snapshot!(told, @r#"
    doorward.yaml:6:23: routes[0].match.host: "a.example:80": not a host name (write `app.example.com` or `*.example.com`, without a port; leave it out for all hosts)
    doorward.yaml:6:45: routes[0].match.path: "admin/**": does not start with `/` (write the whole path, like `/admin/**`)
    doorward.yaml:6:61: routes[0].match.methods: not a list of methods (write at least one method in capitals, or leave it out for all methods)
    doorward.yaml:7:23: routes[1].match.host: "**.example": not a host name (write `app.example.com` or `*.example.com`, without a port; leave it out for all hosts)
    doorward.yaml:7:43: routes[1].match.path: "/a/**/b": `**` in another place than the end (end the pattern with `/**`, or use `*` for one segment)
    doorward.yaml:7:58: routes[1].match.methods: an empty list (give at least one)
    doorward.yaml:8:23: routes[2].match.path: "/a*b*c": more than one `*` in a segment (use one `*`, which is any text inside a segment)
    doorward.yaml:9:23: routes[3].match.path: "/a/./b": a segment that ends in a dot or a blank (no request with such a path gets as far as this)
    doorward.yaml:10:23: routes[4].match.path: "/%61dmin": percent-encoding (write the character itself, paths are compared decoded)
    doorward.yaml:10:39: routes[4].match.pth: unknown setting (did you mean path?)
    doorward.yaml:11:15: routes[5].match: not a mapping (write name: value)
    doorward.yaml:12:23: routes[6].match.path: "/a?b": the character '?' (only `*` and `/**` are special, and paths have no query here)
    doorward.yaml:13:23: routes[7].match.path: "/a//b": an empty segment (requests with `//` are matched as if it were `/`)
    "#);
}

#[test]
fn problems_of_routes_are_told() {
    let told = problems(
        "traefik",
        "  - {match: {path: /x}}
  - {name: none, match: {}}
  - {name: a b, match: {}}
  - {name: twin, match: {}}
  - {name: twin, acces: denied, access: nobody, issuers: [mian], token_sources: [body], audience: [a, '*'], match: {}}
  - {name: c, access: anonymous, require: {scopes: [x]}, audience: [api], match: {}}
  - {name: d, audience: ['*'], match: {}}
  - {name: closed, access: denied, report_only: true, allow_preflight: true, match: {}}
  - {name: open, access: anonymous, report_only: true, allow_preflight: false, match: {}}
  - {name: e, denials: {token_mising: {status: 400}}, allow_preflight: yes, allow_path_parameters: 1, report_only: maybe, match: {}}
  - {name: f, access: anonymous}
  - {name: g, resource_metadata: ftp://x, match: {}}
  - {name: h, access: denied, resource_metadata: 'https://api.example/x', match: {}}
  - text
",
    );
    insta::assert_snapshot!(told, @r#"
    doorward.yaml:6:5: routes[0].name: missing (give it a name, such as admin)
    doorward.yaml:7:6: routes[1].name: "none": `none` is no name: in metrics it stands for requests without a route (choose another name)
    doorward.yaml:8:6: routes[2].name: "a b": not 1 to 64 letters, digits, `-`, `_` and `.` with a letter or digit first (it is a part of a URL and of metrics: write a name such as admin-api)
    doorward.yaml:10:18: routes[4].acces: unknown setting (did you mean access?)
    doorward.yaml:10:33: routes[4].access: "nobody" is not understood (write one of anonymous, optional, authenticated, denied)
    doorward.yaml:10:59: routes[4].issuers[0]: no issuer is called "mian" (there is main, strict)
    doorward.yaml:10:82: routes[4].token_sources[0]: "body" is not understood (write bearer, basic, header:NAME, header:NAME:SCHEME, cookie:NAME, query:NAME or websocket)
    doorward.yaml:10:89: routes[4].audience: `*` beside other audiences (`*` stands alone)
    doorward.yaml:11:34: routes[5].require: has no effect where tokens are not looked at (leave it out, or change `access`)
    doorward.yaml:11:58: routes[5].audience: has no effect where tokens are not looked at (leave it out, or change `access`)
    doorward.yaml:12:15: routes[6].audience: `*` beside an issuer with token_type at+jwt, which demands an audience (name the audiences of this route)
    doorward.yaml:13:36: routes[7].report_only: has no effect where tokens are not looked at (leave it out, or change `access`)
    doorward.yaml:13:55: routes[7].allow_preflight: has no effect where tokens are not looked at (leave it out, or change `access`)
    doorward.yaml:14:37: routes[8].report_only: has no effect where tokens are not looked at (leave it out, or change `access`)
    doorward.yaml:14:56: routes[8].allow_preflight: has no effect where tokens are not looked at (leave it out, or change `access`)
    doorward.yaml:15:25: routes[9].denials: "token_mising" is no reason code (did you mean token_missing?)
    doorward.yaml:15:55: routes[9].allow_preflight: "yes" is not understood (write true or false)
    doorward.yaml:15:77: routes[9].allow_path_parameters: "1" is not understood (write true or false)
    doorward.yaml:15:103: routes[9].report_only: "maybe" is not understood (write true or false)
    doorward.yaml:16:5: routes[10].match: missing (write match: {} for every request)
    doorward.yaml:17:15: routes[11].resource_metadata: "ftp://x" is not understood (write an https URL)
    doorward.yaml:18:31: routes[12].resource_metadata: has no effect where tokens are not looked at (leave it out, or change `access`)
    doorward.yaml:19:5: routes[13]: not a mapping (write name: value)
    "#);
    let names = ["twin", "other", "twin", "other", "twin"]
        .map(|name| format!("  - {{name: {name}, match: {{}}}}\n"));
    insta::assert_snapshot!(problems("traefik", &names.concat()), @"
    doorward.yaml:8:5: routes[2]: is called twin, as routes[0] is (give each route a name of its own)
    doorward.yaml:9:5: routes[3]: is called other, as routes[1] is (give each route a name of its own)
    doorward.yaml:10:5: routes[4]: is called twin, as routes[0] is (give each route a name of its own)
    ");
}

#[test]
fn a_guarded_route_behind_an_open_one_is_an_error() {
    let told = problems(
        "traefik",
        "  - {name: health, match: {path: /healthz}, access: anonymous}
  - {name: site, match: {host: '*.example'}, access: optional}
  - {name: login, match: {path: '/login/**', methods: [GET]}, access: anonymous}
  - {name: login-form, match: {path: '/login/**', methods: [POST]}}
  - {name: admin, match: {host: app.example, path: '/admin/**'}, require: {scopes: [admin]}}
  - {name: logins, match: {path: '/login/*', methods: [POST, GET]}}
  - {name: internal, match: {host: '*.b.example'}, access: denied}
  - {name: other, match: {host: '*.b.example'}, access: anonymous}
  - {name: health-too, match: {path: /healthz, methods: [GET]}}
  - {name: key-list, match: {path: /keys, methods: [GET]}, access: anonymous}
  - {name: key-tree, match: {path: '/keys/**'}}
  - {name: keys, match: {path: /keys, methods: [GET, POST]}, require: {scopes: [keys]}}
  - {name: rest, match: {}, access: denied}
",
    );
    insta::assert_snapshot!(told, @r"
    doorward.yaml:10:5: routes[4]: admin is never reached by matching: routes[1] site (optional) takes every request first (so they pass without a token: put it in front, or let the earlier match less)
    doorward.yaml:11:5: routes[5]: logins is never reached by matching: routes[2] login (anonymous) and routes[3] login-form (authenticated) take every request first (so they pass without a token: put it in front, or let the earlier match less)
    doorward.yaml:12:5: routes[6]: internal is never reached by matching: routes[1] site (optional) takes every request first (so they pass without a token: put it in front, or let the earlier match less)
    doorward.yaml:14:5: routes[8]: health-too is never reached by matching: routes[0] health (anonymous) takes every request first (so they pass without a token: put it in front, or let the earlier match less)
    doorward.yaml:17:5: routes[11]: keys is never reached by matching: routes[9] key-list (anonymous) and routes[10] key-tree (authenticated) take every request first (so they pass without a token: put it in front, or let the earlier match less)
    ");
}

#[test]
fn what_asks_for_nothing_is_an_error() {
    let told = problems(
        "traefik",
        "  - {name: a, match: {path: /a}, require: {}}
  - {name: b, match: {path: /b, methods: []}}
  - {name: c, match: {path: /c}, issuers: []}
  - {name: d, match: {path: /d}, audience: []}
  - {name: e, match: {path: /e}, token_sources: []}
  - {name: f, match: {path: /f}, require: {scopes: []}}
  - {name: g, match: {path: /g}, require: {any_scope: []}}
  - {name: h, match: {path: /h}, require: {claims: []}}
  - {name: i, match: {path: /i}, require: {claims: [{claim: x, one_of: []}]}}
  - {name: j, match: {path: /j}, require: {when: ''}}
  - {name: k, match: {path: /k}, require: null}
",
    );
    insta::assert_snapshot!(told, @r#"
    doorward.yaml:6:34: routes[0].require: an empty mapping (write what it is to ask for, or leave it out)
    doorward.yaml:7:33: routes[1].match.methods: an empty list (give at least one)
    doorward.yaml:8:34: routes[2].issuers: an empty list (give at least one)
    doorward.yaml:9:34: routes[3].audience: an empty list (give at least one)
    doorward.yaml:10:34: routes[4].token_sources: an empty list (give at least one)
    doorward.yaml:11:44: routes[5].require.scopes: an empty list (give at least one)
    doorward.yaml:12:44: routes[6].require.any_scope: an empty list (give at least one)
    doorward.yaml:13:44: routes[7].require.claims: an empty list (give at least one)
    doorward.yaml:14:64: routes[8].require.claims[0].one_of: not a list of values (write [a, b])
    doorward.yaml:15:44: routes[9].require.when: mismatched input '<EOF>' at line 1, column 1 (write an expression in CEL, such as claims.tenant == request.host)
    doorward.yaml:16:34: routes[10].require: no value (write one, or leave the name out; the text is "null", in quotes)
    "#);
    for list in [
        "routes: []",
        "issuers: []",
        "audience: []",
        "required_scopes: []",
        "required_claims: []",
        "algorithms: []",
    ] {
        let general = [
            ("issuer", "issuer: https://idp.example\n"),
            ("audience", "audience: api\n"),
        ];
        let own = list.split(':').next().unwrap();
        let general = general
            .iter()
            .filter(|(name, _)| *name != own && own != "issuers")
            .map(|(_, line)| *line);
        let file: String = general.chain([list, "\n"]).collect();
        let told = TestGate::new()
            .file(file)
            .configuration()
            .map(drop)
            .unwrap_err();
        assert!(
            told.contains(&format!("{own}: an empty list (give at least one)")),
            "{told}"
        );
    }
}

#[test]
fn problems_of_requirements_are_told() {
    let told = problems(
        "traefik",
        r#"  - {name: a, require: [admin], match: {}}
  - {name: b, require: {scope: [x], scopes: ['a"b'], any_scope: []}, match: {}}
  - {name: c, require: {claims: [{claim: x}, {equals: 1}, {claim: x, equals: 1, exists: true}]}, match: {}}
  - {name: d, require: {claims: [{claim: $, exists: true}, {claim: a., exists: false}]}, match: {}}
  - {name: e, require: {claims: [{claim: x, equals: [a]}, {claim: x, one_of: a}, {claim: x, contains: {a: b}}]}, match: {}}
  - {name: f, require: {claims: [{claim: x, matches: '(a'}, {claim: x, matches: '(?=a)'}, {claim: x, like: a}]}, match: {}}
  - {name: g, require: {claims: {claim: x, exists: true}}, match: {}}
"#,
    );
    insta::assert_snapshot!(told, @r#"
    doorward.yaml:6:15: routes[0].require: not a mapping (write name: value)
    doorward.yaml:7:25: routes[1].require.scope: unknown setting (did you mean scopes?)
    doorward.yaml:7:46: routes[1].require.scopes[0]: "a\"b" is no scope (RFC 6749 section 3.3) (separate scopes by commas)
    doorward.yaml:7:54: routes[1].require.any_scope: an empty list (give at least one)
    doorward.yaml:8:35: routes[2].require.claims[0].claim: not one rule for the claim (write exactly one of exists, equals, one_of, contains and matches)
    doorward.yaml:8:46: routes[2].require.claims[1].claim: missing (name a claim, such as realm_access.roles)
    doorward.yaml:8:60: routes[2].require.claims[2].claim: not one rule for the claim (write exactly one of exists, equals, one_of, contains and matches)
    doorward.yaml:9:35: routes[3].require.claims[0].claim: `$` is all claims, of which no rule speaks (name a claim)
    doorward.yaml:9:61: routes[3].require.claims[1].claim: "a.": an empty segment in a claim path (write a path such as realm_access.roles; quote a segment that has a dot in it)
    doorward.yaml:9:72: routes[3].require.claims[1].exists: a claim that must not be there is no requirement (write true, or leave it out)
    doorward.yaml:10:45: routes[4].require.claims[0].equals: not a single value (write a text, a number, true or false)
    doorward.yaml:10:70: routes[4].require.claims[1].one_of: not a list of values (write [a, b])
    doorward.yaml:10:93: routes[4].require.claims[2].contains: not a single value (write a text, a number, true or false)
    doorward.yaml:11:45: routes[5].require.claims[0].matches: "(a": unclosed group (write a regular expression for the whole text)
    doorward.yaml:11:72: routes[5].require.claims[1].matches: "(?=a)": look-around, including look-ahead and look-behind, is not supported (write a regular expression for the whole text)
    doorward.yaml:11:92: routes[5].require.claims[2].claim: not one rule for the claim (write exactly one of exists, equals, one_of, contains and matches)
    doorward.yaml:11:102: routes[5].require.claims[2].like: unknown setting (there is claim, exists, equals, one_of, contains, matches)
    doorward.yaml:12:25: routes[6].require.claims: not a list (write [a, b], or a line with - for each)
    "#);
}

#[test]
fn problems_of_conditions_are_told() {
    let long = format!("claims.sub == '{}'", "x".repeat(2048));
    let deep = format!("{}true{}", "(".repeat(17), ")".repeat(17));
    let chain = format!("size([{}1]) == 1", "1+".repeat(70));
    let told = problems(
        "traefik",
        &format!(
            r#"  - {{name: a, require: {{when: 'claims.sub ='}}, match: {{}}}}
  - {{name: b, require: {{when: 'claims.sub == "a" &&'}}, match: {{}}}}
  - {{name: c, require: {{when: 'claim.sub == request.url'}}, match: {{}}}}
  - {{name: d, require: {{when: 'request.url == "x"'}}, match: {{}}}}
  - {{name: e, require: {{when: 'claims.sub.toLower() == "x"'}}, match: {{}}}}
  - {{name: f, require: {{when: 'claims.a.all(x, claims.b.exists(y, x == y))'}}, match: {{}}}}
  - {{name: g, require: {{when: 'claims.a.matches(claims.b)'}}, match: {{}}}}
  - {{name: h, require: {{when: 'claims.a.matches("(a")'}}, match: {{}}}}
  - {{name: i, require: {{when: 'claims.a.replace("a", claims.b) == ""'}}, match: {{}}}}
  - {{name: j, require: {{when: 'claims.a.all(now, now == 1)'}}, match: {{}}}}
  - {{name: k, require: {{when: "{long}"}}, match: {{}}}}
  - {{name: l, require: {{when: "{deep}"}}, match: {{}}}}
  - {{name: m, require: {{when: "{chain}"}}, match: {{}}}}
  - {{name: n, require: {{when: [a]}}, match: {{}}}}
  - {{name: o, require: {{when: ''}}, match: {{}}}}
  - {{name: p, access: anonymous, require: {{when: 'true'}}, match: {{}}}}
"#
        ),
    );
    insta::assert_snapshot!(told, @r#"
    doorward.yaml:6:25: routes[0].require.when: token recognition error at: '=' at line 1, column 12 (write an expression in CEL, such as claims.tenant == request.host)
    doorward.yaml:7:25: routes[1].require.when: mismatched input '<EOF>' at line 1, column 21 (write an expression in CEL, such as claims.tenant == request.host)
    doorward.yaml:8:25: routes[2].require.when: "claim" is unknown (read claims.NAME, user.COLUMN, request.method, request.host, request.path or now)
    doorward.yaml:9:25: routes[3].require.when: "request.url" is unknown (read claims.NAME, user.COLUMN, request.method, request.host, request.path or now)
    doorward.yaml:10:25: routes[4].require.when: there is no function "toLower" (write a function of CEL or of its strings extension, but not format or quote)
    doorward.yaml:11:25: routes[5].require.when: more than one loop (use one of all, exists, exists_one, map and filter, once)
    doorward.yaml:12:25: routes[6].require.when: matches(…) with a pattern that is no literal (write it down as a text in quotes)
    doorward.yaml:13:25: routes[7].require.when: "(a": unclosed group (write a regular expression without look-around and back-references)
    doorward.yaml:14:25: routes[8].require.when: replace(…) or join(…) that puts in what is no literal (write it down as a text in quotes)
    doorward.yaml:15:25: routes[9].require.when: "now" as the name of a loop's variable (choose another name)
    doorward.yaml:16:25: routes[10].require.when: longer than 2048 bytes (say it in fewer words, or in several routes)
    doorward.yaml:17:25: routes[11].require.when: nested too deeply (say it in fewer words, or in several routes)
    doorward.yaml:18:25: routes[12].require.when: nested too deeply (say it in fewer words, or in several routes)
    doorward.yaml:19:25: routes[13].require.when: a list or a mapping, where one value is expected (write one value, without brackets, braces and dashes)
    doorward.yaml:20:25: routes[14].require.when: mismatched input '<EOF>' at line 1, column 1 (write an expression in CEL, such as claims.tenant == request.host)
    doorward.yaml:21:34: routes[15].require: has no effect where tokens are not looked at (leave it out, or change `access`)
    "#);
}

#[test]
fn routes_that_look_at_the_request_need_a_named_proxy() {
    let told = problems(
        "auto",
        "  - {name: a, match: {path: /x}}
  - {name: b, match: {methods: [GET]}}
  - {name: c, allow_preflight: true, match: {}}
  - {name: d, match: {}}
  - {name: e, require: {when: 'claims.host == request.host'}, match: {}}
  - {name: f, require: {when: 'now > timestamp(0)'}, match: {}}
",
    );
    insta::assert_snapshot!(told, @"
    doorward.yaml:6:15: routes[0].match: needs the request as a named proxy describes it (set proxy to the proxy in front, such as nginx)
    doorward.yaml:7:15: routes[1].match: needs the request as a named proxy describes it (set proxy to the proxy in front, such as nginx)
    doorward.yaml:8:15: routes[2].allow_preflight: needs the request as a named proxy describes it (set proxy to the proxy in front, such as nginx)
    doorward.yaml:10:15: routes[4].require: needs the request as a named proxy describes it (set proxy to the proxy in front, such as nginx)
    ");
}

#[test]
fn the_routes_are_told_about_although_something_else_is_wrong() {
    let file = "issuers: [{issuer: x}]\nroutes: [{name: a b, issuers: [x], match: {}}]\n";
    insta::assert_snapshot!(TestGate::new().file(file).configuration().map(drop).unwrap_err(), @r#"
    doorward.yaml:1:11: issuers[0].audience: missing (set the audiences this API accepts, or "*")
    doorward.yaml:1:12: issuers[0].issuer: no URL (keys are looked for at this URL; for a name of another kind set jwks_url or another key source)
    doorward.yaml:2:11: routes[0].name: "a b": not 1 to 64 letters, digits, `-`, `_` and `.` with a letter or digit first (it is a part of a URL and of metrics: write a name such as admin-api)
    "#);
    let told = TestGate::new()
        .file("issuer: https://a.example\naudience: a\nroutes: []\n")
        .configuration();
    insta::assert_snapshot!(told.map(drop).unwrap_err(), @"doorward.yaml:3:1: routes: an empty list (give at least one)");
    let told = TestGate::new()
        .set("ISSUER", "https://a.example")
        .set("AUDIENCE", "a")
        .set("ROUTES", "a")
        .configuration();
    insta::assert_snapshot!(told.map(drop).unwrap_err(), @"DOORWARD_ROUTES: has no form in the environment (write it to a YAML file, and name that by --config or DOORWARD_CONFIG)");
}
