//! Envoy with the configuration that we ship for its gRPC service of `ext_authz`, in front of an
//! application.

use serde_json::json;

use crate::envoy::{address, command};
use crate::support::{
    BY_GRPC, Component, Proxy, Site, TestGate, TestIssuer, Wiring, eventually, proxy_suite,
};

pub const ENVOY_GRPC: Proxy = Proxy {
    dialect: BY_GRPC,
    start,
    when_down: 503,
    two_authorizations: "401 token_malformed",
    passes_on_503: true,
};

proxy_suite!(ENVOY_GRPC);

fn start(wiring: &Wiring) -> Component {
    start_with(wiring, &[])
}

fn start_with(wiring: &Wiring, changes: &[(&str, &str)]) -> Component {
    Component::listening(|directory, port| {
        let own = [
            (
                "0.0.0.0, port_value: 80}".to_owned(),
                format!("127.0.0.1, port_value: {port}}}"),
            ),
            (address("127.0.0.1:9000"), address(&wiring.doorward)),
            (address("127.0.0.1:3000"), address(&wiring.application)),
        ];
        let own = own.iter().map(|(from, to)| (from.as_str(), to.as_str()));
        command(
            directory,
            &wiring.shipped(
                "deploy/envoy/envoy-grpc.yaml",
                &own.chain(changes.iter().copied()).collect::<Vec<_>>(),
            ),
        )
    })
}

/// Any status that may be configured reaches the client, those that Envoy has no name for too.
#[test]
fn every_status_of_a_denial_reaches_the_client() {
    for status in [400, 418, 451, 499, 500, 502, 599] {
        let denials =
            json!({"token_missing": {"status": status, "body": {"n": status}}}).to_string();
        let site = Site::behind(&ENVOY_GRPC, &[("DENIALS", &denials)]);
        let answer = site.refused(site.get("/"));
        assert_eq!(
            (answer.verdict(), answer.json()),
            (format!("{status} token_missing"), json!({"n": status}))
        );
    }
}

/// What the commented route in the file says.
#[test]
fn a_route_of_envoys_names_one_of_doorwards() {
    let named: fn(&Wiring) -> Component =
        |wiring| start_with(wiring, &ROUTE_BY_NAME.map(|line| (line, &line[1..])));
    let idp = TestIssuer::new();
    let file = "routes:
- {name: admin, match: {path: /nowhere}, require: {claims: [{claim: role, equals: admin}]}}
- {name: rest, match: {path: /public}}
";
    let gate = TestGate::new().trusting(&idp).file(file);
    let site = Site::with(
        &Proxy {
            start: named,
            ..ENVOY_GRPC
        },
        idp,
        gate,
        &[],
    );
    let token = site.idp.token();
    assert_eq!(
        site.refused(site.get("/admin/x").bearer(&token.sign()))
            .verdict(),
        "403 policy_denied"
    );
    site.served(
        site.get("/admin/x")
            .bearer(&token.clone().claim("role", "admin").sign()),
    );
    site.served(site.get("/public").bearer(&token.sign()));
    assert_eq!(
        site.refused(site.get("/other").bearer(&token.sign()))
            .verdict(),
        "403 route_denied"
    );
}

const ROUTE_BY_NAME: [&str; 6] = [
    "#- match: {prefix: /admin}",
    "#  route: {cluster: application}",
    "#  typed_per_filter_config:",
    "#    envoy.filters.http.ext_authz:",
    "#      \"@type\": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute",
    "#      check_settings: {context_extensions: {policy: admin}}",
];

/// Envoy has the claims where the page says, however deep they are.
#[test]
fn envoy_gets_to_know_the_claims() {
    let telling: fn(&Wiring) -> Component = |wiring| {
        let value = "%DYNAMIC_METADATA(envoy.filters.http.ext_authz:claims:sub)%";
        let tell = format!(
            "domains: [\"*\"]\n                      response_headers_to_add: [{{header: {{key: x-seen, value: \"{value}\"}}}}]"
        );
        start_with(wiring, &[("domains: [\"*\"]", &tell)])
    };
    let site = Site::behind(
        &Proxy {
            start: telling,
            ..ENVOY_GRPC
        },
        &[],
    );
    let deep = (0..28).fold(json!("bottom"), |inner, _| json!({"a": inner}));
    let answer = site
        .get("/")
        .bearer(&site.idp.token().claim("deep", deep).sign())
        .send();
    assert_eq!((answer.status, answer.get("x-seen")), (200, Some("alice")));
}

/// With the commented health check, and an instance that fails it gets no requests.
#[test]
fn envoys_health_check_is_answered() {
    let checking: fn(&Wiring) -> Component = |wiring| {
        let check = "#  - {timeout: 1s, interval: 2s, unhealthy_threshold: 1, healthy_threshold: 1, grpc_health_check: {}}";
        let strict =
            "common_lb_config: {healthy_panic_threshold: {value: 0}}\n      health_checks:";
        start_with(wiring, &[("#health_checks:", strict), (check, &check[1..])])
    };
    let site = Site::behind(
        &Proxy {
            start: checking,
            ..ENVOY_GRPC
        },
        &[],
    );
    let token = site.idp.token().sign();
    eventually("a healthy doorward", || {
        (site.get("/").bearer(&token).send().status == 200).then_some(())
    });
}

/// Without Envoy's own guard against underscores doorward's list of spellings is what takes them
/// away.
#[test]
fn other_spellings_of_mapped_headers_are_removed() {
    let lenient: fn(&Wiring) -> Component = |wiring| {
        start_with(
            wiring,
            &[(
                "headers_with_underscores_action: DROP_HEADER",
                "headers_with_underscores_action: ALLOW",
            )],
        )
    };
    let site = Site::behind(
        &Proxy {
            start: lenient,
            ..ENVOY_GRPC
        },
        &[],
    );
    let spellings = [
        "X_Auth_Subject",
        "X-Auth_Subject",
        "X_Auth-Subject",
        "x_auth_client_id",
        "X_Auth-Client_Id",
    ];
    let request = spellings.iter().fold(site.get("/"), |request, name| {
        request.header(name, "mallory")
    });
    let seen = site.served(request.bearer(&site.idp.token().sign()));
    assert!(
        !seen.fields.iter().any(|(_, value)| value == "mallory"),
        "{seen:?}"
    );
    assert_eq!(seen.get("X-Auth-Subject"), "alice");
}

/// The path that is checked is the one that is served, byte for byte, or nothing is.
#[test]
fn paths_that_are_no_text_are_not_served() {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .file("routes: [{name: all, match: {path: '/**'}, access: anonymous}]\n");
    let site = Site::with(&ENVOY_GRPC, idp, gate, &[]);
    site.served(site.get("/a"));
    for path in [
        &b"/a\xff"[..],
        b"/\xc3\x28",
        b"/a%ff",
        b"/a%2f..",
        b"/a#b",
        b"/a%23b",
        b"/a\\..\\b%00",
    ] {
        let before = site.application.requests();
        let bytes = [b"GET ", path, b" HTTP/1.1\r\nHost: doorward\r\n\r\n"].concat();
        let answer = site.connect().send_bytes(&bytes, false);
        assert!([400, 403].contains(&answer.status), "{path:?}: {answer:?}");
        assert_eq!(site.application.requests(), before, "{path:?} came through");
    }
}
