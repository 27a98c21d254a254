//! An opaque token through each proxy.

use serde_json::json;

use super::server;
use crate::caddy::CADDY;
use crate::envoy::ENVOY;
use crate::envoy_grpc::ENVOY_GRPC;
use crate::haproxy::HAPROXY;
use crate::nginx::NGINX;
use crate::support::{Proxy, Script, Site, TestIssuer};
use crate::traefik::TRAEFIK;

const PROXIES: [(&str, &Proxy); 6] = [
    ("nginx", &NGINX),
    ("Traefik", &TRAEFIK),
    ("Caddy", &CADDY),
    ("Envoy", &ENVOY),
    ("Envoy, gRPC", &ENVOY_GRPC),
    ("HAProxy", &HAPROXY),
];

#[test]
fn an_opaque_token_is_judged_behind_every_proxy() {
    for (name, proxy) in PROXIES {
        let server = server();
        server.knows("good", &json!({"sub": "opaque-alice"}));
        let site = Site::with(
            proxy,
            TestIssuer::new(),
            server.gate().by_machine_time(),
            &[("DEPENDENCY_WAIT", "500ms")],
        );
        let seen = site.served(site.get("/").bearer("good"));
        let subject = seen
            .fields
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case("x-auth-subject"));
        assert_eq!(
            subject.map(|(_, value)| value.as_str()),
            Some("opaque-alice"),
            "{name}"
        );
        let refused = site.refused(site.get("/").bearer("unknown"));
        assert_eq!(refused.status, 401, "{name}: {refused:?}");
        // The proxy must not give up before the service does. The shipped ones wait for at least a
        // second, of which a slow machine needs some.
        server.script(Script::Hang);
        let refused = site.refused(site.get("/").bearer("late"));
        let is_unavailable = matches!(refused.status, 500 | 503);
        assert!(is_unavailable, "{name}: {refused:?}");
        let decided = r#"doorward_decisions_total{issuer="main",reason="dependency_unavailable",route="none",verdict="error"}"#;
        // A proxy that gives up cancels the decision, which is then not counted.
        assert!(
            (site.gate().metric(decided) - 1.0).abs() < f64::EPSILON,
            "{name}"
        );
        if proxy.passes_on_503 {
            let code = "\"code\":\"dependency_unavailable\"";
            assert!(refused.body.contains(code), "{name}: {refused:?}");
        }
        let site_serves = site.served(site.get("/").bearer("good"));
        assert!(!site_serves.fields.is_empty(), "{name}");
    }
}
