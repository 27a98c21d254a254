//! The client address to which failures are counted: in each dialect, the one that the proxy wrote.

use super::{ALICE, MALLORY, counted, exhaust, forged, is_limited, limited, new_token, verdict};
use crate::support::{Check, GrpcClient, IntrospectionEndpoint, TestGate, TestIssuer};

/// Makes the fields of a request of this client.
type Fields<'a> = &'a dyn Fn(&str) -> Vec<(&'static str, String)>;

/// Each dialect reads its own field. Entries that a client may have written are to the left, or in
/// another field.
#[test]
fn each_dialect_has_its_own_field() {
    let idp = TestIssuer::new();
    let gate = limited(&idp).spawn();
    let real_ip = |client: &str| vec![("X-Real-IP", client.to_owned())];
    let last = |client: &str| vec![("X-Forwarded-For", format!("192.0.2.1, {client}"))];
    let external = |client: &str| {
        vec![
            ("X-Envoy-External-Address", client.to_owned()),
            ("X-Forwarded-For", "192.0.2.1".to_owned()),
        ]
    };
    let dialects: [(&str, Fields<'_>); 6] = [
        ("nginx", &real_ip),
        ("haproxy", &real_ip),
        ("traefik", &last),
        ("caddy", &last),
        ("envoy/", &last),
        ("envoy/", &external),
    ];
    for (position, (dialect, fields)) in dialects.into_iter().enumerate() {
        let client = format!("198.51.100.{position}");
        let ask = |client: &str, others: &[(&str, String)], token: String| {
            let request = gate.get(&format!("/verify/{dialect}")).bearer(&token);
            let own = fields(client);
            let own = own.iter().map(|(name, value)| (*name, value.clone()));
            let request = own
                .chain(others.iter().cloned())
                .fold(request, |request, (name, value)| {
                    request.header(name, value)
                });
            request.send().verdict()
        };
        for attempt in 0..3 {
            let lie = format!("192.0.2.{attempt}");
            let unread = [
                ("X-Real-IP", lie.clone()),
                ("X-Forwarded-For", lie.clone()),
                ("X-Client-IP", lie.clone()),
                ("True-Client-IP", lie.clone()),
                ("Forwarded", format!("for={lie}")),
            ];
            let read: &[&str] = match dialect {
                "nginx" | "haproxy" => &["X-Real-IP"],
                _ => &["X-Forwarded-For"],
            };
            let unread: Vec<_> = unread
                .into_iter()
                .filter(|(name, _)| !read.contains(name))
                .collect();
            assert_eq!(
                ask(&client, &unread, forged(&idp)),
                "401 signature_invalid",
                "{dialect}"
            );
        }
        let limited = ask(&client, &[], new_token(&idp));
        let expected = match dialect {
            "nginx" => "403 rate_limited",
            _ => "429 rate_limited",
        };
        assert_eq!(limited, expected, "{dialect}");
        assert_eq!(
            ask("198.51.100.99", &[], new_token(&idp)),
            "200",
            "{dialect}"
        );
    }
    assert_eq!(counted(&gate, "no_address"), 0);
}

#[test]
fn behind_a_named_load_balancer_the_entry_to_the_left_counts() {
    let idp = TestIssuer::new();
    let gate = limited(&idp)
        .set("FAILURE_LIMIT_PROXIES", "10.0.0.0/8, 2001:db8:5::/48")
        .spawn();
    exhaust(
        &gate,
        &idp,
        &format!("192.0.2.1, {MALLORY}, 2001:db8:5::1, 10.0.0.1"),
    );
    assert!(is_limited(&gate, &idp, &format!("{MALLORY}, 10.0.0.2")));
    assert!(is_limited(&gate, &idp, MALLORY));
    assert!(!is_limited(&gate, &idp, &format!("{ALICE}, 10.0.0.1")));

    let unnamed = limited(&idp).spawn();
    exhaust(&unnamed, &idp, &format!("{MALLORY}, 10.0.0.1"));
    assert!(
        is_limited(&unnamed, &idp, &format!("{ALICE}, 10.0.0.1")),
        "all of them are the load balancer"
    );
}

#[test]
fn an_ipv6_client_is_known_by_its_first_64_bits() {
    let idp = TestIssuer::new();
    let gate = limited(&idp).spawn();
    for address in ["2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::1"] {
        assert_eq!(
            verdict(&gate, address, &forged(&idp)),
            "401 signature_invalid"
        );
    }
    assert!(is_limited(&gate, &idp, "2001:db8::3"));
    assert!(!is_limited(&gate, &idp, "2001:db8:0:1::3"));
    exhaust(&gate, &idp, "::ffff:203.0.113.66");
    assert!(is_limited(&gate, &idp, MALLORY), "the same IPv4 address");
}

/// With one bucket for all unknown addresses, one client could lock out the others.
#[test]
fn a_client_of_unknown_address_is_not_limited_and_counted() {
    let idp = TestIssuer::new();
    let gate = limited(&idp).spawn();
    let unknown: [&[&str]; 7] = [
        &[],
        &[""],
        &["unknown"],
        &["_hidden"],
        &["203.0.113.9, "],
        &["fe80::1%eth0"],
        &[MALLORY, MALLORY],
    ];
    for lines in unknown {
        for _ in 0..4 {
            let request = gate.get("/verify").bearer(&forged(&idp));
            let request = lines.iter().fold(request, |request, line| {
                request.header("X-Forwarded-For", line)
            });
            assert_eq!(
                request.send().verdict(),
                "401 signature_invalid",
                "{lines:?}"
            );
        }
    }
    assert_eq!(counted(&gate, "no_address"), 28);
    assert!(!is_limited(&gate, &idp, MALLORY));
}

/// A JWT about which its issuer is asked as well costs a signature and a call.
#[test]
fn a_request_of_unknown_address_is_counted_once() {
    let server = IntrospectionEndpoint::start();
    let gate = server
        .gate()
        .set("INTROSPECTION", "always")
        .set("PROXY", "traefik")
        .set("FAILURE_LIMIT", "3/1m")
        .spawn();
    let token = new_token(&server.idp);
    server.knows(&token, &serde_json::json!({}));
    assert_eq!(gate.verdict(&token), "200");
    assert_eq!(counted(&gate, "no_address"), 1);
    assert_eq!(
        verdict(&gate, MALLORY, &new_token(&server.idp)),
        "401 token_inactive"
    );
    assert_eq!(counted(&gate, "no_address"), 1);
}

#[test]
fn a_peer_that_is_no_trusted_proxy_says_nothing_about_its_client() {
    let idp = TestIssuer::new();
    let gate = limited(&idp).set("TRUSTED_PROXIES", "192.0.2.0/24").spawn();
    for _ in 0..4 {
        assert_eq!(
            verdict(&gate, MALLORY, &forged(&idp)),
            "401 signature_invalid"
        );
    }
    assert_eq!(counted(&gate, "no_address"), 4);
}

#[test]
fn nothing_is_read_without_a_limit() {
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).spawn();
    for _ in 0..9 {
        assert_eq!(
            verdict(&gate, MALLORY, &forged(&idp)),
            "401 signature_invalid"
        );
    }
    assert_eq!(
        (counted(&gate, "refused"), counted(&gate, "no_address")),
        (0, 0)
    );
}

#[test]
fn by_grpc_the_source_of_the_connection_counts() {
    let idp = TestIssuer::new();
    let gate = limited(&idp)
        .set("PROXY", "envoy")
        .set("GRPC_LISTEN", "127.0.0.1:0")
        .set("FAILURE_LIMIT_PROXIES", "10.0.0.0/8")
        .spawn();
    let envoy = GrpcClient::connect(gate.grpc);
    let check = |source: &str, forwarded_for: &str, token: String| {
        let check = Check::get("/").source(source).bearer(&token);
        check.header("x-forwarded-for", forwarded_for)
    };
    for lie in ["192.0.2.1", "192.0.2.2", "192.0.2.3"] {
        let check = check(MALLORY, lie, forged(&idp));
        assert_eq!(envoy.verdict(check), "401 signature_invalid");
    }
    let refused = envoy.ask(check(MALLORY, "", new_token(&idp))).unwrap();
    assert_eq!(crate::support::grpc::verdict(&refused), "429 rate_limited");
    assert_eq!(
        refused.status.as_ref().unwrap().code,
        8,
        "RESOURCE_EXHAUSTED"
    );
    let Some(envoy_types::ext_authz::v3::pb::HttpResponse::DeniedResponse(denied)) =
        refused.http_response
    else {
        panic!("not denied");
    };
    let retry_after = crate::support::grpc::value(&denied.headers, "retry-after");
    assert_eq!(retry_after, Some("20"));
    let verdict = |source: &str, list: &str| envoy.verdict(check(source, list, new_token(&idp)));
    assert_eq!(verdict(ALICE, MALLORY), "200");
    let behind = |client: &str| verdict("10.0.0.1", &format!("192.0.2.1, {client}, 10.0.0.1"));
    assert_eq!(behind(MALLORY), "429 rate_limited");
    assert_eq!(behind(ALICE), "200");
    assert_eq!(counted(&gate, "no_address"), 0);
    assert_eq!(
        envoy.verdict(Check::get("/").bearer(&new_token(&idp))),
        "200"
    );
    assert_eq!(counted(&gate, "no_address"), 1);
}
