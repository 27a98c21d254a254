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
            &[],
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
        // The proxy must not give up before the service does, which waits for 800 ms.
        server.script(Script::Hang);
        let refused = site.refused(site.get("/").bearer("late"));
        let is_unavailable = matches!(refused.status, 500 | 503);
        assert!(is_unavailable, "{name}: {refused:?}");
        if proxy.passes_on_503 {
            assert_eq!(refused.verdict(), "503 dependency_unavailable", "{name}");
        }
        let site_serves = site.served(site.get("/").bearer("good"));
        assert!(!site_serves.fields.is_empty(), "{name}");
    }
}
